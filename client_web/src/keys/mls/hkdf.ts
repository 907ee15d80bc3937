/** HKDF with SHA-256 (RFC 5869) over WebCrypto's HMAC. No labels of MLS or HPKE here. */

import { concat, owned, uint } from './bytes.ts'

/** Length of the hash, bytes. */
export const HASH_BYTES = 32
const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' } as const

/** HMAC-SHA256 (RFC 2104). */
export async function hmac(key: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  // Engines refuse an empty HMAC key; zeros up to the block are the same key by definition (RFC 2104).
  const material = key.length === 0 ? new Uint8Array(HASH_BYTES) : owned(key)
  const imported = await crypto.subtle.importKey('raw', material, HMAC_SHA256, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, owned(message)))
}

export function extract(salt: Uint8Array, material: Uint8Array): Promise<Uint8Array> {
  return hmac(salt, material)
}

/** At most 255 × 32 bytes. */
export async function expand(secret: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array> {
  let block: Uint8Array = new Uint8Array()
  let output: Uint8Array = new Uint8Array()
  for (let counter = 1; output.length < length; counter++) {
    block = await hmac(secret, concat(block, info, uint(counter, 1)))
    output = concat(output, block)
  }
  return output.slice(0, length)
}
