/** The socket's protocol at a client: hello, numbered requests, reconnecting with jitter. What frames mean is the sessions'. */
import type { ClockPort, LinkEvent, LinkPort } from '../core/ports.ts'
import type { Link as LinkWord } from '../core/views.ts'
import { CLOSE } from '../wire/generated/codes.ts'
import {
  type Challenge,
  FROM_CLIENT,
  FROM_RELAY,
  type FromClient,
  type FromRelay,
  type Hello,
  type Refusal,
  type Welcomed,
} from '../wire/generated/frames.ts'
import { codeOf, Refused } from '../wire/refused.ts'
import { BadFrame, decodeAs, encodeAs } from '../wire/shape.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
const PROTOCOL = 1
/** After these the relay would only say the same again. */
const FINAL: ReadonlySet<number> = new Set([CLOSE.badFrame, CLOSE.notSignedIn, CLOSE.revoked, CLOSE.untrusted, CLOSE.takenOver])

/** The line went down before the answer came; the request may have been carried out, and is safe to repeat. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost'
}

type Asking = Extract<FromClient, { readonly ref: number }>
type Without<T> = T extends unknown ? Omit<T, 'ref'> : never
/** A request without its number. */
export type Request = Without<Asking>
export type Answer = Extract<FromRelay, { readonly ref: number }>

export interface LinkEvents {
  /** Signs the hello over the relay's challenge. */
  hello(challenge: Challenge): Promise<Hello>
  welcomed(frame: Welcomed): void
  /** Everything that answers no request. */
  frame(frame: FromRelay): void
  state(state: LinkWord): void
  /** Closed for good, with the WebSocket code or the refusal of `hello`. */
  ended(code: number, refusal: string | null): void
}

export interface Link {
  start(): void
  stop(): void
  /** Rejects with `Refused` or `LinkLost`. */
  ask(request: Request): Promise<Answer>
  /** A frame without answer; dropped when offline. */
  tell(frame: FromClient): void
  readonly online: boolean
}

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

interface World {
  readonly port: LinkPort
  readonly clock: ClockPort
  entropy(bytes: number): Uint8Array
}

export const openLink = ({ port, clock, entropy }: World, events: LinkEvents): Link => {
  const waiting = new Map<number, Waiting>()
  let phase: 'stopped' | 'connecting' | 'greeting' | 'online' | 'waiting' = 'stopped'
  let lastRef = 0
  let failures = 0
  let refusal: string | null = null
  let cancelWait: () => void = () => undefined

  const connect = (): void => {
    phase = 'connecting'
    refusal = null
    events.state('connecting')
    port.connect()
  }
  const drop = (): void => {
    for (const { reject } of waiting.values()) reject(new LinkLost())
    waiting.clear()
  }
  const say = (frame: FromClient): void => port.send(encodeAs(FROM_CLIENT, frame))
  const greet = async (challenge: Challenge): Promise<void> => {
    if (phase !== 'connecting' || challenge.oldestProtocol > PROTOCOL) return closed(CLOSE.badFrame)
    phase = 'greeting'
    const hello = await events.hello(challenge)
    if (phase === 'greeting') say(hello)
  }
  const welcome = (frame: Welcomed): void => {
    if (phase !== 'greeting') return
    phase = 'online'
    failures = 0
    events.state('online')
    events.welcomed(frame)
  }
  const refused = (frame: Refusal): void => {
    const asked = frame.ref === null ? undefined : take(waiting, frame.ref)
    if (asked === undefined) refusal = frame.code
    asked?.reject(new Refused(codeOf(frame.code), frame.reference ?? '', frame.retryAfterMs))
  }
  const receive = (bytes: Uint8Array): void => {
    const frame = decodeAs(FROM_RELAY, bytes)
    if (frame.tag === 'challenge') void greet(frame).catch(() => port.close())
    else if (frame.tag === 'refused') refused(frame)
    else if (frame.tag === 'welcomed') welcome(frame)
    else if (phase !== 'online') port.close()
    else if ('ref' in frame) take(waiting, frame.ref)?.resolve(frame)
    else events.frame(frame)
  }
  const closed = (code: number): void => {
    if (phase === 'stopped' || phase === 'waiting') return
    drop()
    if (FINAL.has(code)) {
      phase = 'stopped'
      events.state('offline')
      events.ended(code, refusal)
      return
    }
    phase = 'waiting'
    events.state('offline')
    cancelWait = clock.after(waitFor(failures, entropy(4)), connect)
    failures += 1
  }
  port.listen((event: LinkEvent) => {
    if (phase === 'stopped') return
    if (event.kind === 'closed') closed(event.code)
    if (event.kind !== 'frame') return
    try {
      receive(event.bytes)
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error
      port.close()
    }
  })
  return {
    start: () => {
      if (phase === 'stopped') connect()
    },
    stop: () => {
      phase = 'stopped'
      cancelWait()
      drop()
      port.close()
      events.state('offline')
    },
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (phase !== 'online') return reject(new LinkLost())
        lastRef += 1
        waiting.set(lastRef, { resolve, reject })
        say(numbered(request, lastRef))
      }),
    tell: (frame) => {
      if (phase === 'online') say(frame)
    },
    get online() {
      return phase === 'online'
    },
  }
}

/** Doubles up to the longest; the upper half is random, so that a restarted relay is not met by everybody at once. */
export const waitFor = (failures: number, random: Uint8Array): number => {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10))
  const fraction = new DataView(random.buffer, random.byteOffset).getUint32(0) / 2 ** 32
  return full / 2 + (full / 2) * fraction
}

const numbered = (request: Request, ref: number): FromClient => ({ ...request, ref }) as FromClient

const take = (waiting: Map<number, Waiting>, ref: number): Waiting | undefined => {
  const found = waiting.get(ref)
  waiting.delete(ref)
  return found
}
