/** The customer's running conversation: the link, opening it at the relay, closing, and its view. Proposals are judged in `proposals.ts`. */
import type { PageConfig, Ports } from '../core/ports.ts'
import type { CustomerIntent, CustomerView, Link as LinkWord, Organisation, Problem } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { Untrusted } from '../keys/untrusted.ts'
import type { SealedStore } from '../store/sealed.ts'
import { CLOSE } from '../wire/generated/codes.ts'
import type { ConversationCard, FromRelay, Welcomed } from '../wire/generated/frames.ts'
import { sameOctets } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { Asking } from './asking.ts'
import { Chat } from './chat.ts'
import type { Conversation } from './conversation.ts'
import { brokenProblem, entryViews, readerViews, wordsView } from './conversationView.ts'
import type { DecisionRecord } from './decisionRecords.ts'
import { nextEnd } from './guests.ts'
import { signHello } from './hello.ts'
import { Link, LinkLost } from './link.ts'
import { Proposals } from './proposals.ts'
import { believedRecords, CUSTOMER, type CustomerRecord, NAMES, writeRecord } from './records.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const RETRY_MS = 2000

export interface Beginning {
  readonly ports: Ports
  readonly page: PageConfig
  readonly keeper: TrustKeeper
  readonly organisation: Organisation
  readonly signer: Signer
  readonly record: CustomerRecord
  readonly conversation: Conversation
  readonly decisions: readonly DecisionRecord[]
  readonly store: SealedStore
  changed(): void
  /** The relay does not open this conversation. */
  refused(code: string): void
}

export type ChatIntent = Extract<CustomerIntent, { readonly kind: 'send' | 'retry' | 'end' | 'seen' | 'answer' | 'withdraw' }>

export class CustomerChat {
  readonly #begin: Beginning
  readonly #link: Link
  readonly #chat: Chat
  readonly #proposals: Proposals
  readonly #asking: Asking
  #cancelEnd: () => void = () => undefined
  #record: CustomerRecord
  #saving: Promise<void> = Promise.resolve()
  #word: LinkWord = 'connecting'
  #offset = 0
  #wantsEnd = false
  #deskAway = false
  #isOver = false
  #ended: Problem | null = null

