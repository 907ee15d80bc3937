/** The device's signature key as MLS may use it: a handle that signs four kinds of thing and nothing else. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { owned } from './bytes.ts'
import { readWhole } from './reader.ts'

/** A key that signs. It is never part of a group's state. */
export interface Signer {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** Works with non-extractable keys. */
export function signerFromCryptoKey(privateKey: CryptoKey, publicKey: Uint8Array): Signer {
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, owned(message))),
  }
}

/** For engines without Ed25519 in WebCrypto: `seed` is the 32-byte secret of RFC 8032 and must rest sealed. */
export function signerFromSeed(seed: Uint8Array): Signer {
  return { publicKey: ed25519.getPublicKey(seed), sign: async (message) => ed25519.sign(message, seed) }
}

/** What MLS signs in our groups (RFC 9420, 5.1.2). ReInit, PSKs and external senders are not used. */
const LABELS: ReadonlySet<string> = new Set(
  ['LeafNodeTBS', 'KeyPackageTBS', 'FramedContentTBS', 'GroupInfoTBS'].map((label) => `MLS 1.0 ${label}`),
)

/** Signs SignContent with one of the four labels; whatever else a library might hand over is refused, so that it cannot sign a decision. */
export async function signMlsContent(signer: Signer, content: Uint8Array): Promise<Uint8Array> {
  const label = readWhole(content, (reader) => {
    const read = new TextDecoder('utf-8', { fatal: true }).decode(reader.opaque())
    reader.opaque()
    return read
  })
  if (!LABELS.has(label)) throw new Error(`the MLS library asked for a signature over ${label}`)
  return signer.sign(content)
}
