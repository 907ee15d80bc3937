/** One running conversation of either end: takes the relay's frames in order, and what the person wants. */
import type { Problem } from '../core/views.ts'
import { NeedsNewerTrust, Untrusted } from '../keys/untrusted.ts'
import type { ConversationCard, Envelope } from '../wire/generated/frames.ts'
import { toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { Committing, type Planning } from './committing.ts'
import { type Conversation, type Situation, type Step, withState } from './conversation.ts'
import { type ChatWorld, Holding } from './holding.ts'
import { LinkLost } from './link.ts'
import { again, piecesOf, written } from './outbox.ts'
import { Posting } from './posting.ts'
import { broken, receive } from './receive.ts'

const ENTRY_ID_BYTES = 8

export class Chat {
  readonly #holding: Holding
  readonly #committing: Committing
  readonly #posting: Posting

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

  envelope(envelope: Envelope): void {
    this.#holding.start((situation) => this.#take(envelope, situation))
  }

  delivered(seq: number): void {
    this.#holding.start(() => this.#holding.keepOnly({ ...this.conversation, delivered: Math.max(this.conversation.delivered, seq) }))
  }

  card(card: ConversationCard): void {
    this.#holding.start(() => this.#takeCard(card))
    this.#posting.pump()
  }

  /** The socket is back and the relay told where it stands. */
  resume(card: ConversationCard): void {
    this.#posting.ready(false)
    this.#holding.start(async (situation) => {
      await this.#takeCard(card)
      await this.#compareNumbers(card)
      this.#posting.ready(true)
      await this.#follow(card)
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
      await this.#holding.keepOnly({ ...conversation, withdrawn: [...conversation.withdrawn, decision] })
      await this.#committing.tidy(situation)
    })
  }

  say(text: string): void {
    const { world } = this.#holding
    const write = (conversation: Conversation, piece: string): Conversation =>
      written(conversation, { id: toHex(world.entropy(ENTRY_ID_BYTES)), text: piece, now: world.relayNow() })
    this.#holding.start(() => this.#holding.keepOnly(piecesOf(text).reduce(write, this.conversation)))
    this.#posting.pump()
  }

  retry(id: string): void {
    this.#holding.start(() => this.#holding.keepOnly(again(this.conversation, { id, now: this.#holding.world.relayNow() })))
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

  retire(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    return this.#holding.retire(changes)
  }

  async #take(envelope: Envelope, situation: Situation): Promise<void> {
    const { world, id } = this.#holding
    if (envelope.seq > this.conversation.cursor) await this.#holding.keep(await this.#received(envelope, situation))
    world.link.tell({ tag: 'ack', conversation: id, seq: envelope.seq })
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

  async #takeCard({ stage, closesAt, group }: Pick<ConversationCard, 'stage' | 'closesAt' | 'group'>): Promise<void> {
    const { conversation, world } = this.#holding
    const isClosing = stage === 'closed' && conversation.stage !== 'closed'
    const closed = { tag: 'closed', id: 'closed', at: world.relayNow(), seq: 0 } as const
    const entries = isClosing ? [...conversation.entries, closed] : conversation.entries
    const isBroken = conversation.broken ?? (group === conversation.group ? null : 'another_group')
    await this.#holding.keepOnly({ ...conversation, stage, closesAt, entries, broken: isBroken })
  }

  /** By the relay's own count: what it took and we do not even remember sending was sent by a newer state than ours. */
  async #compareNumbers({ lastNumber }: ConversationCard): Promise<void> {
    const known = Math.max(this.conversation.number, ...this.conversation.outbox.map(({ number }) => number))
    if (lastNumber > known) await this.#holding.keepOnly({ ...this.conversation, number: lastNumber, isOld: 1 })
  }

  async #follow({ since, head }: ConversationCard): Promise<void> {
    const { world, id } = this.#holding
    const after = Math.min(Math.max(this.conversation.cursor, since), head)
    try {
      await world.link.ask({ tag: 'follow', conversation: id, after })
    } catch (error) {
      if (!(error instanceof LinkLost) && !(error instanceof Refused)) throw error
    }
  }
}
