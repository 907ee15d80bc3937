/** The session's ports, carried out by the loader over the MessagePort. Clock and randomness are the frame's own. */
import type { ClockPort, CustomerPorts, DocumentsPort, LinkEvent, LinkPort, StoredKeys, StorePort } from '../src/core/ports.ts'
import type { Answer, Ask, ToApp, ToLoader } from './bridge.ts'

/** The loader could not do what was asked: its short reason. */
export class BridgeFault extends Error {
  override readonly name = 'BridgeFault'
}

export interface Bridge {
  readonly ports: CustomerPorts
  /** True when this tab now holds the lock. */
  lock(steal: boolean): Promise<boolean>
  /** Feeds what arrived for the session; false when it was not for it. */
  take(message: ToApp): boolean
}

interface Waiting {
  resolve(value: Answer): void
  reject(fault: BridgeFault): void
}

export function bridgeOver(say: (message: ToLoader) => void, person: Pick<CustomerPorts, 'languages' | 'optsOut'>): Bridge {
  const waiting = new Map<number, Waiting>()
  let asked = 0
  let hear: (event: LinkEvent) => void = () => undefined
  const ask = (question: Ask): Promise<Answer> =>
    new Promise((resolve, reject) => {
      asked += 1
      waiting.set(asked, { resolve, reject })
      say({ kind: 'ask', id: asked, ask: question })
    })
  const link: LinkPort = {
    connect: () => say({ kind: 'connect' }),
    send: (bytes) => say({ kind: 'send', bytes }),
    close: () => say({ kind: 'disconnect' }),
    listen: (fn) => {
      hear = fn
    },
  }
  const take = (message: ToApp): boolean => {
    if (message.kind === 'link') hear(message.event)
    else if (message.kind === 'answer') settle(waiting, message.id)?.resolve(message.value)
    else if (message.kind === 'failed') settle(waiting, message.id)?.reject(new BridgeFault(message.reason))
    else return false
    return true
  }
  const files = { save: (name: string, bytes: Uint8Array): void => say({ kind: 'file', name, bytes }) }
  const ports = { files, link, store: storeOver(ask), documents: documentsOver(ask), clock, entropy, ...person }
  return { ports, take, lock: async (steal) => (await ask({ kind: 'lock', steal })) === true }
}

function settle(waiting: Map<number, Waiting>, id: number): Waiting | undefined {
  const found = waiting.get(id)
  waiting.delete(id)
  return found
}

type Asking = (question: Ask) => Promise<Answer>

function storeOver(ask: Asking): StorePort {
  return {
    loadKeys: async () => keysOrNull(await ask({ kind: 'loadKeys' })),
    saveKeys: async (keys, changes) => void (await ask({ kind: 'saveKeys', keys, changes })),
    load: async (name) => bytesOrNull(await ask({ kind: 'load', name })),
    save: async (changes) => void (await ask({ kind: 'save', changes })),
    wipe: async () => void (await ask({ kind: 'wipe' })),
  }
}

function documentsOver(ask: Asking): DocumentsPort {
  return {
    trustBundle: async () => someBytes(await ask({ kind: 'trustBundle' })),
    policy: async (digest) => someBytes(await ask({ kind: 'policy', digest })),
  }
}

function keysOrNull(value: Answer): StoredKeys | null {
  if (value === null || (typeof value === 'object' && !(value instanceof Uint8Array))) return value
  throw new BridgeFault('unexpected_answer')
}

function bytesOrNull(value: Answer): Uint8Array | null {
  if (value === null || value instanceof Uint8Array) return value
  throw new BridgeFault('unexpected_answer')
}

function someBytes(value: Answer): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new BridgeFault('unexpected_answer')
}

const clock: ClockPort = {
  now: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}

function entropy(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes))
}
