/** The console's own world: socket, HTTP and clock, straight from the browser. Keys and sealed state: `src/store`. */
import type { ClockPort, DocumentsPort, LinkEvent, LinkPort, SignInAnswer, SignInPort } from '../src/core/ports.ts'

const SUBPROTOCOL = 'sotto.1'

export function socketTo(url: string): LinkPort {
  let socket: WebSocket | null = null
  const listeners: ((event: LinkEvent) => void)[] = []
  const tell = (event: LinkEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const connect = (): void => {
    socket?.close()
    const fresh = new WebSocket(url, SUBPROTOCOL)
    fresh.binaryType = 'arraybuffer'
    // A socket that was replaced must not speak for the new one.
    const current = (): boolean => socket === fresh
    fresh.addEventListener('open', () => current() && tell({ kind: 'open' }))
    fresh.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (current() && event.data instanceof ArrayBuffer) tell({ kind: 'frame', bytes: new Uint8Array(event.data) })
    })
    fresh.addEventListener('close', (event) => {
      if (!current()) return
      socket = null
      tell({ kind: 'closed', code: event.code })
    })
    socket = fresh
  }
  return {
    connect,
    send: (bytes) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(new Uint8Array(bytes))
    },
    close: () => socket?.close(),
    listen: (fn) => listeners.push(fn),
  }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const answer = await fetch(path, { credentials: 'omit', referrerPolicy: 'no-referrer' })
  if (!answer.ok) throw new Error(`${path.split('/')[2] ?? 'document'}: ${answer.status}`)
  return new Uint8Array(await answer.arrayBuffer())
}

export function documentsAt(base: string): DocumentsPort {
  return {
    trustBundle: () => bytesOf(`${base}/v1/trust`),
    policy: (digestHex) => bytesOf(`${base}/v1/policies/${digestHex}`),
  }
}

export function signInAt(base: string): SignInPort {
  return {
    signIn: async (agent, password) => {
      const answer = await fetch(`${base}/v1/sign-in`, {
        method: 'POST',
        credentials: 'omit',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ agent, password }),
      })
      return parseSignIn(answer.ok, await answer.json())
    },
    signOut: async (session) => {
      await fetch(`${base}/v1/sign-out`, { method: 'POST', credentials: 'omit', headers: { authorization: `Bearer ${session}` } })
    },
  }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** The relay's answer, checked field by field; anything else counts as `unavailable`. */
export function parseSignIn(ok: boolean, answer: unknown): SignInAnswer {
  const unavailable = { kind: 'refused', code: 'unavailable', retryAfterMs: null } as const
  if (!isFields(answer)) return unavailable
  if (!ok) {
    const { code, retry_after_ms: retryAfterMs } = answer
    if (typeof code !== 'string') return unavailable
    return { kind: 'refused', code, retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : null }
  }
  const { session, expires_at: expiresAt, agent, name, desks } = answer
  if (typeof session !== 'string' || typeof expiresAt !== 'number' || typeof agent !== 'string' || typeof name !== 'string')
    return unavailable
  if (!Array.isArray(desks) || !desks.every((desk): desk is string => typeof desk === 'string')) return unavailable
  return { kind: 'signedIn', session, expiresAt, agent, name, desks }
}

export const browserClock: ClockPort = {
  now: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}
