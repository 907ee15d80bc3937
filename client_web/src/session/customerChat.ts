/** The customer's running conversation: the link, opening it at the relay, closing, and its view. Proposals are judged in `proposals.ts`. */
import type { PageConfig, Ports, StoredKeys } from '../core/ports.ts'
import type { CustomerIntent, CustomerView, Link as LinkWord, Organisation, Problem } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { Lapsed, Untrusted } from '../keys/untrusted.ts'
import type { SealedStore } from '../store/sealed.ts'
import { CLOSE } from '../wire/generated/codes.ts'
import type { Complained, ConversationCard, FromRelay, OnCall, Welcomed } from '../wire/generated/frames.ts'
import { CLOCK_SKEW_MS } from '../wire/generated/limits.ts'
import { sameOctets } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { Chat } from './chat.ts'
import { type Conversation, readerOf, STUCK } from './conversation.ts'
import { brokenBy, brokenProblem, entryViews, readerViews, resendView, wordsView } from './conversationView.ts'
import { Draft } from './draft.ts'
import { signHello } from './hello.ts'
import { type LeaveView, Leaving } from './leaving.ts'
import { Link, LinkLost } from './link.ts'
import { handOver, type Made, mayContinue } from './nextGroup.ts'
import { Proposals } from './proposals.ts'
import { believedRecords, CUSTOMER, type CustomerRecord, draftName, NAMES, writeRecord } from './records.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const RETRY_MS = 2000
/** Nothing says which message before a close is the last one for us; what has not come by then does not come. */
const DRAIN_MS = 2000

export interface Beginning {
  readonly ports: Ports
  readonly page: PageConfig
  readonly keeper: TrustKeeper
  readonly organisation: Organisation
  readonly keys: StoredKeys
  readonly signer: Signer
  readonly record: CustomerRecord
  readonly conversation: Conversation
  readonly store: SealedStore
  /** Typed before the reload and not sent. */
  readonly draft: string
  changed(): void
  /** The relay does not open this conversation; its clock is so far from ours. */
  refused(code: string, relayOffset: number): void
  /** This chat has handed over: another one goes on with what is saved now. */
  goesOn(next: Made): void
  /** The browser has taken away what was kept: nothing can be sent any more. */
  lost(): void
}

export type ChatIntent = Extract<CustomerIntent, { readonly kind: 'send' | 'retry' | 'end' | 'seen' | 'draft' | 'resend' | 'leaveMessage' }>

export class CustomerChat {
  readonly #begin: Beginning
  readonly #link: Link
  readonly #chat: Chat
  readonly #proposals: Proposals
  readonly #draft: Draft
  readonly #leaving: Leaving
  #record: CustomerRecord
  #saving: Promise<void> = Promise.resolve()
  #word: LinkWord = 'connecting'
  #offset = 0
  #wantsEnd = false
  #deskAway = false
  #isOver = false
  #isDraining = false
  #isHandingOver = false
  #ended: Problem | null = null

