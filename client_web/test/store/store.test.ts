import 'fake-indexeddb/auto'
import { describe, expect, test } from 'vitest'
import { isStoreGone, StoreGone, type StorePort } from '../../src/core/ports.ts'
import { indexedStore, storeExists } from '../../src/store/indexed.ts'
import { BrokenSeal, newSealingKey, sealedStore } from '../../src/store/sealed.ts'
import { toHex, utf8 } from '../../src/wire/octets.ts'
import { memoryStore } from '../session/world.ts'

const entropy = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))
const mayWrite = (): boolean => true

const keys = async () => {
  const device = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
  if (!('privateKey' in device)) throw new Error('no pair')
  return { sealing: await newSealingKey(), device, devicePublic: new Uint8Array(32).fill(1) }
}

/** A port that holds a device's keys. */
const withKeys = async <P extends StorePort>(port: P): Promise<P> => {
  await port.saveKeys(await keys(), new Map())
  return port
}

describe('sealing', () => {
  test('what is saved reads back, and rests unreadable', async () => {
    const port = await withKeys(memoryStore())
    const store = sealedStore(port, { key: await newSealingKey(), entropy, mayWrite })
    await store.save(new Map([['chat', utf8('a secret')]]))
    expect(await store.load('chat')).toEqual(utf8('a secret'))
    expect(await store.load('nothing')).toBeNull()
    expect(toHex(port.records.get('chat') ?? new Uint8Array())).not.toContain(toHex(utf8('a secret')))
  })

  test('the same content rests differently each time', async () => {
    const port = await withKeys(memoryStore())
    const store = sealedStore(port, { key: await newSealingKey(), entropy, mayWrite })
    await store.save(new Map([['one', utf8('same')]]))
    const first = port.records.get('one')
    await store.save(new Map([['one', utf8('same')]]))
    expect(port.records.get('one')).not.toEqual(first)
  })

  test('a record that was moved, changed or sealed by another key is broken', async () => {
    const port = await withKeys(memoryStore())
    const key = await newSealingKey()
    const store = sealedStore(port, { key, entropy, mayWrite })
    await store.save(new Map([['one', utf8('content')]]))
    const record = port.records.get('one') ?? new Uint8Array()
    port.records.set('two', record)
    await expect(store.load('two')).rejects.toBeInstanceOf(BrokenSeal)
    for (const place of [0, 5, record.length - 1]) {
      port.records.set(
        'one',
        record.map((octet, index) => (index === place ? octet ^ 1 : octet)),
      )
      await expect(store.load('one')).rejects.toBeInstanceOf(BrokenSeal)
    }
    port.records.set('one', record)
    const stranger = sealedStore(port, { key: await newSealingKey(), entropy, mayWrite })
    await expect(stranger.load('one')).rejects.toBeInstanceOf(BrokenSeal)
  })

  test('the key cannot be read out', async () => {
    await expect(crypto.subtle.exportKey('raw', await newSealingKey())).rejects.toThrow()
  })

  test('a tab that lost the device writes nothing', async () => {
    const port = await withKeys(memoryStore())
    const store = sealedStore(port, { key: await newSealingKey(), entropy, mayWrite: () => false })
    await store.save(new Map([['chat', utf8('late')]]))
    expect(port.records.size).toBe(0)
  })
})

describe('the browser’s store', () => {
  test('looking creates nothing', async () => {
    const store = indexedStore('look')
    expect(await store.loadKeys()).toBeNull()
    expect(await store.load('chat')).toBeNull()
    expect(await storeExists('look')).toBe(false)
  })

  test('changes are saved together, and null deletes', async () => {
    const store = await withKeys(indexedStore('save'))
    await store.save(
      new Map([
        ['a', utf8('1')],
        ['b', utf8('2')],
      ]),
    )
    await store.save(
      new Map([
        ['a', null],
        ['c', utf8('3')],
      ]),
    )
    expect(await store.load('a')).toBeNull()
    expect(await store.load('b')).toEqual(utf8('2'))
    expect(await indexedStore('save').load('c')).toEqual(utf8('3'))
  })

  test('keys come back as they were kept', async () => {
    const store = indexedStore('keys')
    const kept = await keys()
    await store.saveKeys(kept, new Map())
    expect((await store.loadKeys())?.devicePublic).toEqual(kept.devicePublic)
  })

  test('keys and records are saved together, sealed', async () => {
    const port = indexedStore('together')
    const kept = await keys()
    const store = sealedStore(port, { key: kept.sealing, entropy, mayWrite })
    await store.saveWith(kept, new Map([['chat', utf8('a secret')]]))
    expect((await port.loadKeys())?.devicePublic).toEqual(kept.devicePublic)
    expect(await store.load('chat')).toEqual(utf8('a secret'))
    expect(toHex((await port.load('chat')) ?? new Uint8Array())).not.toContain(toHex(utf8('a secret')))
  })

  test('what the browser took away is not silently begun anew', async () => {
    const store = await withKeys(indexedStore('gone'))
    await store.save(new Map([['a', utf8('1')]]))
    await indexedStore('gone').wipe()
    const failed = store.save(new Map([['a', utf8('2')]]))
    await expect(failed).rejects.toBeInstanceOf(StoreGone)
    expect(isStoreGone(await failed.catch((error: unknown) => error))).toBe(true)
    expect(isStoreGone(new Error('StoreGone'))).toBe(true)
    expect(isStoreGone(new Error('no'))).toBe(false)
    expect(await store.load('a')).toBeNull()
  })

  test('wiping leaves no database, and the store can be used again', async () => {
    const store = await withKeys(indexedStore('wipe'))
    await store.save(new Map([['a', utf8('1')]]))
    await store.wipe()
    expect(await storeExists('wipe')).toBe(false)
    await withKeys(store)
    await store.save(new Map([['b', utf8('2')]]))
    expect(await store.load('a')).toBeNull()
    await indexedStore('wipe').wipe()
    expect(await storeExists('wipe')).toBe(false)
  })
})
