/** The customer's running conversation: the link, opening it at the relay, closing, and its view. Proposals are judged in `proposals.ts`. */
import type { CustomerView, Link as LinkWord, Problem } from '../core/views.ts'
import { Lapsed, Untrusted } from '../keys/untrusted.ts'
import { CLOSE } from '../wire/generated/codes.ts'
import type { ConversationCard, FromRelay, OnCall, Welcomed, WhoIsHere } from '../wire/generated/frames.ts'
import { sameOctets } from '../wire/octets.ts'
import { passes, Refused } from '../wire/refused.ts'
import type { Beginning } from './beginning.ts'
import { Chat } from './chat.ts'
import type { ChatIntent } from './chatIntent.ts'
import { type Conversation, STUCK } from './conversation.ts'
import { brokenBy } from './conversationView.ts'
import { type Parts, partsOf } from './customerParts.ts'
import { customerView } from './customerView.ts'
import { Draft } from './draft.ts'
import { signHello } from './hello.ts'
import { type LeaveView, Leaving } from './leaving.ts'
import { Link, LinkLost } from './link.ts'
import { handOver, isHeard, mayContinue } from './nextGroup.ts'
import { saveReceipts } from './receipts.ts'
import { believedRecords, CUSTOMER, type CustomerRecord, draftName, NAMES, writeRecord } from './records.ts'
import { Shelf } from './shelf.ts'

const RETRY_MS = 2000
/** Nothing says which message before a close is the last one for us; what has not come by then does not come. */
const DRAIN_MS = 2000

