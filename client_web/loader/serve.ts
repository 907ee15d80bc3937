/** Serves the app's ports over the one MessagePort: parses each request and refuses whatever needs the lock without it. */
import type { Answer, Ask, ToApp } from '../frame/bridge.ts'
import { parseToLoader } from '../frame/bridge.ts'
import type { LinkEvent, StorePort } from '../src/core/ports.ts'
import type { SocketHost } from './link.ts'
import type { TabLock } from './lock.ts'

export interface Services {
  readonly lock: TabLock
  readonly store: StorePort
  document(path: string): Promise<Uint8Array>
  socket(hear: (event: LinkEvent) => void): SocketHost
  closePanel(): void
  showUnread(count: number): void
  saveFile(name: string, content: Uint8Array): void
}

export interface Served {
  say(message: ToApp): void
  stop(): void
}

export function serve(port: MessagePort, services: Services): Served {
  const say = (message: ToApp): void => port.postMessage(message)
  const socket = services.socket((event) => say({ kind: 'link', event }))
  const answerTo = (id: number, ask: Ask): void => {
    perform(ask, services).then(
      (value) => say({ kind: 'answer', id, value }),
      (reason: unknown) => say({ kind: 'failed', id, reason: shortReason(reason) }),
    )
  }
  port.onmessage = ({ data }) => {
    const message = parseToLoader(data)
    switch (message?.kind) {
      case 'ask':
        return answerTo(message.id, message.ask)
      case 'connect':
        return services.lock.held ? socket.connect() : undefined
      case 'send':
        return services.lock.held ? socket.send(message.bytes) : undefined
      case 'disconnect':
        return socket.close()
      case 'closePanel':
        return services.closePanel()
      case 'unread':
        return services.showUnread(message.count)
      case 'file':
        return services.saveFile(message.name, message.bytes)
    }
  }
  const stop = (): void => {
    socket.close()
    port.close()
  }
  port.onmessageerror = stop
  return { say, stop }
}

async function perform(ask: Ask, { lock, store, document }: Services): Promise<Answer> {
  if (ask.kind === 'lock') return lock.acquire(ask.steal)
  if (ask.kind === 'trustBundle') return document('/v1/trust')
  if (ask.kind === 'policy') return document(`/v1/policies/${ask.digest}`)
  // A tab that lost the lock must not write over the state of the one that has it.
  if (!lock.held) throw new Error('not_live')
  switch (ask.kind) {
    case 'loadKeys':
      return store.loadKeys()
    case 'load':
      return store.load(ask.name)
    case 'saveKeys':
      return done(store.saveKeys(ask.keys, ask.changes))
    case 'save':
      return done(store.save(ask.changes))
    case 'wipe':
      return done(store.wipe())
  }
}

async function done(work: Promise<void>): Promise<null> {
  await work
  return null
}

function shortReason(reason: unknown): string {
  if (!(reason instanceof Error)) return 'failed'
  return (reason.name === 'Error' ? reason.message : reason.name).slice(0, 64)
}
