/** One running conversation of either end: takes the relay's frames in order, and what the person wants. */
import type { Problem } from '../core/views.ts'
import { NeedsNewerTrust, Untrusted } from '../keys/untrusted.ts'
import type { ConversationCard, Envelope } from '../wire/generated/frames.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { Committing, type Planning } from './committing.ts'
import { type Conversation, isLeftBehind, SET_BACK, type Situation, STUCK, type Step, withState } from './conversation.ts'
import { type ChatWorld, Holding } from './holding.ts'
import { LinkLost } from './link.ts'
import { begunAt } from './nextGroup.ts'
import { answering } from './onCall.ts'
import { again, piecesOf, textsOf, written } from './outbox.ts'
import { Posting } from './posting.ts'
import { broken, receive, stuck } from './receive.ts'
import { answeredShare } from './sharing.ts'

const ENTRY_ID_BYTES = 8

export class Chat {
  readonly #holding: Holding
  readonly #committing: Committing
  readonly #posting: Posting
  #hasComplained = false
  #head = 0

  constructor(initial: Conversation, world: ChatWorld) {
    this.#holding = new Holding(initial, world)
    this.#committing = new Committing(this.#holding)
    this.#posting = new Posting(this.#holding)
  }

  get conversation(): Conversation {
    return this.#holding.conversation
  }

  get problem(): Problem | null {
    return this.#holding.problem
  }

  problemIs(problem: Problem | null): void {
    this.#holding.problemIs(problem)
  }

  /** Everything is here that the relay had when it last told; what is for others only may make it look as if something were missing. */
  get isAllHere(): boolean {
    return this.conversation.cursor >= this.#head
  }

  envelope(envelope: Envelope): void {
    this.#holding.start((situation) => this.#take(envelope, situation))
  }

