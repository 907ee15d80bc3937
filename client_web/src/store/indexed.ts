/** The store of a browser: one IndexedDB database of sealed records and non-extractable keys. Used by the loader and the console. */
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb'
import { type StoredKeys, StoreGone, type StorePort } from '../core/ports.ts'

interface Schema extends DBSchema {
  keys: { key: string; value: StoredKeys }
  sealed: { key: string; value: Uint8Array }
}

const VERSION = 1
const ONLY = 'device'
/** What was acknowledged to the relay must survive a power cut. */
const STRICT = { durability: 'strict' } as const

/** Whether there is such a database. Looks without creating one. */
export const storeExists = async (name: string): Promise<boolean> =>
  (await indexedDB.databases()).some((database) => database.name === name)

/** Nothing is created before the first save. */
export const indexedStore = (name: string): StorePort => {
  let opened: Promise<IDBPDatabase<Schema>> | null = null
  const open = (): Promise<IDBPDatabase<Schema>> => {
    opened ??= openSchema(name, () => {
      opened = null
    })
    return opened
  }
  const openExisting = async (): Promise<IDBPDatabase<Schema> | null> => (opened !== null || (await storeExists(name)) ? open() : null)
  return {
    loadKeys: async () => (await (await openExisting())?.get('keys', ONLY)) ?? null,
    saveKeys: async (keys, changes) => {
      const transaction = (await open()).transaction(['keys', 'sealed'], 'readwrite', STRICT)
      const writes = written(transaction.objectStore('sealed'), changes)
      await Promise.all([transaction.objectStore('keys').put(keys, ONLY), ...writes, transaction.done])
    },
    load: async (record) => (await (await openExisting())?.get('sealed', record)) ?? null,
    save: async (changes) => {
      const transaction = (await open()).transaction(['keys', 'sealed'], 'readwrite', STRICT)
      // T79: what is written beside no keys could never be read again, and must not look as if it were kept.
      if ((await transaction.objectStore('keys').count(ONLY)) === 0) {
        await transaction.done
        throw new StoreGone()
      }
      await Promise.all([...written(transaction.objectStore('sealed'), changes), transaction.done])
    },
    wipe: async () => {
      const database = await opened
      opened = null
      database?.close()
      if (await storeExists(name)) await deleteDB(name)
    },
  }
}

interface Writable {
  put(content: Uint8Array, record: string): Promise<unknown>
  delete(record: string): Promise<unknown>
}

const written = (sealed: Writable, changes: ReadonlyMap<string, Uint8Array | null>): readonly Promise<unknown>[] =>
  [...changes].map(([record, content]) => (content === null ? sealed.delete(record) : sealed.put(content, record)))

const openSchema = (name: string, onGone: () => void): Promise<IDBPDatabase<Schema>> =>
  openDB<Schema>(name, VERSION, {
    upgrade: (database) => {
      database.createObjectStore('keys')
      database.createObjectStore('sealed')
    },
    // Another tab wipes: let it, and open anew when asked again.
    blocking: (_current, _blocked, event) => {
      if (event.target instanceof IDBDatabase) event.target.close()
      onGone()
    },
    terminated: onGone,
  })
