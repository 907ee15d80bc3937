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
import { codeOf, passes, Refused } from '../wire/refused.ts'
import { BadFrame, decodeAs, encodeAs } from '../wire/shape.ts'

const RETRY_MS = 2000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000
/** A relay that restarts lets everybody go at once; at 760 hellos a second (measured) this admits 3,000 before its accept budget must. */
const RESTART_SPREAD_MS = 4000
const GOING_AWAY = 1001
const PROTOCOL = 1
/** After these the relay would only say the same again. */
const FINAL: ReadonlySet<number> = new Set([CLOSE.badFrame, CLOSE.notSignedIn, CLOSE.revoked, CLOSE.untrusted, CLOSE.takenOver])

/** The line went down before the answer came; the request may have been carried out, and is safe to repeat. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost'
}

type Without<T> = T extends unknown ? Omit<T, 'ref'> : never
/** A request without its number. */
export type Request = Without<Extract<FromClient, { readonly ref: number }>>
export type Answer = Extract<FromRelay, { readonly ref: number }>

export interface LinkEvents {
  /** Signs the hello over the relay's challenge. */
  hello(challenge: Challenge): Promise<Hello>
  welcomed(frame: Welcomed): void
  /** Everything that answers no request. */
  frame(frame: FromRelay): void
  state(state: LinkWord): void
  /** Closed for good, with the WebSocket code and the refusal of `hello`. */
  ended(code: number, refusal: string | null): void
}

export interface LinkWorld {
  readonly port: LinkPort
  readonly clock: ClockPort
  entropy(bytes: number): Uint8Array
}

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

export class Link {
  readonly #world: LinkWorld
  readonly #events: LinkEvents
  readonly #waiting = new Map<number, Waiting>()
  #phase: 'stopped' | 'connecting' | 'greeting' | 'online' | 'waiting' = 'stopped'
  #lastRef = 0
  #failures = 0
  #refusal: string | null = null
  #cancelWait: () => void = () => undefined

  constructor(world: LinkWorld, events: LinkEvents) {
    this.#world = world
    this.#events = events
    world.port.listen((event) => this.#hear(event))
  }

  get online(): boolean {
    return this.#phase === 'online'
  }

  start(): void {
    if (this.#phase === 'stopped') this.#connect()
  }

  stop(): void {
    this.#phase = 'stopped'
    this.#cancelWait()
    this.#drop()
    this.#world.port.close()
    this.#events.state('offline')
  }

  /** Rejects with `Refused` or `LinkLost`. */
  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.online) return reject(new LinkLost())
      this.#lastRef += 1
      this.#waiting.set(this.#lastRef, { resolve, reject })
      this.#say(numbered(request, this.#lastRef))
    })
  }

  /** As `ask`, but a refusal that passes by itself is waited out: without this answer the line would stay open and deaf. */
  insist(request: Request): Promise<Answer> {
    return this.ask(request).catch(async (error: unknown) => {
      if (!passes(error)) throw error
      await new Promise<void>((resolve) => this.#world.clock.after(error.retryAfterMs ?? RETRY_MS, resolve))
      return this.insist(request)
    })
  }

  /** A frame without answer; dropped when offline. */
  tell(frame: FromClient): void {
    if (this.online) this.#say(frame)
  }

  #connect(): void {
    this.#phase = 'connecting'
    this.#refusal = null
    this.#events.state('connecting')
    this.#world.port.connect()
  }

  #hear(event: LinkEvent): void {
    if (this.#phase === 'stopped') return
    if (event.kind === 'closed') this.#closed(event.code)
    if (event.kind !== 'frame') return
    try {
      this.#receive(decodeAs(FROM_RELAY, event.bytes))
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error
      this.#world.port.close()
    }
  }

  #receive(frame: FromRelay): void {
    if (frame.tag === 'challenge') this.#greet(frame).catch(() => this.#world.port.close())
    else if (frame.tag === 'refused') this.#refused(frame)
    else if (frame.tag === 'welcomed') this.#welcome(frame)
    else if (!this.online) this.#world.port.close()
    else if ('ref' in frame) this.#taken(frame.ref)?.resolve(frame)
    else this.#events.frame(frame)
  }

  async #greet(challenge: Challenge): Promise<void> {
    if (this.#phase !== 'connecting' || challenge.oldestProtocol > PROTOCOL) return this.#closed(CLOSE.badFrame)
    this.#phase = 'greeting'
    const hello = await this.#events.hello(challenge)
    if (this.#isGreeting()) this.#say(hello)
  }

  /** Asked after waiting, when the phase may have moved on. */
  #isGreeting(): boolean {
    return this.#phase === 'greeting'
  }

  #welcome(frame: Welcomed): void {
    if (!this.#isGreeting()) return
    this.#phase = 'online'
    this.#failures = 0
    this.#events.state('online')
    this.#events.welcomed(frame)
  }

  #refused(frame: Refusal): void {
    const asked = frame.ref === null ? undefined : this.#taken(frame.ref)
    if (asked === undefined) this.#refusal = frame.code
    asked?.reject(new Refused(codeOf(frame.code), frame.reference ?? '', frame.retryAfterMs))
  }

  #closed(code: number): void {
    if (this.#phase === 'stopped' || this.#phase === 'waiting') return
    this.#drop()
    const isFinal = FINAL.has(code)
    this.#phase = isFinal ? 'stopped' : 'waiting'
    this.#events.state('offline')
    if (isFinal) {
      this.#world.port.close()
      this.#events.ended(code, this.#refusal)
      return
    }
    const { clock, entropy } = this.#world
    this.#cancelWait = clock.after(waitFor(this.#failures, { code, random: entropy(4) }), () => this.#connect())
    this.#failures += 1
  }

  #drop(): void {
    for (const { reject } of this.#waiting.values()) reject(new LinkLost())
    this.#waiting.clear()
  }

  #say(frame: FromClient): void {
    this.#world.port.send(encodeAs(FROM_CLIENT, frame))
  }

  #taken(ref: number): Waiting | undefined {
    const found = this.#waiting.get(ref)
    this.#waiting.delete(ref)
    return found
  }
}

/** Doubles up to the longest; the upper half is random. The first after a relay has said that it goes away is random over a wider span. */
export const waitFor = (failures: number, { code, random }: { readonly code: number; readonly random: Uint8Array }): number => {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10))
  const fraction = new DataView(random.buffer, random.byteOffset).getUint32(0) / 2 ** 32
  if (code === GOING_AWAY && failures === 0) return full / 2 + (RESTART_SPREAD_MS - full / 2) * fraction
  return full / 2 + (full / 2) * fraction
}

const numbered = (request: Request, ref: number): FromClient => ({ ...request, ref }) as FromClient
