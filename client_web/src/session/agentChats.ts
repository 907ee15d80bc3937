/** The conversations of one agent's device: read back after a reload, entered by Welcome, let go when they are closed. */
import type { Credential } from '../keys/credential.ts'
import type { TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { BrokenSeal, type SealedStore } from '../store/sealed.ts'
import type { ConversationCard, Envelope } from '../wire/generated/frames.ts'
import { toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { BadFrame } from '../wire/shape.ts'
import { enter } from './agentJoin.ts'
import type { AgentKeys } from './agentKeys.ts'
import { Chat } from './chat.ts'
import { type Conversation, REMOVED } from './conversation.ts'
import { decodeConversation, encodeConversation } from './conversationCodec.ts'
import { Draft } from './draft.ts'
import { type ChatWorld, recordName } from './holding.ts'
import { goneOn } from './nextGroup.ts'
import { CHAT_INDEX, draftName, NAMES, readRecord, writeRecord } from './records.ts'

export interface AgentChatsWorld extends Omit<ChatWorld, 'changed'> {
  readonly keys: AgentKeys
  /** Something changed in the conversation of this name. */
  changed(name: string): void
}

export class AgentChats {
  readonly #world: AgentChatsWorld
  readonly #chats = new Map<string, Chat>()
  readonly #cards = new Map<string, ConversationCard>()
  readonly #drafts = new Map<string, Draft>()
  readonly #left = new WeakMap<Chat, Promise<void>>()
  #takenOver: ReadonlySet<string> = new Set()

  constructor(world: AgentChatsWorld) {
    this.#world = world
  }

  get all(): readonly Chat[] {
    return [...this.#chats.values()]
  }

  /** Taken, and not yet let in: by the customer's device, or by a colleague's who hands it over. */
  get proposed(): readonly ConversationCard[] {
    const isTaken = (name: string, { stage }: ConversationCard): boolean =>
      stage === 'proposed' || (stage === 'active' && this.#takenOver.has(name))
    return [...this.#cards].flatMap(([name, card]) => (!this.#chats.has(name) && isTaken(name, card) ? [card] : []))
  }

  /** What colleagues hand over to us with our yes, as the relay tells last. */
  takesOver(names: ReadonlySet<string>): void {
    this.#takenOver = names
  }

  get(name: string | null): Chat | undefined {
    return name === null ? undefined : this.#chats.get(name)
  }

  /** What the agent has typed there and not sent. */
  draft(conversation: Uint8Array): Draft {
    const name = toHex(conversation)
    const draft = this.#drafts.get(name) ?? new Draft(this.#world.store, draftName(conversation))
    this.#drafts.set(name, draft)
    return draft
  }

  async restore(): Promise<void> {
    const { store, trust } = this.#world
    if (trust.state === null) return
    for (const { conversation } of (await readRecord(CHAT_INDEX, store.load(NAMES.chats))) ?? []) {
      const rested = await restedIn(store, { conversation, trust: trust.state })
      if (rested !== null) this.#adopt(rested)
      await this.draft(conversation).restore()
    }
  }

  /** What the relay lists at sign-in: those go on, and what it no longer lists is over. */
  async welcomed(cards: readonly ConversationCard[]): Promise<void> {
    const listed = new Set(cards.map(({ conversation }) => toHex(conversation)))
    for (const [name, chat] of this.#chats) {
      if (listed.has(name)) continue
      chat.over()
      await this.#retire(chat, name)
    }
    await Promise.all(cards.map((card) => this.follow(card)))
  }

  /** A conversation that we are in, or will be once the customer's device lets us in. */
  async follow(card: ConversationCard): Promise<void> {
    const name = toHex(card.conversation)
    const chat = this.get(name)
    this.#cards.set(name, card)
    chat?.resume(card)
    if (card.stage === 'closed' && chat !== undefined) await this.#retire(chat, name)
    else if (chat === undefined) await this.#await(card)
  }

  /** Its welcome comes as soon as we are in. What was acknowledged and is not here any more is lost: the customer's device is told. */
  async #await({ conversation, stage, since, acked, head, group, epoch }: ConversationCard): Promise<void> {
    const { link } = this.#world
    const isLost = stage === 'active' && acked > since
    if (isLost) await link.insist({ tag: 'complain', conversation, group, epoch })
    await link.insist({ tag: 'follow', conversation, after: Math.min(isLost ? acked : since, head) })
  }

  /** What is closed leaves this device; it stays on the screen until it is put away. */
  async cardChanged(card: ConversationCard): Promise<void> {
    const name = toHex(card.conversation)
    const before = this.#cards.get(name)
    this.#cards.set(name, card)
    const chat = this.get(name)
    chat?.card(card)
    // A message was left while this device was on call and is here after all.
    if (card.stage === 'left' && chat === undefined) await this.follow(card)
    // Let in by a decision for this one device: nothing was taken here, the customer's device added us.
    const isOutside = chat === undefined || chat.conversation.broken === REMOVED
    if (isOutside && card.stage === 'active' && (before === undefined || card.since > before.since)) await this.follow(card)
    if (card.stage === 'closed' && chat !== undefined) await this.#retire(chat, name)
  }

  /** The envelope of a conversation we are in goes there; a Welcome that we can open and accept begins one. */
  async take(envelope: Envelope, credential: Credential | null): Promise<void> {
    const name = toHex(envelope.conversation)
    // Whoever was removed and is let in again begins anew, once what was before is gone from this device.
    if (envelope.kind === 'welcome') await this.leave(name).then(() => this.#putGoneAway(name))
    const chat = this.get(name)
    const isNext = chat !== undefined && envelope.group > chat.conversation.group
    if (envelope.kind !== 'welcome' || credential === null || !(chat === undefined || isNext)) return chat?.envelope(envelope)
    if (chat === undefined) await this.#enter(envelope, credential)
    else await this.#goOn(envelope, { credential, chat })
  }

  /** Every other member has stored everything up to there. */
  delivered(conversation: Uint8Array, seq: number): void {
    this.get(toHex(conversation))?.delivered(seq)
  }

  /** A colleague on call was first: nothing of it stays here. */
  async drop(name: string): Promise<void> {
    const chat = this.get(name)
    this.#chats.delete(name)
    this.#cards.delete(name)
    if (chat !== undefined) await this.#retire(chat, name)
  }

  /** Whoever was removed may read no further, and keeps nothing of it; it stays on the screen until it is put away. */
  leave(name: string): Promise<void> {
    const chat = this.get(name)
    if (chat?.conversation.broken !== REMOVED) return Promise.resolve()
    const leaving = this.#left.get(chat) ?? this.#retire(chat, name)
    this.#left.set(chat, leaving)
    return leaving
  }

  /** A conversation that we take anew: what we had of it before we left is put away. */
  async takenAnew(card: ConversationCard): Promise<void> {
    this.putAway(toHex(card.conversation))
    await this.follow(card)
  }

  /** Put away a conversation that is over for us. */
  putAway(name: string | null): void {
    if (name !== null && isOver(this.get(name)?.conversation)) this.#chats.delete(name)
  }

  #putGoneAway(name: string): void {
    if (this.get(name)?.conversation.broken === REMOVED) this.#chats.delete(name)
  }

  async #enter(envelope: Envelope, credential: Credential): Promise<void> {
    const { trust, store, keys, link } = this.#world
    await trust.refresh()
    if (trust.state === null) return
    const { conversation, used } = await enter(envelope, { packages: keys.packages, trust: trust.state, credential, earlier: null })
    const chat = this.#adopt(conversation)
    // State, index and the spent key package in one transaction: a crash in between would lose or re-use a key.
    const records = new Map([...this.#index(null), ...keys.without(used)])
    await store.save(records.set(recordName(conversation.id), encodeConversation(conversation)))
    link.tell({ tag: 'ack', conversation: conversation.id, seq: envelope.seq })
    this.#resume(chat, envelope.seq)
  }

  /** The conversation's next group: its log and whatever waits to be said go on in it. */
  async #goOn(envelope: Envelope, { credential, chat: earlier }: { readonly credential: Credential; readonly chat: Chat }): Promise<void> {
    const { trust, store, keys, link, me, relayNow } = this.#world
    await trust.refresh()
    const { state } = trust
    if (state === null) return
    try {
      await earlier.handOver(async (before) => {
        const entering = { packages: keys.packages, trust: state, credential, earlier: before.facts.terms }
        const { conversation, used } = await enter(envelope, entering)
        const number = Math.max(before.number, this.#cards.get(toHex(before.id))?.lastNumber ?? 0)
        const after = { ...goneOn(conversation, { before, by: me, at: relayNow() }), number }
        await store.save(new Map([...keys.without(used), [recordName(after.id), encodeConversation(after)]]))
        const chat = this.#adopt(after)
        link.tell({ tag: 'ack', conversation: after.id, seq: envelope.seq })
        this.#resume(chat, envelope.seq)
      })
    } catch (error) {
      if (error instanceof Untrusted || error instanceof Refused) earlier.cannotJoin(error)
      throw error
    }
  }

  #resume(chat: Chat, seq: number): void {
    const card = this.#cards.get(toHex(chat.conversation.id))
    if (card !== undefined) chat.resume(withUs(card, seq))
  }

  /** Its record, its place in the index and its draft leave this device together. */
  async #retire(chat: Chat, name: string): Promise<void> {
    this.#drafts.delete(name)
    await chat.retire(new Map([...this.#index(name), [draftName(chat.conversation.id), null]]))
  }

  #adopt(conversation: Conversation): Chat {
    const name = toHex(conversation.id)
    const chat = new Chat(conversation, { ...this.#world, changed: () => this.#world.changed(name) })
    this.#chats.set(name, chat)
    return chat
  }

  #index(without: string | null): ReadonlyMap<string, Uint8Array> {
    const open = [...this.#chats].filter(([name, { conversation }]) => name !== without && !isOver(conversation))
    const entries = open.map(([, { conversation }]) => ({ conversation: conversation.id }))
    return new Map([[NAMES.chats, writeRecord(CHAT_INDEX, entries)]])
  }
}

/** The conversation as it was saved last, or null where it cannot be read any more. */
const restedIn = async (
  store: Pick<SealedStore, 'load'>,
  { conversation, trust }: { readonly conversation: Uint8Array; readonly trust: TrustState },
): Promise<Conversation | null> => {
  try {
    const saved = await store.load(recordName(conversation))
    return saved === null ? null : await decodeConversation(saved, trust)
  } catch (error) {
    if (error instanceof BrokenSeal || error instanceof BadFrame || error instanceof Untrusted) return null
    throw error
  }
}

const isOver = (conversation: Conversation | undefined): boolean =>
  conversation !== undefined && (conversation.stage === 'closed' || conversation.broken === REMOVED)

/** The card as it stands once we are in, where the relay's last word was older. */
const withUs = (card: ConversationCard, seq: number): ConversationCard => ({
  ...card,
  stage: card.stage === 'proposed' ? 'active' : card.stage,
  head: Math.max(card.head, seq),
})
