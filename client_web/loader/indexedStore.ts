/** Sealed blobs and non-extractable keys in IndexedDB, one database for each relay and site. It never sees what a blob holds. */
import type { StoredKeys, StorePort } from '../src/core/ports.ts'

const KEYS = 'keys'
const BLOBS = 'blobs'
const VERSION = 1
/** The one record of KEYS. */
const MINE = 'mine'

/** Whether something was kept here, found out without creating anything. Browsers that cannot tell restore at the first click instead. */
export async function stateExists(factory: IDBFactory, name: string): Promise<boolean> {
  if (typeof factory.databases !== 'function') return false
  const found = await factory.databases()
  return found.some((database) => database.name === name)
}

export function indexedStore(factory: IDBFactory, name: string): StorePort {
  let opened: IDBDatabase | null = null
  const open = async (create: boolean): Promise<IDBDatabase | null> => {
    if (opened !== null) return opened
    const database = await openDatabase(factory, { name, create })
    if (database === null) return null
    opened = database
    const forget = (): void => {
      opened = null
    }
    database.onversionchange = () => {
      database.close()
      forget()
    }
    database.onclose = forget
    return database
  }
  const read = async (store: string, key: string): Promise<unknown> => {
    const database = await open(false)
    if (database === null) return undefined
    return settled(database.transaction(store).objectStore(store).get(key))
  }
  const write = async (store: string, act: (rows: IDBObjectStore) => void): Promise<void> => {
    const database = await open(true)
    if (database === null) throw new Error('no_storage')
    const transaction = database.transaction(store, 'readwrite', { durability: 'strict' })
    act(transaction.objectStore(store))
    await completed(transaction)
  }
  return {
    loadKeys: async () => keysFrom(await read(KEYS, MINE)),
    saveKeys: (keys) => write(KEYS, (rows) => rows.put(keys, MINE)),
    load: async (key) => bytesFrom(await read(BLOBS, key)),
    save: (changes) =>
      write(BLOBS, (rows) => {
        for (const [key, bytes] of changes) bytes === null ? rows.delete(key) : rows.put(bytes, key)
      }),
    wipe: async () => {
      opened?.close()
      opened = null
      await settled(factory.deleteDatabase(name))
    },
  }
}

/** Without `create` a database that is not there stays not there: its creation is aborted. */
function openDatabase(
  factory: IDBFactory,
  { name, create }: { readonly name: string; readonly create: boolean },
): Promise<IDBDatabase | null> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, VERSION)
    let unwanted = false
    request.onupgradeneeded = () => {
      unwanted = !create
      if (unwanted) {
        request.transaction?.abort()
        return
      }
      request.result.createObjectStore(KEYS)
      request.result.createObjectStore(BLOBS)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => (unwanted ? resolve(null) : reject(request.error))
  })
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
  })
}

/** WebKit hands back null for a record it cannot clone; that is the same as none. */
function keysFrom(row: unknown): StoredKeys | null {
  return isStoredKeys(row) ? row : null
}

function isStoredKeys(row: unknown): row is StoredKeys {
  return typeof row === 'object' && row !== null && 'sealing' in row && 'device' in row && 'devicePublic' in row
}

function bytesFrom(row: unknown): Uint8Array | null {
  return row instanceof Uint8Array ? row : null
}
