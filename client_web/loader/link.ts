/** The one socket to the relay, bytes in and out. Knows no frame of the protocol. */
import type { LinkEvent } from '../src/core/ports.ts'

export interface SocketHost {
  connect(): void
  send(bytes: Uint8Array): void
  close(): void
}

/** The relay speaks binary frames only (protocol.md 4.3). */
const NOT_BINARY = 4400
/** Used when the browser gives no code of its own. */
const NO_CODE = 1006

export function socketHost(url: string, hear: (event: LinkEvent) => void): SocketHost {
  let socket: WebSocket | null = null
  const connect = (): void => {
    const old = socket
    // A socket that was replaced must not speak for the new one.
    socket = null
    old?.close(1000)
    const fresh = new WebSocket(url, 'sotto.1')
    fresh.binaryType = 'arraybuffer'
    socket = fresh
    fresh.onopen = () => socket === fresh && hear({ kind: 'open' })
    fresh.onmessage = ({ data }) => {
      if (socket !== fresh) return
      if (data instanceof ArrayBuffer) hear({ kind: 'frame', bytes: new Uint8Array(data) })
      else fresh.close(NOT_BINARY)
    }
    fresh.onclose = ({ code }) => {
      if (socket !== fresh) return
      socket = null
      hear({ kind: 'closed', code: code || NO_CODE })
    }
  }
  return {
    connect,
    // The session hears `closed` and decides what follows.
    close: () => socket?.close(1000),
    send: (bytes) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(new Uint8Array(bytes))
    },
  }
}

export function socketUrl(relay: string): string {
  const url = new URL('/v1/socket', relay)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}