  constructor(begin: Beginning) {
    const { ports, signer, record, keeper } = begin
    this.#begin = begin
    this.#record = record
    this.#link = new Link({ port: ports.link, clock: ports.clock, entropy: ports.entropy }, this.#linkEvents())
    const store = { load: begin.store.load, save: (changes: ReadonlyMap<string, Uint8Array | null>) => this.#save(changes) }
    this.#draft = new Draft(store, draftName(record.conversation), begin.draft)
    this.#chat = new Chat(begin.conversation, {
      me: signer.publicKey,
      signer,
      link: this.#link,
      store,
      clock: ports.clock,
      trust: keeper,
      relayNow: () => ports.clock.now() + this.#offset,
      entropy: ports.entropy,
      changed: () => this.#chatChanged(),
      isHeld: () => this.#proposals.isLeaving,
    })
    this.#leaving = new Leaving({ link: this.#link, changed: begin.changed, letIn: (answer) => this.#letIn(answer) })
    this.#proposals = new Proposals({
      me: signer.publicKey,
      chat: this.#chat,
      keeper,
      grounds: { reliesOn: record.startDigest, decision: record.start },
    })
  }

  /** What is typed and not sent. */
  get draft(): string {
    return this.#draft.text
  }

  start(): void {
    this.#proposals.leave(this.#record.onCall)
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
      case 'draft':
        this.#draft.write(intent.text)
        break
      case 'leaveMessage':
        if (this.#leaveView() === 'offered') void this.#leaving.ask(this.#record.conversation)
        break
      case 'resend':
        this.#chat.answerResend(intent.again)
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
    const { organisation, signer } = this.#begin
    return {
      kind: 'chat',
      organisation,
      deskLabel: this.#record.deskLabel,
      stage: this.#isOver ? 'closed' : this.#record.groupInfo !== null ? 'opening' : conversation.stage,
      ahead: this.#record.ahead,
      deskAway: this.#deskAway && conversation.readers.length === 1,
      leave: this.#leaveView(),
      link: this.#word,
      entries: entryViews(conversation),
      readers: readerViews(conversation, signer.publicKey),
      words: conversation.readers.length > 1 ? wordsView(conversation) : null,
      closesAt: conversation.closesAt,
      problem: brokenProblem(conversation) ?? this.#ended ?? this.#chat.problem ?? this.#expiry(),
      unread: conversation.unread,
      draft: this.#draft.text,
      resend: resendView(conversation),
      clockOff: Math.abs(this.#offset) > CLOCK_SKEW_MS ? -this.#offset : 0,
    }
  }

  #leaveView(): LeaveView {
    const { stage, readers } = this.#chat.conversation
    const isWaiting = stage === 'waiting' && readers.length === 1 && this.#record.groupInfo === null
    return this.#leaving.view({ isAlone: isWaiting && this.#deskAway, isLettingIn: this.#proposals.isLeaving })
  }

  /** The customer's own wish: whoever is on call is let in, and then what was written is encrypted for them. */
  async #letIn({ card, keyPackages }: OnCall): Promise<void> {
    const next = { ...this.#record, onCall: keyPackages }
    await this.#save(new Map([[NAMES.customer, writeRecord(CUSTOMER, next)]]))
    this.#record = next
    this.#chat.card(card)
    this.#proposals.leave(keyPackages)
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
    // Who was revoked while the line was down must not get what is sent now.
    void this.#begin.keeper.refresh(true)
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
    this.#chat.began(opened.card)
    this.#proceed(opened.card)
  }

  /** Go on in the conversation's next group: new key, new keys for everybody. Nobody is asked to do anything. */
  #handOver(): void {
    if (this.#isOver || this.#isHandingOver) return
    this.#isHandingOver = true
    const { ports, keeper, keys, page, store, goesOn } = this.#begin
    const [record, now] = [this.#record, ports.clock.now() + this.#offset]
    const save = async (before: Conversation): Promise<void> => {
      if (keeper.state === null || !mayContinue(record, now)) throw new Lapsed('no more groups')
      goesOn(await handOver(ports, { before, store, record, keys, trust: keeper.state, page, now }))
    }
    this.#chat.handOver(save).catch((error: unknown) => {
      this.#isHandingOver = false
      this.#chat.problemIs(brokenBy(error))
    })
  }

  #openFailed(error: unknown): void {
    if (error instanceof LinkLost) return
    if (error instanceof Refused && (error.code === 'unavailable' || error.code === 'too_fast')) {
      const again = (): void => void this.#open().catch((later: unknown) => this.#openFailed(later))
      this.#begin.ports.clock.after(error.retryAfterMs ?? RETRY_MS, again)
      return
    }
    this.#begin.refused(error instanceof Refused ? error.code : 'open', this.#offset)
  }

  #proceed(card: ConversationCard): void {
    this.#chat.resume(card)
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
      case 'complained':
        if (this.#isOurs(frame.conversation) && this.#isHeard(frame)) this.#handOver()
        break
      case 'changed':
        if (this.#isOurs(frame.card.conversation)) this.#chat.card(frame.card)
        break
      case 'proposal':
        if (this.#isOurs(frame.conversation)) this.#proposals.offer(frame.keyPackage)
        break
      case 'here':
        if (this.#isOurs(frame.conversation)) this.#deskAway = frame.desk === 'away'
        this.#begin.changed()
        break
      case 'trust':
        this.#begin.keeper.take(frame.bundle).catch((error: unknown) => this.distrusted(error))
    }
  }

  /** T22: whoever is not, or no longer, in the group is not heard. */
  #isHeard({ group, device }: Complained): boolean {
    const { conversation } = this.#chat
    return group === conversation.group && conversation.broken === null && readerOf(conversation, device) !== null
  }

  #isOurs(conversation: Uint8Array): boolean {
    return sameOctets(conversation, this.#record.conversation)
  }

  #chatChanged(): void {
    if (this.#chat.conversation.stage === 'closed') this.#closed()
    if (this.#chat.problem?.code === 'chat_lost') this.#begin.lost()
    else if (this.#chat.conversation.broken === STUCK) this.#handOver()
    this.#proposals.consider()
    this.#begin.changed()
  }

  /** Closed while this device was away, perhaps: what was said before the end still comes. */
  #closed(): void {
    if (this.#chat.isAllHere) this.#over()
    else if (!this.#isDraining) this.#begin.ports.clock.after(DRAIN_MS, () => this.#over())
    this.#isDraining = true
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