export class CustomerChat {
  readonly #begin: Beginning
  readonly #link: Link
  readonly #chat: Chat
  readonly #shelf: Shelf
  readonly #draft: Draft
  readonly #leaving: Leaving
  readonly #parts: Parts
  #record: CustomerRecord
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
    this.#shelf = new Shelf(begin.store, ports.store)
    this.#draft = new Draft(this.#shelf, draftName(record.conversation), begin.draft)
    const world = {
      me: signer.publicKey,
      signer,
      link: this.#link,
      store: this.#shelf,
      clock: ports.clock,
      trust: keeper,
      relayNow: () => ports.clock.now() + this.#offset,
      entropy: ports.entropy,
    }
    this.#chat = new Chat(begin.conversation, {
      ...world,
      changed: () => this.#chatChanged(),
      isHeld: () => this.#parts.proposals.isLeaving,
      committed: (receipt) => this.#both((one) => one.receipted(receipt)),
      commitRefused: () => this.#both((one) => one.giveUp()),
    })
    this.#leaving = new Leaving({ link: this.#link, changed: begin.changed, letIn: (answer) => this.#letIn(answer) })
    const distrusted = (error: unknown): void => this.distrusted(error)
    this.#parts = partsOf(begin, { chat: this.#chat, shelf: this.#shelf, world, distrusted })
  }

  /** What the conversation's next group takes with it: what is typed and not sent, and every question that was answered. */
  get rest(): Pick<Beginning, 'draft' | 'decisions' | 'keptOpen'> {
    return { draft: this.#draft.text, decisions: this.#parts.asking.records, keptOpen: this.#parts.longer.records }
  }

  start(): void {
    this.#parts.proposals.leave(this.#record.onCall)
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
    await this.#shelf.wipe()
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
      case 'answer':
        this.#parts.asking.answer(intent.request, intent.answer)
        break
      case 'withdraw':
        this.#parts.asking.withdraw(intent.decision)
        break
      case 'readIncident':
        this.#parts.incidents.read(intent.id)
        break
      case 'centre':
        this.#parts.centre.prepare().catch(() => this.#chat.problemIs({ code: 'relay_unreachable', detail: 'policy' }))
        break
      case 'showHeld':
        void this.#parts.centre.show()
        break
      case 'saveReceipts':
        this.#saveReceipts().catch(() => this.#chat.problemIs({ code: 'relay_unreachable', detail: 'policy' }))
        break
      case 'longer':
        this.#parts.longer.act(intent.act)
        break
      case 'resend':
        this.#chat.answerResend(intent.again)
        break
      case 'share':
        this.#chat.answerShare(intent.with, intent.wanted)
        break
      case 'end':
        this.#wantsEnd = true
        if (this.#link.online) this.#chat.close()
    }
  }

  async believed(): Promise<void> {
    await this.#shelf.save(believedRecords(this.#begin.keeper))
    this.#chat.trustChanged()
    this.#parts.asking.policyChanged()
    await this.#parts.incidents.trustChanged()
  }

  distrusted(error: unknown): void {
    if (!(error instanceof Untrusted)) throw error
    this.#chat.problemIs({ code: 'organisation_unconfirmed', detail: error.reason })
  }

  view(): CustomerView {
    const { organisation, signer, ports } = this.#begin
    return customerView(this.#chat.conversation, {
      organisation,
      me: signer.publicKey,
      record: this.#record,
      isOver: this.#isOver,
      deskAway: this.#deskAway,
      leave: this.#leaveView(),
      link: this.#word,
      asking: this.#parts.asking,
      centre: this.#parts.centre,
      incidents: this.#parts.incidents,
      longer: this.#parts.longer,
      now: ports.clock.now() + this.#offset,
      offset: this.#offset,
      problem: this.#ended ?? this.#chat.problem ?? this.#begin.keeper.problem,
      draft: this.#draft.text,
    })
  }

  #leaveView(): LeaveView {
    const { stage, readers } = this.#chat.conversation
    const isWaiting = stage === 'waiting' && readers.length === 1 && this.#record.groupInfo === null
    return this.#leaving.view({ isAlone: isWaiting && this.#deskAway, isLettingIn: this.#parts.proposals.isLeaving })
  }

  /** The customer's own wish: whoever is on call is let in, and then what was written is encrypted for them. */
  async #letIn({ card, keyPackages }: OnCall): Promise<void> {
    const next = { ...this.#record, onCall: keyPackages }
    await this.#shelf.save(new Map([[NAMES.customer, writeRecord(CUSTOMER, next)]]))
    this.#record = next
    this.#chat.card(card)
    this.#parts.proposals.leave(keyPackages)
  }

  async #saveReceipts(): Promise<void> {
    const { ports, signer, keeper } = this.#begin
    const kept = {
      record: this.#record,
      conversation: this.#chat.conversation,
      decisions: this.#parts.asking.current,
      keptOpen: this.#parts.longer.current,
      trust: keeper.bundle,
    }
    await saveReceipts(ports, kept, { signer, now: ports.clock.now() + this.#offset })
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
    await this.#shelf.save(new Map([[NAMES.customer, writeRecord(CUSTOMER, next)]]))
    this.#record = next
    this.#chat.began(opened.card)
    this.#proceed(opened.card)
  }

  /** Go on in the conversation's next group: new key, new keys for everybody. Nobody is asked to do anything. */
  #handOver(): void {
    if (this.#isOver || this.#isHandingOver) return
    this.#isHandingOver = true
    const { ports, keeper, keys, page, store, goesOn } = this.#begin
    const [record, keptOpen, now] = [this.#record, this.#parts.longer.records, ports.clock.now() + this.#offset]
    const save = async (before: Conversation): Promise<void> => {
      if (keeper.state === null || !mayContinue(record, { keptOpen, now })) throw new Lapsed('no more groups')
      goesOn(await handOver(ports, { before, store, record, keptOpen, keys, trust: keeper.state, page, now }))
    }
    this.#chat.handOver(save).catch((error: unknown) => {
      this.#isHandingOver = false
      this.#chat.problemIs(brokenBy(error))
    })
  }

  #openFailed(error: unknown): void {
    if (error instanceof LinkLost) return
    if (passes(error)) {
      const again = (): void => void this.#open().catch((later: unknown) => this.#openFailed(later))
      this.#begin.ports.clock.after(error.retryAfterMs ?? RETRY_MS, again)
      return
    }
    this.#begin.refused(error instanceof Refused ? error.code : 'open', this.#offset)
  }

  #proceed(card: ConversationCard): void {
    this.#chat.resume(card)
    this.#both((one) => one.consider())
    this.#parts.asking.policyChanged()
    if (this.#wantsEnd) this.#chat.close()
  }

  #receive(frame: FromRelay): void {
    const conversation = frame.tag === 'changed' ? frame.card.conversation : 'conversation' in frame ? frame.conversation : null
    if (frame.tag === 'trust') this.#begin.keeper.take(frame.bundle).catch((error: unknown) => this.distrusted(error))
    else if (conversation !== null && this.#isOurs(conversation)) this.#receiveOurs(frame)
  }

  #receiveOurs(frame: FromRelay): void {
    if (frame.tag === 'envelope') this.#chat.envelope(frame)
    else if (frame.tag === 'delivered') this.#chat.delivered(frame.seq)
    else if (frame.tag === 'complained' && isHeard(this.#chat.conversation, frame)) this.#handOver()
    else if (frame.tag === 'changed') this.#chat.card(frame.card)
    else if (frame.tag === 'proposal') this.#parts.proposals.offer(frame.keyPackage)
    else if (frame.tag === 'asked') this.#parts.asking.offer(frame)
    else if (frame.tag === 'request') this.#parts.asking.stated(frame)
    else if (frame.tag === 'incident') this.#parts.incidents.offer(frame.notice)
    else if (frame.tag === 'here') this.#here(frame)
  }

  #here({ desk }: WhoIsHere): void {
    this.#deskAway = desk === 'away'
    this.#begin.changed()
  }

  #both(act: (one: Parts['asking'] | Parts['longer']) => void): void {
    act(this.#parts.asking)
    act(this.#parts.longer)
  }

  #isOurs(conversation: Uint8Array): boolean {
    return sameOctets(conversation, this.#record.conversation)
  }

  #chatChanged(): void {
    if (this.#chat.conversation.stage === 'closed') this.#closed()
    if (this.#chat.problem?.code === 'chat_lost') this.#begin.lost()
    else if (this.#chat.conversation.broken === STUCK) this.#handOver()
    this.#parts.proposals.consider()
    this.#both((one) => one.consider())
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
    this.#both((one) => one.stop())
    this.#link.stop()
    this.#begin.keeper.stop()
    void this.#shelf.wipe()
  }
}
