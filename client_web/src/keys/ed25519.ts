/** Ed25519 (RFC 8032) by WebCrypto where the browser has it, else in JavaScript. Secret keys stay behind a `Signer`. */
import { ed25519 } from '@noble/curves/ed25519.js'
import type { Octets } from '../wire/octets.ts'
import { BadSignature } from './untrusted.ts'

export interface Signer {
  readonly publicKey: Uint8Array
  sign(octets: Uint8Array): Promise<Octets>
}

let native: Promise<boolean> | null = null

const hasNative = (): Promise<boolean> => {
  native ??= crypto.subtle.importKey('raw', ed25519.Point.BASE.toBytes().slice(), 'Ed25519', false, ['verify']).then(
    () => true,
    () => false,
  )
  return native
}

/** Whether `signature` over `octets` verifies under `publicKey` (32 bytes). A key or signature of another size does not. */
export const verifies = async (publicKey: Uint8Array, signature: Uint8Array, octets: Uint8Array): Promise<boolean> => {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    if (!(await hasNative())) return ed25519.verify(signature, octets, publicKey, { zip215: false })
    const key = await crypto.subtle.importKey('raw', publicKey.slice(), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, signature.slice(), octets.slice())
  } catch {
    return false
  }
}

export const mustVerify = async (publicKey: Uint8Array, signature: Uint8Array, octets: Uint8Array): Promise<void> => {
  if (!(await verifies(publicKey, signature, octets))) throw new BadSignature('Ed25519')
}

/** A new pair whose private half cannot be read out. */
export const newKeyPair = async (): Promise<{ readonly pair: CryptoKeyPair; readonly publicKey: Octets }> => {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError('not a key pair')
  return { pair, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) }
}

export const signerOf = (pair: CryptoKeyPair, publicKey: Uint8Array): Signer => ({
  publicKey,
  sign: async (octets) => new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, octets.slice())),
})
