/** Ed25519 (RFC 8032): the browser's own where it has it, else noble's. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { owned } from './bytes.ts'

export interface Ed25519 {
  /** False for everything that is not a valid signature, malformed keys included. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

export const webCryptoEd25519: Ed25519 = {
  async verify(publicKey, message, signature) {
    try {
      const key = await crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify'])
      return await crypto.subtle.verify('Ed25519', key, owned(signature), owned(message))
    } catch {
      return false
    }
  },
}

export const nobleEd25519: Ed25519 = {
  async verify(publicKey, message, signature) {
    try {
      return ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
}

/** WebCrypto's Ed25519 when it really works here: its name alone promises nothing. */
export async function findEd25519(): Promise<Ed25519> {
  const secret = ed25519.utils.randomSecretKey()
  const signature = ed25519.sign(secret, secret)
  return (await webCryptoEd25519.verify(ed25519.getPublicKey(secret), secret, signature)) ? webCryptoEd25519 : nobleEd25519
}
