/** X25519 (RFC 7748): the browser's own where it has it, else noble's. Keys are 32 raw bytes. */

import { x25519 } from '@noble/curves/ed25519.js'
import { Untrusted } from '../untrusted.ts'
import { concat, owned } from './bytes.ts'

export interface Agreement {
  generate(): Promise<Uint8Array>
  publicOf(secret: Uint8Array): Promise<Uint8Array>
  /** Refuses public keys of small order, whose result is zero (RFC 9180, 7.1.4). */
  agree(secret: Uint8Array, peer: Uint8Array): Promise<Uint8Array>
}

const KEY_BYTES = 32
/** PKCS #8 header of an X25519 private key (RFC 8410, 7). */
const PKCS8_HEADER = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20)
/** u = 9: agreeing with it gives the public key. */
const BASE_POINT = Uint8Array.from({ length: KEY_BYTES }, (_, index) => (index === 0 ? 9 : 0))

/** In constant time, outside of JavaScript. */
export const webCryptoAgreement: Agreement = {
  generate: () => Promise.resolve(crypto.getRandomValues(new Uint8Array(KEY_BYTES))),
  publicOf: (secret) => webCryptoAgreement.agree(secret, BASE_POINT),
  async agree(secret, peer) {
    const ours = await crypto.subtle.importKey('pkcs8', concat(PKCS8_HEADER, secret), 'X25519', false, ['deriveBits'])
    const theirs = await crypto.subtle.importKey('raw', owned(peer), 'X25519', false, [])
    const shared = await crypto.subtle.deriveBits({ name: 'X25519', public: theirs }, ours, KEY_BYTES * 8)
    return nonZero(new Uint8Array(shared))
  },
}

export const nobleAgreement: Agreement = {
  generate: () => Promise.resolve(x25519.utils.randomSecretKey()),
  publicOf: async (secret) => x25519.getPublicKey(secret),
  agree: async (secret, peer) => nonZero(x25519.getSharedSecret(secret, peer)),
}

/** Engines differ in whether they refuse this themselves. */
function nonZero(shared: Uint8Array): Uint8Array {
  if (shared.every((byte) => byte === 0)) throw new Untrusted('public key of small order')
  return shared
}

/** WebCrypto's X25519 when it really works here: its name alone promises nothing. */
export async function findAgreement(): Promise<Agreement> {
  try {
    await webCryptoAgreement.publicOf(await webCryptoAgreement.generate())
    return webCryptoAgreement
  } catch {
    return nobleAgreement
  }
}
