/** Fetches, believes and keeps the trust documents of one organisation; asks again every ten minutes and when told. */
import type { ClockPort, DocumentsPort } from '../core/ports.ts'
import { type Freshness, freshness, judgeBundle, parseBundle, type TrustMemory, type TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'

const POLL_MS = 10 * 60 * 1000
/** A commit right after a look at the trust documents does not look again. */
const RECENT_MS = 60 * 1000

interface World {
  readonly documents: Pick<DocumentsPort, 'trustBundle'>
  readonly clock: ClockPort
  /** Saves what must not be forgotten, before it is acted upon; also tells everybody who depends on it. */
  believed(): Promise<void>
  /** A newer bundle that does not verify: what was believed before stays. */
  distrusted(error: Untrusted): void
}

export interface TrustKeeper {
  readonly state: TrustState | null
  /** The bytes that were believed last. */
  readonly bundle: Uint8Array | null
  readonly checkedAt: number
  freshness(): Freshness
  /** Believe these bytes, or throw `Untrusted` and keep what was believed before. */
  take(bundle: Uint8Array): Promise<TrustState>
  /** Fetch and believe; throws what the port or the judgement throws. */
  fetch(): Promise<TrustState>
  /** Fetch when the last look is not recent; what fails leaves things as they are. */
  refresh(force?: boolean): Promise<void>
  /** Look every ten minutes from now on. */
  poll(): void
  stop(): void
}

export const trustKeeper = (
  pinned: Uint8Array,
  memory: TrustMemory | null,
  { documents, clock, believed, distrusted }: World,
): TrustKeeper => {
  let state: TrustState | null = null
  let remembered = memory
  let bytes: Uint8Array | null = null
  let checkedAt = 0
  let cancel: () => void = () => undefined

  const take = async (bundle: Uint8Array): Promise<TrustState> => {
    const judged = await judgeBundle(parseBundle(bundle), { pinned, memory: remembered })
    checkedAt = clock.now()
    const isNews =
      state === null || state.memory.trustVersion !== judged.memory.trustVersion || state.roots.newest.digest !== judged.roots.newest.digest
    state = judged
    remembered = judged.memory
    bytes = bundle
    if (isNews) await believed()
    return judged
  }
  const fetch = async (): Promise<TrustState> => take(await documents.trustBundle())
  const refresh = async (force = false): Promise<void> => {
    if (!force && clock.now() - checkedAt < RECENT_MS) return
    try {
      await fetch()
    } catch (error) {
      if (error instanceof Untrusted) distrusted(error)
    }
  }
  const poll = (): void => {
    cancel()
    cancel = clock.after(POLL_MS, () => void refresh(true).then(poll))
  }
  return {
    get state() {
      return state
    },
    get bundle() {
      return bytes
    },
    get checkedAt() {
      return checkedAt
    },
    freshness: () => (state === null ? 'expired' : freshness(state, clock.now())),
    take,
    fetch,
    refresh,
    poll,
    stop: () => cancel(),
  }
}
