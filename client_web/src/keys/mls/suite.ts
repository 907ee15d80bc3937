/** Cipher suite 0x0003 out of WebCrypto and noble, in the shape in which ts-mls asks for it. Does not see ts-mls. */

import { equal, owned } from './bytes.ts'
import { type Ed25519, findEd25519 } from './ed25519.ts'
import { expand, extract, HASH_BYTES, hmac } from './hkdf.ts'
import * as hpke from './hpke.ts'
import { type Signer, signMlsContent } from './signer.ts'
import { type Agreement, findAgreement } from './x25519.ts'

export const SUITE_NAME = 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519'
const EMPTY = new Uint8Array()

/** What this browser can do, found out once. */
export interface Primitives {
  readonly agreement: Agreement
  readonly ed25519: Ed25519
}

export async function findPrimitives(): Promise<Primitives> {
  return { agreement: await findAgreement(), ed25519: await findEd25519() }
}

const hash = {
  digest: async (content: Uint8Array) => new Uint8Array(await crypto.subtle.digest('SHA-256', owned(content))),
  mac: hmac,
  verifyMac: async (key: Uint8Array, mac: Uint8Array, content: Uint8Array) => sameMac(mac, await hmac(key, content), key),
}

/** Compares under a second HMAC, so that where two tags differ does not show in time. */
async function sameMac(mac: Uint8Array, expected: Uint8Array, key: Uint8Array): Promise<boolean> {
  return equal(await hmac(key, mac), await hmac(key, expected))
}

const kdf = { extract, expand, size: HASH_BYTES }
const rng = { randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }

/** Keys are raw bytes; the library only passes them through. */
function hpkeOver(agreement: Agreement) {
  const passed = (key: Uint8Array): Promise<Uint8Array> => Promise.resolve(key)
  return {
    seal: (publicKey: Uint8Array, plaintext: Uint8Array, info: Uint8Array) => hpke.seal(agreement, publicKey, { info, plaintext }),
    open: (privateKey: Uint8Array, enc: Uint8Array, ct: Uint8Array, info: Uint8Array) =>
      hpke.open(agreement, privateKey, { enc, ct, info }),
    importPrivateKey: passed,
    importPublicKey: passed,
    exportPrivateKey: passed,
    exportPublicKey: passed,
    encryptAead: async (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array | undefined, plaintext: Uint8Array) =>
      hpke.encryptAead({ key, nonce, associated: associated ?? EMPTY }, plaintext),
    decryptAead: async (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array | undefined, ciphertext: Uint8Array) =>
      hpke.decryptAead({ key, nonce, associated: associated ?? EMPTY }, ciphertext),
    deriveKeyPair: (material: Uint8Array) => hpke.deriveKeyPair(agreement, material),
    generateKeyPair: () => hpke.deriveKeyPair(agreement, rng.randomBytes(hpke.KEY_BYTES)),
    exportSecret: unused,
    importSecret: unused,
    keyLength: hpke.KEY_BYTES,
    nonceLength: hpke.NONCE_BYTES,
  }
}

/** External commits are refused before they come here. */
async function unused(): Promise<never> {
  throw new Error('external commits are not used')
}

/** Only `signer` signs, only MLS content, and never with a key out of the state. Without a signer nothing is signed. */
function signatureOver(ed25519: Ed25519, signer: Signer | null) {
  return {
    sign: async (_key: Uint8Array, content: Uint8Array) => {
      if (signer === null) throw new Error('nothing to sign here')
      return signMlsContent(signer, content)
    },
    verify: (publicKey: Uint8Array, content: Uint8Array, signature: Uint8Array) => ed25519.verify(publicKey, content, signature),
    keygen: async (): Promise<never> => {
      throw new Error('signature keys are made elsewhere')
    },
  }
}

export function suiteOf({ agreement, ed25519 }: Primitives, signer: Signer | null) {
  return { name: SUITE_NAME, hash, kdf, rng, hpke: hpkeOver(agreement), signature: signatureOver(ed25519, signer) } as const
}
