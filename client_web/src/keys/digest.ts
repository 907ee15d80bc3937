/** Hashes and key derivation over WebCrypto. Shapes: all inputs and outputs are octets. */
import { concat, type Octets } from '../wire/octets.ts'

export const sha256 = async (octets: Uint8Array): Promise<Octets> => new Uint8Array(await crypto.subtle.digest('SHA-256', octets.slice()))

export const hmacSha256 = async (key: Uint8Array, octets: Uint8Array): Promise<Octets> => {
  const held = await crypto.subtle.importKey('raw', key.slice(), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', held, octets.slice()))
}

/** HKDF-Expand of RFC 5869 for at most 32 bytes: its first block. */
export const expandOnce = async (key: Uint8Array, info: Uint8Array): Promise<Octets> => hmacSha256(key, concat(info, Uint8Array.of(1)))