  constructor(begin: Beginning) {
    const { ports, signer, record, keeper } = begin
    this.#begin = begin
    this.#record = record
    this.#link = new Link({ port: ports.link, clock: ports.clock, entropy: ports.entropy }, this.#linkEvents())
    this.#chat = new Chat(begin.conversation, {
      me: signer.publicKey,
      signer,
      link: this.#link,
      store: { load: begin.store.load, save: (changes) => this.#save(changes) },
      clock: ports.clock,
      trust: keeper,
      relayNow: () => ports.clock.now() + this.#offset,
      entropy: ports.entropy,
      changed: () => this.#chatChanged(),
      committed: (receipt) => this.#asking.receipted(receipt),
      commitRefused: () => this.#asking.giveUp(),
    })
    this.#asking = new Asking(
      {
        chat: this.#chat,
        documents: ports.documents,
        languages: ports.languages,
        changed: () => begin.changed(),
        world: {
          me: signer.publicKey,
          signer,
          link: this.#link,
          store: { load: begin.store.load, save: (changes) => this.#save(changes) },
          clock: ports.clock,
          trust: keeper,
          relayNow: () => ports.clock.now() + this.#offset,
          entropy: ports.entropy,
        },
      },
      begin.decisions,
    )
    this.#proposals = new Proposals({ chat: this.#chat, keeper, grounds: { reliesOn: record.startDigest, decision: record.start } })
  }

  start(): void {
    this.#link.start()
  }

  /** The link goes down; what rests stays. */
  stop(): void {
    this.#link.stop()
  }

  /** The link goes down and everything that rests here is wiped. */
  async leave(): Promise<void> {
    this.#isOver = true
    this.#link.stop()
    await this.#wipe()
  }

  act(intent: ChatIntent): void {
    switch (intent.kind) {
      case 'send':
        this.#chat.say(intent.text)
        break
      case 'retry':
        this.#chat.retry(intent.id)
        break
      case 'seen':
        this.#chat.seen()
        break
      case 'answer':
        this.#asking.answer(intent.request, intent.answer)
        break
      case 'withdraw':
        this.#asking.withdraw(intent.decision)
        break
      case 'end':
        this.#wantsEnd = true
        if (this.#link.online) this.#chat.close()
    }
  }

  async believed(): Promise<void> {
    await this.#save(believedRecords(this.#begin.keeper))
    this.#chat.trustChanged()
  }

  distrusted(error: unknown): void {
    if (!(error instanceof Untrusted)) throw error
    this.#chat.problemIs({ code: 'organisation_unconfirmed', detail: error.reason })
  }

  view(): CustomerView {
    const { conversation } = this.#chat
    const begin = this.#begin
    const { organisation, signer } = begin
    return {
      kind: 'chat',
      organisation,
      deskLabel: this.#record.deskLabel,
      stage: this.#isOver ? 'closed' : this.#record.groupInfo !== null ? 'opening' : conversation.stage,
      ahead: this.#record.ahead,
      deskAway: this.#deskAway && conversation.readers.length === 1,
      link: this.#word,
      entries: entryViews(conversation),
      readers: readerViews(conversation, signer.publicKey),
      words: conversation.readers.length > 1 ? wordsView(conversation) : null,
      closesAt: conversation.closesAt,
      prompt: this.#isOver ? null : this.#asking.prompt,
      decisions: this.#asking.decisions(begin.ports.clock.now() + this.#offset),
      problem: brokenProblem(conversation) ?? this.#ended ?? this.#chat.problem ?? this.#expiry(),
      unread: conversation.unread,
    }
  }

  #linkEvents(): ConstructorParameters<typeof Link>[1] {
    const { page, signer, changed } = this.#begin
    const speaker = { site: page.site, origin: page.origin, role: 'customer', session: null, build: page.build } as const
    return {
      hello: (challenge) => signHello(challenge, { signer, speaker }),
      welcomed: (frame) => this.#welcomed(frame),
      frame: (frame) => this.#receive(frame),
      state: (state) => {
        this.#word = state
        changed()
      },
      ended: (code, refusal) => {
        this.#ended = code === CLOSE.takenOver ? { code: 'another_tab', detail: '' } : { code: 'refused', detail: refusal ?? `${code}` }
        changed()
      },
    }
  }

  #welcomed(frame: Welcomed): void {
    this.#offset = frame.serverTime - this.#begin.ports.clock.now()
    const card = frame.conversations.find(({ conversation }) => this.#isOurs(conversation))
    if (this.#record.groupInfo !== null) this.#open().catch((error: unknown) => this.#openFailed(error))
    else if (card === undefined) this.#over()
    else this.#proceed(card)
  }

  /** Safe to repeat with the same bytes, so also after a crash or a lost answer. */
  async #open(): Promise<void> {
    const { conversation, groupInfo, start } = this.#record
    if (groupInfo === null) return
    const opened = await this.#link.ask({ tag: 'open', conversation, groupInfo, start })
    if (opened.tag !== 'opened') return
    const next = { ...this.#record, groupInfo: null, receipt: opened.receipt, ahead: opened.ahead }
    await this.#save(new Map([[NAMES.customer, writeRecord(CUSTOMER, next)]]))
    this.#record = next
    this.#proceed(opened.card)
  }

  #openFailed(error: unknown): void {
    if (error instanceof LinkLost) return
    if (error instanceof Refused && (error.code === 'unavailable' || error.code === 'too_fast')) {
      const again = (): void => void this.#open().catch((later: unknown) => this.#openFailed(later))
      this.#begin.ports.clock.after(error.retryAfterMs ?? RETRY_MS, again)
      return
    }
    this.#begin.refused(error instanceof Refused ? error.code : 'open')
  }

  #proceed(card: ConversationCard): void {
    this.#chat.resume(card)
    this.#asking.consider()
    if (this.#wantsEnd) this.#chat.close()
  }

  #receive(frame: FromRelay): void {
    switch (frame.tag) {
      case 'envelope':
        if (this.#isOurs(frame.conversation)) this.#chat.envelope(frame)
        break
      case 'delivered':
        if (this.#isOurs(frame.conversation)) this.#chat.delivered(frame.seq)
        break
      case 'changed':
        if (this.#isOurs(frame.card.conversation)) this.#chat.card(frame.card)
        break
      case 'proposal':
        if (this.#isOurs(frame.conversation)) this.#proposals.offer(frame)
        break
      case 'here':
        if (this.#isOurs(frame.conversation)) this.#deskAway = frame.desk === 'away'
        this.#begin.changed()
        break
      case 'asked':
        if (this.#isOurs(frame.conversation)) this.#asking.offer(frame)
        break
      case 'trust':
        this.#begin.keeper.take(frame.bundle).catch((error: unknown) => this.distrusted(error))
    }
  }

  #isOurs(conversation: Uint8Array): boolean {
    return sameOctets(conversation, this.#record.conversation)
  }

  #chatChanged(): void {
    if (this.#chat.conversation.stage === 'closed') this.#over()
    this.#proposals.consider()
    this.#asking.consider()
    this.#awaitEnd()
    this.#begin.changed()
  }

  /** When the next decision of a guest runs out, whoever came by it is put out. */
  #awaitEnd(): void {
    this.#cancelEnd()
    const { clock } = this.#begin.ports
    const at = nextEnd(this.#chat.conversation)
    if (at !== Infinity && !this.#isOver)
      this.#cancelEnd = clock.after(Math.max(0, at - clock.now() - this.#offset), () => this.#chat.look())
  }

  /** Closed: the screen keeps what it shows, the device keeps nothing. */
  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#link.stop()
    this.#begin.keeper.stop()
    void this.#wipe()
  }

  /** What is over must not be written again behind the wipe. */
  #save(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    if (!this.#isOver) this.#saving = this.#begin.store.save(changes)
    return this.#saving
  }

  #wipe(): Promise<void> {
    const { store } = this.#begin.ports
    return this.#saving.then(
      () => store.wipe(),
      () => store.wipe(),
    )
  }

  #expiry(): Problem | null {
    const freshness = this.#begin.keeper.freshness()
    return freshness === 'fresh' ? null : { code: 'trust_expired', detail: freshness }
  }
}
