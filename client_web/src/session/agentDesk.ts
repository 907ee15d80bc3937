/** A signed-in agent at work: the link, the queues and taking from them, and the view. Conversations are `agentChats.ts`'s. */
import type { ConsoleConfig, Ports } from '../core/ports.ts'
import type { AgentChat, AgentIntent, AgentView, ChatSummary, Link as LinkWord, Organisation, Problem } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { Untrusted } from '../keys/untrusted.ts'
import type { SealedStore } from '../store/sealed.ts'
import { CLOSE } from '../wire/generated/codes.ts'
import type { ConversationCard, DeviceChanged, FromRelay, Queue, Welcomed, WhoIsHere } from '../wire/generated/frames.ts'
import { fromHex, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { AgentChats } from './agentChats.ts'
import { AgentHandoffs } from './agentHandoffs.ts'
import { AgentKeys } from './agentKeys.ts'
import { AgentQuestions } from './agentQuestions.ts'
import { type Aside, chatView, deskView, proposedView, summaryOf } from './agentView.ts'
import type { Chat } from './chat.ts'
import { REMOVED } from './conversation.ts'
import { signHello } from './hello.ts'
import { Link, LinkLost } from './link.ts'
import { isLeftFor } from './onCall.ts'
import { believedRecords, type SessionRecord } from './records.ts'
import type { Requests } from './requests.ts'
import { serial } from './serial.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const CONSOLE_SITE = 'console'

export interface DeskBeginning {
  readonly ports: Ports
  readonly config: ConsoleConfig
  readonly keeper: TrustKeeper
  readonly organisation: Organisation
  readonly signer: Signer
  readonly store: SealedStore
  readonly session: SessionRecord
  changed(): void
  /** The sign-in is over. */
  signedOut(): void
}

export type DeskIntent = Exclude<AgentIntent, { readonly kind: 'signIn' | 'signOut' }>

export class Desk {
  readonly #begin: DeskBeginning
  readonly #inOrder = serial()
  readonly #queues = new Map<string, Queue>()
  /** Conversations whose customer's device is not connected, as the relay told last. */
  readonly #away = new Set<string>()
  readonly #link: Link
  readonly #keys: AgentKeys
  readonly #chats: AgentChats
  readonly #handoffs: AgentHandoffs
  readonly #questions: AgentQuestions
  #desks: readonly string[]
  #word: LinkWord = 'connecting'
  #problem: Problem | null = null
  #shown: string | null = null
  #isTaking = false
  #offset = 0

  constructor(begin: DeskBeginning) {
    const { ports, signer, store, keeper, session } = begin
    const relayNow = (): number => ports.clock.now() + this.#offset
    this.#begin = begin
    this.#desks = session.desks
    this.#link = new Link({ port: ports.link, clock: ports.clock, entropy: ports.entropy }, this.#linkEvents())
    const link = this.#link
    this.#keys = new AgentKeys({ signer, agent: session.agent, store, link, keeper, relayNow })
    const world = { me: signer.publicKey, signer, link, store, clock: ports.clock, trust: keeper, entropy: ports.entropy, relayNow }
    this.#chats = new AgentChats({ ...world, keys: this.#keys, changed: (name) => this.#chatChanged(name) })
    const { documents, languages } = ports
    const changed = (): void => begin.changed()
    this.#questions = new AgentQuestions({ link, documents, languages, trust: keeper, me: signer.publicKey, relayNow, changed })
    this.#handoffs = new AgentHandoffs({ me: signer.publicKey, link, keeper, chats: this.#chats, changed: () => begin.changed() })
  }

  async start(): Promise<void> {
    await this.#keys.restore()
    await this.#chats.restore()
    this.#link.start()
  }

  stop(): void {
    this.#link.stop()
  }

  async believed(): Promise<void> {
    await this.#begin.store.save(believedRecords(this.#begin.keeper))
    for (const chat of this.#chats.all) chat.trustChanged()
  }

  problemIs(problem: Problem | null): void {
    this.#problem = problem
    this.#begin.changed()
  }

  act(intent: DeskIntent): void {
    switch (intent.kind) {
      case 'askForApproval':
        this.#attempt(this.#keys.askForApproval())
        this.#begin.changed()
        break
      case 'take':
        this.#attempt(this.#take(intent.desk, intent.conversation))
        break
      case 'show':
        this.#show(intent.conversation)
        break
      case 'send':
        this.#chats.get(intent.conversation)?.say(intent.text)
        break
      case 'retry':
        this.#chats.get(intent.conversation)?.retry(intent.id)
        break
      case 'draft':
        this.#chats.draft(fromHex(intent.conversation)).write(intent.text)
        break
      case 'close':
        this.#chats.get(intent.conversation)?.close()
        break
      case 'listColleagues':
        this.#attempt(this.#handoffs.list(intent.conversation))
        break
      case 'handOff':
        this.#attempt(this.#handoffs.handOff(intent.conversation, intent.to))
        break
      case 'callOff':
        this.#attempt(this.#handoffs.callOff(intent.conversation))
        break
      case 'declineOffer':
        this.#attempt(this.#handoffs.decline(intent.conversation))
        break
      case 'find':
        this.#withRequests(intent.conversation, (requests, chat) => requests.find(chat.conversation, intent.moment))
        break
      case 'ask':
        this.#withRequests(intent.conversation, (requests, chat) => requests.ask(chat.conversation, intent))
        break
      case 'dismissProblem':
        for (const chat of this.#chats.all) chat.problemIs(null)
        this.problemIs(null)
    }
  }

  view(): AgentView {
    const { session, organisation } = this.#begin
    return {
      kind: 'desk',
      name: session.name,
      organisation,
      device: this.#keys.view,
      link: this.#word,
      desks: this.#desks.map((desk) => deskView(desk, this.#queues.get(desk))),
      chats: this.#summaries(),
      offers: this.#handoffs.offers,
      open: this.#open(),
      problem: this.#problem ?? this.#begin.keeper.problem,
      taking: this.#isTaking,
    }
  }

  #summaries(): readonly ChatSummary[] {
    const { proposed, all } = this.#chats
    const me = this.#begin.signer.publicKey
    const waiting = proposed.map((card) => this.#proposedView(card))
    return [...waiting, ...all.map((chat) => summaryOf(chat, { me, ...this.#aside(chat.conversation.id) }))]
  }

  #open(): AgentChat | null {
    const chat = this.#chats.get(this.#shown)
    if (chat !== undefined) return this.#seen(chat)
    const card = this.#chats.proposed.find(({ conversation }) => toHex(conversation) === this.#shown)
    return card === undefined ? null : this.#proposedView(card)
  }

  #seen(chat: Chat): AgentChat {
    const { id } = chat.conversation
    const name = toHex(id)
    const handing = { handoff: this.#handoffs.view(name), colleagues: this.#handoffs.colleagues(name) }
    const me = this.#begin.signer.publicKey
    return chatView(chat, { me, ...this.#aside(id), ...handing, requests: this.#questions.of(name) })
  }

  #proposedView(card: ConversationCard): AgentChat {
    return proposedView(card, { ...this.#aside(card.conversation), handoff: this.#handoffs.taking(toHex(card.conversation)) })
  }

  #withRequests(name: string, doing: (requests: Requests, chat: Chat) => Promise<void>): void {
    const chat = this.#chats.get(name)
    if (chat !== undefined) this.#attempt(doing(this.#questions.of(name), chat))
  }

  #aside(conversation: Uint8Array): Aside {
    return { away: this.#away.has(toHex(conversation)), draft: this.#chats.draft(conversation).text }
  }

  #linkEvents(): ConstructorParameters<typeof Link>[1] {
    const { config, session, signer } = this.#begin
    const speaker = { site: CONSOLE_SITE, origin: config.origin, role: 'agent', session: session.token, build: config.build } as const
    return {
      hello: (challenge) => signHello(challenge, { signer, speaker }),
      welcomed: (frame) => this.#welcomed(frame),
      frame: (frame) => this.#receive(frame),
      state: (state) => {
        this.#word = state
        this.#begin.changed()
      },
      ended: (code, refusal) => this.#ended(code, refusal),
    }
  }

  #ended(code: number, refusal: string | null): void {
    if (code === CLOSE.notSignedIn) this.#begin.signedOut()
    else if (code === CLOSE.revoked) this.#revoked()
    else if (code === CLOSE.takenOver) this.problemIs({ code: 'another_tab', detail: '' })
    else this.problemIs({ code: 'refused', detail: refusal ?? `${code}` })
  }

  #revoked(): void {
    this.#keys.revoked()
    this.#begin.changed()
  }

  #welcomed(frame: Welcomed): void {
    this.#offset = frame.serverTime - this.#begin.ports.clock.now()
    void this.#begin.keeper.refresh(true)
    this.#desks = frame.agent?.desks ?? this.#desks
    for (const desk of this.#desks) this.#attempt(this.#link.insist({ tag: 'watch', desk }))
    this.#attempt(this.#chats.welcomed(frame.conversations))
    this.#deviceChanged(frame)
  }

  #receive(frame: FromRelay): void {
    switch (frame.tag) {
      case 'envelope':
        this.#inTurn(async () => {
          await this.#chats.take(frame, this.#keys.standing.credential)
          await this.#keys.refill()
        })
        break
      case 'delivered':
        // In turn: what comes after a welcome must not be told to the group before.
        this.#inTurn(async () => this.#chats.delivered(frame.conversation, frame.seq))
        break
      case 'changed':
        this.#inTurn(() => this.#chats.cardChanged(frame.card))
        break
      case 'queue':
        this.#queues.set(frame.desk, frame)
        this.#begin.changed()
        break
      case 'request':
        this.#questions.of(toHex(frame.conversation)).changed(frame)
        break
      case 'here':
        this.#hereChanged(frame)
        break
      case 'device':
        this.#deviceChanged(frame)
        break
      case 'proposal':
        this.#handoffs.proposed(frame)
        break
      case 'handoffs':
        // After the envelopes before it: that an offer is over is told after the welcome to which it led.
        this.#inTurn(() => this.#handoffs.told(frame))
        break
      case 'trust':
        this.#attempt(this.#begin.keeper.take(frame.bundle))
    }
  }

  #hereChanged({ conversation, customer }: WhoIsHere): void {
    if (customer === 'away') this.#away.add(toHex(conversation))
    else this.#away.delete(toHex(conversation))
    this.#begin.changed()
  }

  #deviceChanged(frame: Omit<DeviceChanged, 'tag' | 'deviceState'> & { readonly deviceState: string }): void {
    this.#inTurn(async () => {
      this.#keys.heldIs(frame)
      await this.#keys.changed(frame)
      await this.#keys.refill()
    })
  }

  async #take(desk: string, conversation: string | null): Promise<void> {
    if (this.#isTaking) return
    this.#isTaking = true
    this.#begin.changed()
    try {
      const answer = await this.#link.ask({ tag: 'take', desk, conversation: conversation === null ? null : fromHex(conversation) })
      if (answer.tag !== 'taken') return
      this.#keys.claimed()
      this.#shown = toHex(answer.card.conversation)
      await this.#chats.takenAnew(answer.card)
    } finally {
      this.#isTaking = false
      this.#begin.changed()
    }
  }

  #show(name: string | null): void {
    if (this.#shown !== name) this.#chats.putAway(this.#shown)
    this.#shown = name
    if (name !== null) {
      this.#chatChanged(name)
      this.#withRequests(name, (requests, chat) => requests.prepare(chat.conversation))
    }
    // Whoever opens a message that was left is the one who answers it.
    const chat = this.#chats.get(name)
    if (chat !== undefined && isLeftFor(chat.conversation, this.#begin.signer.publicKey)) this.#attempt(chat.answerLeft())
    this.#begin.changed()
  }

  #chatChanged(name: string): void {
    this.#handoffs.consider(name)
    const chat = this.#chats.get(name)
    const hasLeft = chat !== undefined && chat.conversation.broken === REMOVED
    // A colleague on call was faster.
    if (hasLeft && isLeftFor(chat.conversation, this.#begin.signer.publicKey)) {
      if (this.#shown === name) this.#shown = null
      this.#attempt(this.#chats.drop(name))
    } else if (hasLeft) this.#attempt(this.#chats.leave(name))
    if (chat !== undefined && this.#shown === name) {
      if (chat.conversation.unread > 0) chat.seen()
      this.#withRequests(name, (requests) => requests.prepare(chat.conversation))
    }
    this.#begin.changed()
  }

  #inTurn(task: () => Promise<void>): void {
    this.#attempt(this.#inOrder.run(task).then(() => this.#begin.changed()))
  }

  /** What fails while nobody waits for it stands on the screen. */
  #attempt(doing: Promise<unknown>): void {
    doing.catch((error: unknown) => {
      if (error instanceof LinkLost) return
      if (error instanceof Refused) this.problemIs({ code: 'refused', detail: error.code })
      else if (error instanceof Untrusted) this.problemIs({ code: 'organisation_unconfirmed', detail: error.reason })
      else this.problemIs({ code: 'refused', detail: error instanceof Error ? error.name : 'unknown' })
    })
  }
}
