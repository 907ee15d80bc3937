/** Ed25519 (RFC 8032) checks, and new pairs whose private half cannot be read out. */
import type { Octets } from '../wire/octets.ts'
import { type Ed25519, findEd25519 } from './mls/ed25519.ts'
import { BadSignature } from './untrusted.ts'

export { type Signer, signerFromCryptoKey } from './mls/signer.ts'

let found: Promise<Ed25519> | null = null

/** Whether `signature` over `octets` verifies under `publicKey` (32 bytes). A key or signature of another size does not. */
export const verifies = async (publicKey: Uint8Array, signature: Uint8Array, octets: Uint8Array): Promise<boolean> => {
  found ??= findEd25519()
  return (await found).verify(publicKey, octets, signature)
}

export const mustVerify = async (publicKey: Uint8Array, signature: Uint8Array, octets: Uint8Array): Promise<void> => {
  if (!(await verifies(publicKey, signature, octets))) throw new BadSignature('Ed25519')
}

/** `NotSupportedError` where the browser has no Ed25519. */
export const newKeyPair = async (): Promise<{ readonly pair: CryptoKeyPair; readonly publicKey: Octets }> => {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError('not a key pair')
  return { pair, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) }
}
