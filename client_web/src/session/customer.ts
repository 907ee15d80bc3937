/** The customer's program: from the notice to the closed chat. The conversation itself runs in `customerChat.ts`. */
import type { CustomerPorts, PageConfig, StoredKeys } from '../core/ports.ts'
import type { CustomerIntent, CustomerView, Organisation, Problem, Program } from '../core/views.ts'
import { signerFromCryptoKey } from '../keys/ed25519.ts'
import { selfTest } from '../keys/mls/selfTest.ts'
import type { TrustMemory, TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { organisationWords } from '../keys/words.ts'
import { BrokenSeal, type SealedStore, sealedStore } from '../store/sealed.ts'
import { fromBase32 } from '../wire/octets.ts'
import { BadFrame } from '../wire/shape.ts'
import type { Beginning } from './beginning.ts'
import type { Conversation } from './conversation.ts'
import { decodeConversation } from './conversationCodec.ts'
import { CustomerChat } from './customerChat.ts'
import { DECISIONS } from './decisionRecords.ts'
import { keptDraft } from './draft.ts'
import { recordName } from './holding.ts'
import { KEPT_OPEN, type KeptOpenRecord } from './keptOpenRecords.ts'
import { goneOnWithoutLog, type Made, makeNextGroup, mayContinue, recordsOf } from './nextGroup.ts'
import { observable } from './observable.ts'
import { makeConversation, prepareNotice } from './opening.ts'
import { noticeIn, type StartNotice } from './policy.ts'
import { BELIEVED, believedRecords, CUSTOMER, type CustomerRecord, draftName, NAMES, readRecord } from './records.ts'
import { TrustKeeper } from './trustKeeper.ts'

const FINGERPRINT_BYTES = 32

export const startCustomer = (ports: CustomerPorts, page: PageConfig): Program<CustomerView, CustomerIntent> => {
  const customer = new Customer(ports, page)
  return { view: customer.view, intend: (intent) => customer.intend(intent), dispose: () => customer.dispose() }
}

type Phase =
  | { readonly kind: 'idle' | 'busy' }
  | { readonly kind: 'notice'; readonly keeper: TrustKeeper; readonly notice: StartNotice; readonly organisation: Organisation }
  | { readonly kind: 'chat'; readonly keeper: TrustKeeper; readonly chat: CustomerChat }

class Customer {
  readonly view = observable<CustomerView>({ kind: 'checking' })
  readonly #ports: CustomerPorts
  readonly #page: PageConfig
  #phase: Phase = { kind: 'idle' }
  #isDisposed = false

  constructor(ports: CustomerPorts, page: PageConfig) {
    this.#ports = ports
    this.#page = page
  }

  intend(intent: CustomerIntent): void {
    this.#act(intent).catch((error: unknown) => this.#stop({ code: 'no_storage', detail: nameOf(error) }, null))
  }

  dispose(): void {
    this.#isDisposed = true
    if (this.#phase.kind !== 'chat') return
    this.#phase.keeper.stop()
    this.#phase.chat.stop()
  }

  async #act(intent: CustomerIntent): Promise<void> {
    switch (intent.kind) {
      case 'open':
        return this.#open()
      case 'start':
        return this.#start()
      case 'speak':
        return this.#speak(intent.language)
      case 'forget':
        await this.#leave()
        return this.#open()
      case 'notNow':
        return
      default:
        if (this.#phase.kind === 'chat') this.#phase.chat.act(intent)
    }
  }

  async #open(): Promise<void> {
    if (this.#phase.kind === 'busy' || this.#phase.kind === 'chat') return
    this.#phase = { kind: 'busy' }
    this.#show({ kind: 'checking' })
    const pinned = fromBase32(this.#page.root)
    if (pinned?.length !== FINGERPRINT_BYTES) return this.#stop({ code: 'organisation_unconfirmed', detail: 'fingerprint' }, null)
    const { store } = this.#ports
    const keys = await store.loadKeys()
    if (keys !== null) return this.#restore(keys, pinned)
    // T79: what is left without its keys was a chat. It is said, and not followed silently by somebody new.
    if ((await store.load(NAMES.customer)) !== null) return this.#lost()
    await this.#prepare(pinned)
  }

  /** What this device kept of a chat is gone or cannot be believed. A fresh chat is the customer's to begin. */
  async #lost(): Promise<void> {
    await this.#leave()
    await this.#ports.store.wipe()
    this.#stop({ code: 'chat_lost', detail: 'keys' }, null)
  }

  /** No socket, nothing stored: two public documents over HTTP. */
  async #prepare(pinned: Uint8Array): Promise<void> {
    const keeper = this.#keeperFor(pinned, null)
    const trust = await this.#fetched(keeper)
    if (trust === null) return
    const organisation = await this.#organisationOf(trust)
    const prepared = await prepareNotice(trust, { ports: this.#ports, page: this.#page })
    if (prepared.kind === 'stopped') return this.#stop(prepared.problem, organisation)
    this.#phase = { kind: 'notice', keeper, notice: prepared.notice, organisation }
    this.#show({ kind: 'notice', organisation, notice: prepared.notice.view, starting: false })
  }

  /** The notice once more, in a language that it exists in. */
  async #speak(language: string): Promise<void> {
    const phase = this.#phase
    if (phase.kind !== 'notice' || !phase.notice.view.languages.includes(language)) return
    const { policy, policyDigest } = phase.notice
    const notice = await noticeIn(policy, { policyDigest, desk: this.#page.desk, language })
    if (this.#phase !== phase) return
    this.#phase = { ...phase, notice }
    this.#show({ kind: 'notice', organisation: phase.organisation, notice: notice.view, starting: false })
  }

  async #fetched(keeper: TrustKeeper): Promise<TrustState | null> {
    try {
      return await keeper.fetch()
    } catch (error) {
      if (error instanceof Untrusted) this.#stop({ code: 'organisation_unconfirmed', detail: error.reason }, null)
      else this.#stop({ code: 'relay_unreachable', detail: 'trust' }, null)
      return null
    }
  }

  async #start(): Promise<void> {
    if (this.#phase.kind === 'notice') await this.#begin(this.#phase, null)
  }

  /** The one act: keys, decision and group are made and saved sealed; only then the relay hears of them. */
  async #begin({ keeper, notice, organisation }: Noticing, relayOffset: number | null): Promise<void> {
    const trust = keeper.state
    if (trust === null || keeper.freshness() !== 'fresh') return this.#stop({ code: 'trust_expired', detail: 'lapsed' }, organisation)
    this.#phase = { kind: 'busy' }
    this.#show({ kind: 'notice', organisation, notice: notice.view, starting: true })
    const made = await this.#attempt('old_browser', organisation, async () => {
      await selfTest(this.#ports.clock.now())
      const now = this.#ports.clock.now() + (relayOffset ?? 0)
      return makeConversation(this.#ports, { page: this.#page, root: trust.memory.pinned, trust, notice, now })
    })
    if (made === null) return
    const { keys, ...begun } = made
    const store = this.#storeOf(keys)
    const saved = await this.#attempt('no_storage', organisation, async () => {
      await store.saveWith(keys, new Map([...believedRecords(keeper), ...recordsOf(begun)]))
      return true
    })
    if (saved === null) return
    // Once more and no oftener: a clock that is wrong made a decision of another time; the relay has not taken it, so it is made once more at the relay's time.
    const again = relayOffset === null ? (known: number) => this.#begin({ keeper, notice, organisation }, known) : null
    this.#run({ ...begun, decisions: [], keptOpen: [], keys, keeper, organisation, store, draft: '' }, again)
  }

  async #attempt<T>(code: 'old_browser' | 'no_storage', organisation: Organisation, task: () => Promise<T>): Promise<T | null> {
    try {
      return await task()
    } catch (error) {
      this.#stop({ code, detail: nameOf(error) }, organisation)
      return null
    }
  }

  /** After a reload what rests sealed goes on where it stood. What cannot be believed is wiped, and said. */
  async #restore(keys: StoredKeys, pinned: Uint8Array): Promise<void> {
    try {
      const begun = await this.#rested(keys, pinned)
      this.#run(begun)
      void begun.keeper.refresh(true)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      await this.#lost()
    }
  }

  async #rested(keys: StoredKeys, pinned: Uint8Array): Promise<Begun> {
    const store = this.#storeOf(keys)
    const record = await readRecord(CUSTOMER, store.load(NAMES.customer))
    const believed = await readRecord(BELIEVED, store.load(NAMES.believed))
    if (record === null || believed === null) throw new BrokenSeal('incomplete')
    const keeper = this.#keeperFor(pinned, believed.memory)
    const trust = await keeper.take(believed.bundle)
    const draft = await keptDraft(store, draftName(record.conversation))
    const decisions = (await readRecord(DECISIONS, store.load(NAMES.decisions))) ?? []
    const keptOpen = (await readRecord(KEPT_OPEN, store.load(NAMES.keptOpen))) ?? []
    const found = { keeper, organisation: await this.#organisationOf(trust), store, draft, decisions, keptOpen }
    const conversation = await conversationIn(store, { record, trust })
    if (conversation === null) return { ...found, ...(await this.#goneOn({ keys, record, keptOpen, trust, store })) }
    const signer = signerFromCryptoKey(keys.device.privateKey, keys.devicePublic)
    return { ...found, keys, signer, record, conversation }
  }

  /** The keys are here and the group's state is not: the conversation goes on in its next group. */
  async #goneOn({ keys, record, keptOpen, trust, store }: Remains): Promise<Made> {
    const now = this.#ports.clock.now()
    if (record.groupInfo !== null || !mayContinue(record, { keptOpen, now })) throw new BrokenSeal('conversation')
    const made = await makeNextGroup(this.#ports, { record, epoch: 0, keptOpen, keys, trust, page: this.#page, now })
    const next = { ...made, conversation: goneOnWithoutLog(made.conversation, now) }
    await store.saveWith(next.keys, recordsOf(next))
    return next
  }

  #run(begun: Begun, again: ((relayOffset: number) => Promise<void>) | null = null): void {
    const chat = new CustomerChat({
      ...begun,
      ports: this.#ports,
      page: this.#page,
      changed: () => {
        if (this.#phase.kind === 'chat' && this.#phase.chat === chat) this.#show(chat.view())
      },
      refused: (code, relayOffset) => {
        const isClock = code === 'clock_skew' && again !== null
        void this.#leave().then(() => (isClock ? again(relayOffset) : this.#stop({ code: 'refused', detail: code }, begun.organisation)))
      },
      goesOn: (next) => {
        chat.stop()
        if (!this.#isDisposed) this.#run({ ...begun, ...next, ...chat.rest })
      },
      lost: () => {
        if (this.#phase.kind === 'chat' && this.#phase.chat === chat) void this.#lost()
      },
    })
    this.#phase = { kind: 'chat', chat, keeper: begun.keeper }
    this.#show(chat.view())
    chat.start()
    begun.keeper.poll()
  }

  /** Everything of this conversation leaves the device. */
  async #leave(): Promise<void> {
    if (this.#phase.kind === 'chat') {
      this.#phase.keeper.stop()
      await this.#phase.chat.leave()
    }
    this.#phase = { kind: 'idle' }
  }

  #keeperFor(pinned: Uint8Array, memory: TrustMemory | null): TrustKeeper {
    const { documents, clock } = this.#ports
    const running = (): CustomerChat | null => (this.#phase.kind === 'chat' ? this.#phase.chat : null)
    return new TrustKeeper(pinned, memory, {
      documents,
      clock,
      believed: async () => running()?.believed(),
      distrusted: (error) => running()?.distrusted(error),
    })
  }

  async #organisationOf(trust: TrustState): Promise<Organisation> {
    const words = await organisationWords(trust.memory.pinned)
    return { name: trust.roots.newest.document.name, words, site: this.#page.site, checkedAt: this.#ports.clock.now() }
  }

  #storeOf(keys: StoredKeys): SealedStore {
    const { store, entropy } = this.#ports
    return sealedStore(store, { key: keys.sealing, entropy, mayWrite: () => !this.#isDisposed })
  }

  #stop(problem: Problem, organisation: Organisation | null): void {
    this.#phase = { kind: 'idle' }
    this.#show({ kind: 'stopped', problem, organisation })
  }

  #show(next: CustomerView): void {
    if (!this.#isDisposed) this.view.value = next
  }
}

type Noticing = Pick<Extract<Phase, { readonly kind: 'notice' }>, 'keeper' | 'notice' | 'organisation'>

type Begun = Omit<Beginning, 'ports' | 'page' | 'changed' | 'refused' | 'goesOn' | 'lost'>

interface Remains {
  readonly keys: StoredKeys
  readonly record: CustomerRecord
  readonly keptOpen: readonly KeptOpenRecord[]
  readonly trust: TrustState
  readonly store: SealedStore
}

const isUnreadable = (error: unknown): boolean => error instanceof BrokenSeal || error instanceof BadFrame || error instanceof Untrusted

/** The conversation as it was saved last, or null where it cannot be read any more. */
const conversationIn = async (store: SealedStore, { record, trust }: Pick<Remains, 'record' | 'trust'>): Promise<Conversation | null> => {
  try {
    const saved = await store.load(recordName(record.conversation))
    return saved === null ? null : await decodeConversation(saved, trust)
  } catch (error) {
    if (isUnreadable(error)) return null
    throw error
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown')
