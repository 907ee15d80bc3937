/** The one error root for proofs that failed. Refusals by rule and failures of our own are not here. */

/** A proof failed: a signature, a hash, a chain, or bytes that are not in their one encoding. Never caught to go on as if nothing happened. */
export class Untrusted extends Error {
  readonly code = 'untrusted'
  override name = 'Untrusted'
}

/** The bytes are not one strict encoding of what they claim to be. */
export class Malformed extends Untrusted {
  override name = 'Malformed'
}
