/** Sealing of everything that rests on this device: AES-GCM-256, a random nonce, the record's name as associated data. Where it rests is a port's. */
import type { StoredKeys, StorePort } from '../core/ports.ts'
import { concat, type Octets, utf8 } from '../wire/octets.ts'

const FORMAT = 1
const NONCE_BYTES = 12

/** A record was changed, moved under another name, or sealed with another key. */
export class BrokenSeal extends Error {
  override readonly name = 'BrokenSeal'
}

export interface SealedStore {
  load(name: string): Promise<Octets | null>
  /** All in one strict transaction; null deletes. Resolves only when it is on disk. */
  save(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void>
  /** The same, together with the keys of this device; the sealing key stays the one that this store has. */
  saveWith(keys: StoredKeys, changes: ReadonlyMap<string, Uint8Array | null>): Promise<void>
}

export const newSealingKey = (): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])

export type SealedPort = Pick<StorePort, 'load' | 'save' | 'saveKeys'>

export interface SealedWorld {
  readonly key: CryptoKey
  entropy(bytes: number): Uint8Array
  /** False once another tab holds the device: what this one still wanted to write would turn back the state, and re-use keys. */
  mayWrite(): boolean
}

export const sealedStore = (port: SealedPort, { key, entropy, mayWrite }: SealedWorld): SealedStore => {
  const sealing = async (changes: ReadonlyMap<string, Uint8Array | null>): Promise<ReadonlyMap<string, Octets | null>> => {
    const sealed = [...changes].map(
      async ([name, content]) => [name, content === null ? null : await seal(content, { key, name, nonce: entropy(NONCE_BYTES) })] as const,
    )
    return new Map(await Promise.all(sealed))
  }
  return {
    load: async (name) => {
      const record = await port.load(name)
      return record === null ? null : unseal(record, { key, name })
    },
    save: async (changes) => {
      const records = await sealing(changes)
      if (mayWrite()) await port.save(records)
    },
    saveWith: async (keys, changes) => {
      const records = await sealing(changes)
      if (mayWrite()) await port.saveKeys(keys, records)
    },
  }
}

interface Sealing {
  readonly key: CryptoKey
  readonly name: string
  readonly nonce: Uint8Array
}

const seal = async (content: Uint8Array, { key, name, nonce }: Sealing): Promise<Octets> => {
  const algorithm = { name: 'AES-GCM', iv: nonce.slice(), additionalData: utf8(name) }
  const sealed = await crypto.subtle.encrypt(algorithm, key, content.slice())
  return concat(Uint8Array.of(FORMAT), nonce, new Uint8Array(sealed))
}

const unseal = async (record: Uint8Array, { key, name }: Omit<Sealing, 'nonce'>): Promise<Octets> => {
  if (record[0] !== FORMAT) throw new BrokenSeal(name)
  const algorithm = { name: 'AES-GCM', iv: record.slice(1, 1 + NONCE_BYTES), additionalData: utf8(name) }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, record.slice(1 + NONCE_BYTES)))
  } catch {
    throw new BrokenSeal(name)
  }
}
