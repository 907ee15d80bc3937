/** The ports of one test person: a store in memory, documents of a test organisation, a clock that tests move, and waiting for a view. */
import {
  type ClockPort,
  type DocumentsPort,
  type Ports,
  type SignInPort,
  type StoredKeys,
  StoreGone,
  type StorePort,
} from '../../src/core/ports.ts'
import type { Program } from '../../src/core/views.ts'
import type { Relay } from './loopback.ts'
import { type Organisation, POLICY } from './organisation.ts'

export interface Clock extends ClockPort {
  advance(ms: number): void
}

export const newClock = (start: number): Clock => {
  let now = start
  const timers = new Set<{ readonly at: number; readonly fn: () => void }>()
  return {
    now: () => now,
    after: (ms, fn) => {
      const timer = { at: now + ms, fn }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance: (ms) => {
      now += ms
      for (const timer of [...timers]) {
        if (timer.at > now) continue
        timers.delete(timer)
        timer.fn()
      }
    },
  }
}

export interface MemoryStore extends StorePort {
  readonly records: Map<string, Uint8Array>
  isEmpty(): boolean
}

export const memoryStore = (): MemoryStore => {
  const records = new Map<string, Uint8Array>()
  let keys: StoredKeys | null = null
  const write = (changes: ReadonlyMap<string, Uint8Array | null>): void => {
    for (const [name, content] of changes) {
      if (content === null) records.delete(name)
      else records.set(name, content.slice())
    }
  }
  return {
    records,
    isEmpty: () => keys === null && records.size === 0,
    loadKeys: async () => keys,
    saveKeys: async (next, changes) => {
      keys = next
      write(changes)
    },
    load: async (name) => records.get(name)?.slice() ?? null,
    save: async (changes) => {
      if (keys === null) throw new StoreGone()
      write(changes)
    },
    wipe: async () => {
      records.clear()
      keys = null
    },
  }
}

export const documentsOf = (organisation: Organisation): DocumentsPort => ({
  trustBundle: async () => organisation.bundle(),
  policy: async () => POLICY,
})

/** Everybody's password is the same. */
export const signInPort: SignInPort = {
  signIn: async (agent, password) =>
    password === 'correct horse'
      ? { kind: 'signedIn', session: agent, expiresAt: Number.MAX_SAFE_INTEGER, agent, name: 'Ana', desks: ['support'] }
      : { kind: 'refused', code: 'not_signed_in', retryAfterMs: null },
  signOut: async () => undefined,
}

export interface WorldParts {
  readonly relay: Relay
  readonly organisation: Organisation
  readonly clock: Clock
  readonly store: MemoryStore
}

export const portsOf = ({ relay, organisation, clock, store }: WorldParts): Ports => ({
  link: relay.port(),
  store,
  documents: documentsOf(organisation),
  clock,
  languages: ['en'],
  entropy: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
})

/** Resolves with the first view that passes; rejects with the last view after a while. */
export const until = <V, I, W extends V>(program: Program<V, I>, passes: (view: V) => view is W): Promise<W> =>
  new Promise((resolve, reject) => {
    const check = (view: V): void => {
      if (!passes(view)) return
      stop()
      clearTimeout(timer)
      resolve(view)
    }
    const timer = setTimeout(() => {
      stop()
      reject(new Error(`still ${JSON.stringify(program.view.value, null, 1)}`))
    }, 8000)
    const stop = program.view.subscribe(check)
    check(program.view.value)
  })
