/** The customer's program: from the notice to the closed chat. The conversation itself runs in `customerChat.ts`. */
import type { PageConfig, Ports, StoredKeys } from '../core/ports.ts'
import type { CustomerIntent, CustomerView, Organisation, Problem, Program } from '../core/views.ts'
import { signerFromCryptoKey } from '../keys/ed25519.ts'
import { selfTest } from '../keys/mls/selfTest.ts'
import type { TrustMemory, TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { organisationWords } from '../keys/words.ts'
import { BrokenSeal, type SealedStore, sealedStore } from '../store/sealed.ts'
import { fromBase32 } from '../wire/octets.ts'
import { BadFrame } from '../wire/shape.ts'
import { decodeConversation, encodeConversation } from './conversationCodec.ts'
import { type Beginning, CustomerChat } from './customerChat.ts'
import { DECISIONS } from './decisionRecords.ts'
import { recordName } from './holding.ts'
import { observable } from './observable.ts'
import { makeConversation, prepareNotice } from './opening.ts'
import { noticeIn, type StartNotice } from './policy.ts'
import { BELIEVED, believedRecords, CUSTOMER, NAMES, readRecord, writeRecord } from './records.ts'
import { TrustKeeper } from './trustKeeper.ts'

const FINGERPRINT_BYTES = 32

export const startCustomer = (ports: Ports, page: PageConfig): Program<CustomerView, CustomerIntent> => {
  const customer = new Customer(ports, page)
  return { view: customer.view, intend: (intent) => customer.intend(intent), dispose: () => customer.dispose() }
}

type Phase =
  | { readonly kind: 'idle' | 'busy' }
  | { readonly kind: 'notice'; readonly keeper: TrustKeeper; readonly notice: StartNotice; readonly organisation: Organisation }
  | { readonly kind: 'chat'; readonly keeper: TrustKeeper; readonly chat: CustomerChat }

class Customer {
  readonly view = observable<CustomerView>({ kind: 'checking' })
  readonly #ports: Ports
  readonly #page: PageConfig
  #phase: Phase = { kind: 'idle' }
  #isDisposed = false

  constructor(ports: Ports, page: PageConfig) {
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
    const keys = await this.#ports.store.loadKeys()
    if (keys === null || !(await this.#restore(keys, pinned))) await this.#prepare(pinned)
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

  /** The one act: keys, decision and group are made and saved sealed; only then the relay hears of them. */
  async #start(): Promise<void> {
    if (this.#phase.kind !== 'notice') return
    const { keeper, notice, organisation } = this.#phase
    const trust = keeper.state
    if (trust === null || keeper.freshness() !== 'fresh') return this.#stop({ code: 'trust_expired', detail: 'lapsed' }, organisation)
    this.#phase = { kind: 'busy' }
    this.#show({ kind: 'notice', organisation, notice: notice.view, starting: true })
    const made = await this.#attempt('old_browser', organisation, async () => {
      await selfTest(this.#ports.clock.now())
      return makeConversation(this.#ports, { page: this.#page, root: trust.memory.pinned, trust, notice })
    })
    if (made === null) return
    const { keys, ...begun } = made
    const store = this.#storeOf(keys)
    const saved = await this.#attempt('no_storage', organisation, async () => {
      await this.#ports.store.saveKeys(keys)
      const records = new Map(believedRecords(keeper))
      records.set(NAMES.customer, writeRecord(CUSTOMER, begun.record))
      await store.save(records.set(recordName(begun.record.conversation), encodeConversation(begun.conversation)))
      return true
    })
    if (saved !== null) this.#run({ ...begun, decisions: [], keeper, organisation, store })
  }

  async #attempt<T>(code: 'old_browser' | 'no_storage', organisation: Organisation, task: () => Promise<T>): Promise<T | null> {
    try {
      return await task()
    } catch (error) {
      this.#stop({ code, detail: nameOf(error) }, organisation)
      return null
    }
  }

  /** After a reload what rests sealed goes on where it stood. What cannot be believed is wiped, and `false` says so. */
  async #restore(keys: StoredKeys, pinned: Uint8Array): Promise<boolean> {
    try {
      const begun = await this.#rested(keys, pinned)
      this.#run(begun)
      void begun.keeper.refresh(true)
      return true
    } catch (error) {
      if (!(error instanceof BrokenSeal || error instanceof BadFrame || error instanceof Untrusted)) throw error
      await this.#ports.store.wipe()
      return false
    }
  }

  async #rested(keys: StoredKeys, pinned: Uint8Array): Promise<Begun> {
    const store = this.#storeOf(keys)
    const record = await readRecord(CUSTOMER, store.load(NAMES.customer))
    const believed = await readRecord(BELIEVED, store.load(NAMES.believed))
    const saved = record && (await store.load(recordName(record.conversation)))
    if (record === null || believed === null || saved === null) throw new BrokenSeal('incomplete')
    const keeper = this.#keeperFor(pinned, believed.memory)
    const trust = await keeper.take(believed.bundle)
    const conversation = await decodeConversation(saved, trust)
    const decisions = (await readRecord(DECISIONS, store.load(NAMES.decisions))) ?? []
    const signer = signerFromCryptoKey(keys.device.privateKey, keys.devicePublic)
    return { keeper, organisation: await this.#organisationOf(trust), signer, record, conversation, decisions, store }
  }

  #run(begun: Begun): void {
    const chat = new CustomerChat({
      ...begun,
      ports: this.#ports,
      page: this.#page,
      changed: () => {
        if (this.#phase.kind === 'chat' && this.#phase.chat === chat) this.#show(chat.view())
      },
      refused: (code) => {
        void this.#leave().then(() => this.#stop({ code: 'refused', detail: code }, begun.organisation))
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

type Begun = Omit<Beginning, 'ports' | 'page' | 'changed' | 'refused'>

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown')
