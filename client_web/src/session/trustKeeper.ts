/** Fetches, believes and keeps the trust documents of one organisation; asks again every ten minutes and when told. */
import type { ClockPort, DocumentsPort } from '../core/ports.ts'
import type { Problem } from '../core/views.ts'
import type { PolicyEntry } from '../keys/trust.ts'
import { type Freshness, freshness, judgeBundle, parseBundle, type TrustMemory, type TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { nextPolicyAt, policyInForce } from './policy.ts'

const POLL_MS = 10 * 60 * 1000
/** A commit right after a look at the trust documents does not look again. */
const RECENT_MS = 60 * 1000

interface World {
  readonly documents: Pick<DocumentsPort, 'trustBundle'>
  readonly clock: ClockPort
  /** Saves what must not be forgotten, before it is acted upon, and tells everybody who depends on it. */
  believed(): Promise<void>
  /** A newer bundle that does not verify: what was believed before stays. */
  distrusted(error: Untrusted): void
}

export class TrustKeeper {
  readonly #pinned: Uint8Array
  readonly #world: World
  #memory: TrustMemory | null
  #state: TrustState | null = null
  #bundle: Uint8Array | null = null
  #checkedAt = 0
  #isPolling = false
  #cancel: () => void = () => undefined

  constructor(pinned: Uint8Array, memory: TrustMemory | null, world: World) {
    this.#pinned = pinned
    this.#memory = memory
    this.#world = world
  }

  get state(): TrustState | null {
    return this.#state
  }

  /** The bytes that were believed last. */
  get bundle(): Uint8Array | null {
    return this.#bundle
  }

  freshness(): Freshness {
    return this.#state === null ? 'expired' : freshness(this.#state, this.#world.clock.now())
  }

  /** The policy that trust names now; null where it names none, or nothing is believed. */
  policyInForce(now: number): PolicyEntry | null {
    return this.#state === null ? null : policyInForce(this.#state, now)
  }

  /** When other policies may come into force by time alone; null where none is listed for later. */
  nextPolicyAt(now: number): number | null {
    return this.#state === null ? null : nextPolicyAt(this.#state, now)
  }

  /** What the screens say where it is no longer fresh. */
  get problem(): Problem | null {
    const word = this.freshness()
    return word === 'fresh' ? null : { code: 'trust_expired', detail: word }
  }

  /** Believe these bytes, or throw `Untrusted` and keep what was believed before. */
  async take(bundle: Uint8Array): Promise<TrustState> {
    const judged = await judgeBundle(parseBundle(bundle), { pinned: this.#pinned, memory: this.#memory })
    const isNews = this.#isNews(judged.memory)
    this.#checkedAt = this.#world.clock.now()
    this.#state = judged
    this.#memory = judged.memory
    this.#bundle = bundle
    if (isNews) await this.#world.believed()
    return judged
  }

  /** Fetch and believe; throws what the port or the judgement throws. */
  async fetch(): Promise<TrustState> {
    return this.take(await this.#world.documents.trustBundle())
  }

  /** Fetch when the last look is not recent; what fails leaves things as they are. */
  async refresh(force = false): Promise<void> {
    if (!force && this.#world.clock.now() - this.#checkedAt < RECENT_MS) return
    try {
      await this.fetch()
    } catch (error) {
      if (error instanceof Untrusted) this.#world.distrusted(error)
    }
  }

  /** Look every ten minutes from now on. */
  poll(): void {
    this.#cancel()
    this.#isPolling = true
    const again = async (): Promise<void> => {
      await this.refresh(true)
      if (this.#isPolling) this.poll()
    }
    this.#cancel = this.#world.clock.after(POLL_MS, () => void again())
  }

  stop(): void {
    this.#isPolling = false
    this.#cancel()
  }

  #isNews(next: TrustMemory): boolean {
    const before = this.#state?.memory
    return before === undefined || before.trustVersion !== next.trustVersion || before.rootVersion !== next.rootVersion
  }
}