  delivered(seq: number): void {
    this.#holding.start(async () => {
      const { conversation } = this
      // Of our group: nothing new once the conversation stands in the next one.
      if (isLeftBehind(conversation)) return
      await this.#holding.keepOnly({ ...conversation, delivered: Math.max(conversation.delivered, seq) })
    })
  }

  card(card: ConversationCard): void {
    this.#head = card.head
    this.#holding.start(() => this.#takeCard(card))
    this.#posting.pump()
  }

  /** The socket is back and the relay told where it stands. */
  resume(card: ConversationCard): void {
    this.#posting.ready(false)
    this.#hasComplained = false
    this.#head = card.head
    this.#holding.start(async (situation) => {
      await this.#takeCard(card)
      await this.#compareNumbers(card)
      this.#posting.ready(true)
      await this.#follow(card)
      this.#complain()
      void this.#committing.submit()
      await this.#committing.tidy(situation)
    })
    this.#posting.pump()
  }

  /** The relay no longer knows it. */
  over(): void {
    const { closesAt, group } = this.conversation
    this.#holding.start(() => this.#takeCard({ stage: 'closed', closesAt, group }))
  }

  /** New trust is believed: look at every leaf again. */
  trustChanged(): void {
    this.#holding.start(async (situation) => {
      const { conversation } = this.#holding
      this.#holding.look(await withState(conversation, { state: conversation.state, trust: situation.trust }))
      await this.#committing.tidy(situation)
    })
    this.#posting.pump()
  }

  /** Time has passed, or something outside changed: whoever must go is put out. */
  look(): void {
    this.#holding.start((situation) => this.#committing.tidy(situation))
    this.#posting.pump()
  }

  /** The customer withdrew: from here on nothing is encrypted for that device, and the commit that puts it out is made at once. */
  endDecision(decision: Uint8Array): Promise<void> {
    return this.#holding.run(async (situation) => {
      const { conversation } = this
      if (conversation.withdrawn.some((digest) => sameOctets(digest, decision))) return
      await this.#holding.keepOnly({ ...conversation, withdrawn: [...conversation.withdrawn, decision] })
      await this.#committing.tidy(situation)
    })
  }

  say(text: string): void {
    this.#holding.start(() =>
      this.#holding.keepOnly(piecesOf(text).reduce((before, piece) => this.#written(before, piece), this.conversation)),
    )
    this.#posting.pump()
  }

  #written(conversation: Conversation, text: string): Conversation {
    const { world } = this.#holding
    return written(conversation, { id: toHex(world.entropy(ENTRY_ID_BYTES)), text, now: world.relayNow() })
  }

  retry(id: string): void {
    this.#holding.start(() => this.#holding.keepOnly(again(this.conversation, { id, now: this.#holding.world.relayNow() })))
    this.#posting.pump()
  }

  /** The customer's answer to whether what was never answered is sent again; either way it is not asked twice. */
  answerResend(isWanted: boolean): void {
    this.#holding.start(() => {
      const { conversation } = this
      const texts = isWanted ? textsOf(conversation, conversation.unanswered) : []
      const asked: Conversation = { ...conversation, unanswered: [] }
      return this.#holding.keepOnly(texts.reduce((before, text) => this.#written(before, text), asked))
    })
    this.#posting.pump()
  }

  /** The customer's answer to whether a newcomer is given this chat so far; either way it is not asked twice. */
  answerShare(device: string, isWanted: boolean): void {
    const { world } = this.#holding
    const answer = { device, isWanted, id: toHex(world.entropy(ENTRY_ID_BYTES)), now: world.relayNow() }
    this.#holding.start(() => this.#holding.keepOnly(answeredShare(this.conversation, answer)))
    this.#posting.pump()
  }

  seen(): void {
    this.#holding.start(() =>
      this.#holding.keepOnly(this.conversation.unread === 0 ? this.conversation : { ...this.conversation, unread: 0 }),
    )
  }

  close(): void {
    const { world, id } = this.#holding
    world.link.ask({ tag: 'close', conversation: id }).catch((error: unknown) => {
      const isRefused = error instanceof Refused
      this.problemIs({ code: isRefused ? 'refused' : 'relay_unreachable', detail: isRefused ? error.code : 'close' })
    })
  }

  propose(plan: Planning): Promise<boolean> {
    return this.#committing.propose(plan)
  }

  /** The first on call that reads a left message makes the conversation its own. */
  answerLeft(): Promise<boolean> {
    return this.#committing.propose(async (conversation, { me }) => answering(conversation, me))
  }

  pump(): void {
    this.#posting.pump()
  }

  /** As `Holding.handOver`; the conversation goes on in another `Chat`. */
  handOver(save: (conversation: Conversation) => Promise<void>): Promise<void> {
    return this.#holding.handOver(save)
  }

  /** The relay has the group that this chat begins with: everything before it was another device's to hear. */
  began({ since }: ConversationCard): void {
    this.#holding.start(() => this.#holding.keepOnly(begunAt(this.conversation, since)))
  }

  /** We were let into a later group that is not ours to believe in. */
  cannotJoin(error: Untrusted | Refused): void {
    this.#holding.start(() => this.#holding.keepOnly(broken(this.conversation, error)))
  }

  retire(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    return this.#holding.retire(changes)
  }

  async #take(envelope: Envelope, situation: Situation): Promise<void> {
    const { world, id } = this.#holding
    if (envelope.seq > this.conversation.cursor) await this.#holding.keep(await this.#received(envelope, situation))
    if (envelope.seq <= this.conversation.cursor) world.link.tell({ tag: 'ack', conversation: id, seq: envelope.seq })
    this.#complain()
    if (envelope.kind === 'commit') await this.#committing.tidy(situation)
    this.#posting.pump()
  }

  /** A commit may cite a trust document that we do not have yet: fetch it and judge once more. */
  async #received(envelope: Envelope, situation: Situation): Promise<Step> {
    const { trust } = this.#holding.world
    try {
      return await receive(this.conversation, envelope, situation)
    } catch (error) {
      if (!(error instanceof NeedsNewerTrust)) throw error
    }
    await trust.refresh(true)
    try {
      return await receive(this.conversation, envelope, { ...situation, trust: trust.state ?? situation.trust })
    } catch (error) {
      if (!(error instanceof Untrusted)) throw error
      return { conversation: { ...broken(this.conversation, error), cursor: envelope.seq }, spent: [] }
    }
  }

  /** Said once a socket; the customer's device goes on in the next group instead (`customerChat.ts`). */
  #complain(): void {
    const { conversation, world, id, isCustomer } = this.#holding
    if (conversation.broken !== STUCK || isCustomer || this.#hasComplained) return
    this.#hasComplained = true
    const { group, facts } = conversation
    world.link.ask({ tag: 'complain', conversation: id, group, epoch: facts.epoch }).catch((error: unknown) => {
      if (!(error instanceof LinkLost || error instanceof Refused)) throw error
    })
  }

  async #takeCard({ stage, closesAt, group }: Pick<ConversationCard, 'stage' | 'closesAt' | 'group'>): Promise<void> {
    const { conversation, world } = this.#holding
    const isClosing = stage === 'closed' && conversation.stage !== 'closed'
    const closed = { tag: 'closed', id: 'closed', at: world.relayNow(), seq: 0 } as const
    const entries = isClosing ? [...conversation.entries, closed] : conversation.entries
    const isLater = group > conversation.group
    // A later group lets an agent's device in again; the customer's own would have opened it.
    const goesOnIn = isLater && !this.#holding.isCustomer ? group : conversation.goesOnIn
    const isElsewhere = group < conversation.group || (isLater && this.#holding.isCustomer)
    const isBroken = isElsewhere ? (conversation.broken ?? 'another_group') : conversation.broken
    await this.#holding.keepOnly({ ...conversation, stage, closesAt, entries, goesOnIn, broken: isBroken })
  }

  /** By the relay's own count: what it took and we do not even remember sending was sent by a newer state than ours. */
  async #compareNumbers(card: ConversationCard): Promise<void> {
    const { lastNumber, head, group } = card
    const isBehind = head < this.conversation.cursor || lastNumber < this.conversation.number
    if (group === this.conversation.group && isBehind) return this.#isSetBack()
    const known = Math.max(this.conversation.number, ...this.conversation.outbox.map(({ number }) => number))
    if (lastNumber > known) await this.#holding.keepOnly({ ...this.conversation, number: lastNumber, isOld: 1 })
    await this.#comparePlace(card)
  }

  /** T59: the relay shows less than this device has already processed. To go on would merge two histories in silence. */
  #isSetBack(): Promise<void> {
    const { conversation } = this
    return this.#holding.keepOnly({ ...conversation, broken: conversation.broken ?? SET_BACK, pending: null })
  }

  /**
   * T23: a state that stands before what it acknowledged is an older one, copied back onto this disk. In the same epoch new keys are enough;
   * where commits were missed they may be gone, and this device cannot follow.
   */
  async #comparePlace({ group, acked, epoch }: ConversationCard): Promise<void> {
    const { conversation } = this
    if (group !== conversation.group || acked <= conversation.cursor || conversation.stage === 'closed') return
    if (epoch !== conversation.facts.epoch) return this.#holding.keepOnly(stuck(conversation))
    const missed = { tag: 'gap', id: `gap-${acked}`, at: this.#holding.world.relayNow(), seq: acked } as const
    await this.#holding.keepOnly({ ...conversation, cursor: acked, isOld: 1, entries: [...conversation.entries, missed] })
  }

  async #follow({ since, head }: ConversationCard): Promise<void> {
    const { world, id } = this.#holding
    const after = Math.min(Math.max(this.conversation.cursor, since), head)
    try {
      await world.link.insist({ tag: 'follow', conversation: id, after })
    } catch (error) {
      if (!(error instanceof LinkLost) && !(error instanceof Refused)) throw error
    }
  }
}
