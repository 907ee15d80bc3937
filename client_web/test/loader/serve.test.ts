import { expect, test } from 'vitest'
import { parseToApp } from '../../frame/bridge.ts'
import { BridgeFault, bridgeOver } from '../../frame/ports.ts'
import { serve } from '../../loader/serve.ts'
import type { LinkEvent, StorePort } from '../../src/core/ports.ts'

function memoryStore(): StorePort {
  const kept = new Map<string, Uint8Array>()
  return {
    loadKeys: async () => null,
    saveKeys: async () => undefined,
    load: async (name) => kept.get(name) ?? null,
    save: async (changes) => {
      for (const [name, bytes] of changes) bytes === null ? kept.delete(name) : kept.set(name, bytes)
    },
    wipe: async () => kept.clear(),
  }
}

function aWorld({ held }: { readonly held: boolean }) {
  const { port1, port2 } = new MessageChannel()
  const sent: Uint8Array[] = []
  const files: { readonly name: string; readonly content: Uint8Array }[] = []
  const state = { held, connects: 0, hear: (_event: LinkEvent): void => undefined }
  const lock = {
    get held() {
      return state.held
    },
    acquire: async () => (state.held = true),
    release: () => undefined,
  }
  const served = serve(port1, {
    lock,
    store: memoryStore(),
    document: async (path) => {
      if (path === '/v1/trust') return new Uint8Array([7])
      throw new Error('http_404')
    },
    socket: (hear) => {
      state.hear = hear
      const connect = (): void => {
        state.connects += 1
      }
      return { connect, send: (bytes) => void sent.push(bytes), close: () => undefined }
    },
    closePanel: () => undefined,
    showUnread: () => undefined,
    saveFile: (name, content) => void files.push({ name, content }),
  })
  const bridge = bridgeOver((message) => port2.postMessage(message), { languages: ['en'], optsOut: false })
  port2.onmessage = ({ data }) => {
    const message = parseToApp(data)
    if (message !== null) bridge.take(message)
  }
  const end = (): void => {
    port2.close()
    served.stop()
  }
  return { bridge, sent, files, state, end }
}

test('what the app saves it can load, over the port', async () => {
  const world = aWorld({ held: true })
  await world.bridge.ports.store.save(new Map([['state', new Uint8Array([1, 2])]]))
  expect(await world.bridge.ports.store.load('state')).toEqual(new Uint8Array([1, 2]))
  expect(await world.bridge.ports.store.load('else')).toBeNull()
  world.end()
})

test('a tab without the lock writes nothing and reads nothing', async () => {
  const world = aWorld({ held: false })
  await expect(world.bridge.ports.store.save(new Map([['state', null]]))).rejects.toThrow(new BridgeFault('not_live'))
  await expect(world.bridge.ports.store.load('state')).rejects.toThrow(BridgeFault)
  world.bridge.ports.link.connect()
  expect(await world.bridge.lock(false)).toBe(true)
  expect(world.state.connects).toBe(0)
  world.end()
})

test('documents come without the lock, and a failure is a short reason', async () => {
  const world = aWorld({ held: false })
  expect(await world.bridge.ports.documents.trustBundle()).toEqual(new Uint8Array([7]))
  await expect(world.bridge.ports.documents.policy('0f'.repeat(32))).rejects.toThrow(new BridgeFault('http_404'))
  world.end()
})

test('bytes and events of the socket cross unchanged', async () => {
  const world = aWorld({ held: true })
  const heard: LinkEvent[] = []
  const frame = new Promise<void>((resolve) => {
    world.bridge.ports.link.listen((event) => {
      heard.push(event)
      if (event.kind === 'frame') resolve()
    })
  })
  world.bridge.ports.link.connect()
  world.bridge.ports.link.send(new Uint8Array([9]))
  await world.bridge.lock(false)
  world.state.hear({ kind: 'open' })
  world.state.hear({ kind: 'frame', bytes: new Uint8Array([4]) })
  await frame
  expect(world.sent).toEqual([new Uint8Array([9])])
  expect(heard).toEqual([{ kind: 'open' }, { kind: 'frame', bytes: new Uint8Array([4]) }])
  world.end()
})

test('a file of the app goes to the browser’s downloads, under a name that is no path', async () => {
  const { bridge, files, end } = aWorld({ held: false })
  bridge.ports.files.save('../sotto.json', new Uint8Array([1]))
  bridge.ports.files.save('sotto-decisions.json', new Uint8Array([2]))
  await expect.poll(() => files).toEqual([{ name: 'sotto-decisions.json', content: new Uint8Array([2]) }])
  end()
})
