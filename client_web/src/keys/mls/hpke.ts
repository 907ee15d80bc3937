/** HPKE in base mode (RFC 9180) for the one suite we use: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { Untrusted } from '../untrusted.ts'
import { ascii, concat, uint } from './bytes.ts'
import { expand, extract, HASH_BYTES } from './hkdf.ts'
import type { Agreement } from './x25519.ts'

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
const EMPTY = new Uint8Array()
const MODE_BASE = uint(0, 1)
const KEM_SUITE = concat(ascii('KEM'), uint(0x0020, 2))
const HPKE_SUITE = concat(ascii('HPKE'), uint(0x0020, 2), uint(0x0001, 2), uint(0x0003, 2))

export interface Sealed {
  /** The encapsulated key, 32 bytes. */
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

export interface KeyPair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** Seals `plaintext` to `publicKey`; associated data is empty, as everywhere in MLS. */
export async function seal(
  agreement: Agreement,
  publicKey: Uint8Array,
  { info, plaintext }: { info: Uint8Array; plaintext: Uint8Array },
): Promise<Sealed> {
  const ephemeral = await agreement.generate()
  const enc = await agreement.publicOf(ephemeral)
  const shared = await sharedSecret(await agreement.agree(ephemeral, publicKey), concat(enc, publicKey))
  const { key, nonce } = await schedule(shared, info)
  return { enc, ct: encryptAead({ key, nonce, associated: EMPTY }, plaintext) }
}

/** Refuses with `Untrusted` what was not sealed to this key with this info. */
export async function open(
  agreement: Agreement,
  privateKey: Uint8Array,
  { info, enc, ct }: Sealed & { info: Uint8Array },
): Promise<Uint8Array> {
  const publicKey = await agreement.publicOf(privateKey)
  const shared = await sharedSecret(await agreement.agree(privateKey, enc), concat(enc, publicKey))
  const { key, nonce } = await schedule(shared, info)
  return decryptAead({ key, nonce, associated: EMPTY }, ct)
}

/** DeriveKeyPair (RFC 9180, 7.1.3). */
export async function deriveKeyPair(agreement: Agreement, material: Uint8Array): Promise<KeyPair> {
  const prk = await labeledExtract(KEM_SUITE, EMPTY, { label: 'dkp_prk', material })
  const privateKey = await labeledExpand(KEM_SUITE, prk, { label: 'sk', info: EMPTY, length: KEY_BYTES })
  return { privateKey, publicKey: await agreement.publicOf(privateKey) }
}

export interface AeadKey {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly associated: Uint8Array
}

export function encryptAead({ key, nonce, associated }: AeadKey, plaintext: Uint8Array): Uint8Array {
  return chacha20poly1305(key, nonce, associated).encrypt(plaintext)
}

export function decryptAead({ key, nonce, associated }: AeadKey, ciphertext: Uint8Array): Uint8Array {
  try {
    return chacha20poly1305(key, nonce, associated).decrypt(ciphertext)
  } catch (cause) {
    throw new Untrusted('ciphertext', { cause })
  }
}

async function sharedSecret(agreed: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
  const prk = await labeledExtract(KEM_SUITE, EMPTY, { label: 'eae_prk', material: agreed })
  return labeledExpand(KEM_SUITE, prk, { label: 'shared_secret', info: context, length: HASH_BYTES })
}

async function schedule(shared: Uint8Array, info: Uint8Array): Promise<{ key: Uint8Array; nonce: Uint8Array }> {
  const pskIdHash = await labeledExtract(HPKE_SUITE, EMPTY, { label: 'psk_id_hash', material: EMPTY })
  const infoHash = await labeledExtract(HPKE_SUITE, EMPTY, { label: 'info_hash', material: info })
  const context = concat(MODE_BASE, pskIdHash, infoHash)
  const secret = await labeledExtract(HPKE_SUITE, shared, { label: 'secret', material: EMPTY })
  const key = await labeledExpand(HPKE_SUITE, secret, { label: 'key', info: context, length: KEY_BYTES })
  const nonce = await labeledExpand(HPKE_SUITE, secret, { label: 'base_nonce', info: context, length: NONCE_BYTES })
  return { key, nonce }
}

function labeledExtract(
  suite: Uint8Array,
  salt: Uint8Array,
  { label, material }: { label: string; material: Uint8Array },
): Promise<Uint8Array> {
  return extract(salt, concat(ascii('HPKE-v1'), suite, ascii(label), material))
}

interface Expansion {
  readonly label: string
  readonly info: Uint8Array
  readonly length: number
}

function labeledExpand(suite: Uint8Array, secret: Uint8Array, { label, info, length }: Expansion): Promise<Uint8Array> {
  return expand(secret, concat(uint(length, 2), ascii('HPKE-v1'), suite, ascii(label), info), length)
}
