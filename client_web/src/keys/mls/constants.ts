/** The numbers of our use of MLS that both ends must agree on. */

/** MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519. */
export const SUITE = 0x0003
/** Our private group-context extension, `GroupTerms`. */
export const TERMS_EXTENSION = 0xf5a0
/** Marks a key package that may be used more than once (RFC 9750, last_resort). */
export const LAST_RESORT_EXTENSION = 0x000a
/** A key package is valid from 24 h before it was made, because the library checks an Add by the sender's own clock. */
export const BACKDATED_SECONDS = 24 * 60 * 60
/** The creator's first leaf is replaced by its first commit; until then it must outlast a conversation. */
export const CREATOR_LIFETIME_SECONDS = 30 * 24 * 60 * 60
/** First byte of a saved state; another value is refused. */
export const STATE_FORMAT = 1
