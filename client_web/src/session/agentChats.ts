/** The conversations of one agent's device: read back after a reload, entered by Welcome, let go when they are closed. */
import type { Credential } from '../keys/credential.ts'
import type { ConversationCard, Envelope } from '../wire/generated/frames.ts'
import { toHex } from '../wire/octets.ts'
import { enter } from './agentJoin.ts'
import type { AgentKeys } from './agentKeys.ts'
import { Chat } from './chat.ts'
import { type Conversation, REMOVED } from './conversation.ts'
import { decodeConversation, encodeConversation } from './conversationCodec.ts'
import { Draft } from './draft.ts'
import { type ChatWorld, recordName } from './holding.ts'
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
  readonly #left = new WeakSet<Chat>()

  constructor(world: AgentChatsWorld) {
    this.#world = world
  }

  get all(): readonly Chat[] {
    return [...this.#chats.values()]
  }

  /** Taken, and not yet let in by the customer's device. */
  get proposed(): readonly ConversationCard[] {
    const isOpen = ({ stage }: ConversationCard): boolean => stage === 'proposed' || stage === 'active'
    return [...this.#cards].flatMap(([name, card]) => (!this.#chats.has(name) && isOpen(card) ? [card] : []))
  }

  /** Of what was to be handed over to us, only this still is: only that is active before we are in it. */
  keepTakenOver(names: ReadonlySet<string>): void {
    for (const { stage, conversation } of this.proposed) {
      const name = toHex(conversation)
      if (stage === 'active' && !names.has(name)) this.#cards.delete(name)
    }
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
      const saved = await store.load(recordName(conversation))
      if (saved === null) continue
      this.#adopt(await decodeConversation(saved, trust.state))
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
    else if (chat === undefined) {
      await this.#world.link.ask({ tag: 'follow', conversation: card.conversation, after: Math.min(card.since, card.head) })
    }
  }

  /** What is closed leaves this device; it stays on the screen until it is put away. */
  async cardChanged(card: ConversationCard): Promise<void> {
    const name = toHex(card.conversation)
    this.#cards.set(name, card)
    const chat = this.get(name)
    chat?.card(card)
    if (card.stage === 'closed' && chat !== undefined) await this.#retire(chat, name)
  }

  /** The envelope of a conversation we are in goes there; a Welcome that we can open and accept begins one. */
  async take(envelope: Envelope, credential: Credential | null): Promise<void> {
    const chat = this.get(toHex(envelope.conversation))
    if (chat !== undefined) return chat.envelope(envelope)
    if (envelope.kind === 'welcome' && credential !== null) await this.#enter(envelope, credential)
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

  async #enter(envelope: Envelope, credential: Credential): Promise<void> {
    const { trust, store, keys, link } = this.#world
    await trust.refresh()
    if (trust.state === null) return
    const { conversation, used } = await enter(envelope, { packages: keys.packages, trust: trust.state, credential })
    const chat = this.#adopt(conversation)
    // State, index and the spent key package in one transaction: a crash in between would lose or re-use a key.
    const records = new Map([...this.#index(null), ...keys.without(used)])
    await store.save(records.set(recordName(conversation.id), encodeConversation(conversation)))
    link.tell({ tag: 'ack', conversation: conversation.id, seq: envelope.seq })
    const card = this.#cards.get(toHex(conversation.id))
    if (card !== undefined) chat.resume(withUs(card, envelope.seq))
  }

  /** Its record, its place in the index and its draft leave this device together. */
  async #retire(chat: Chat, name: string): Promise<void> {
    this.#drafts.delete(name)
    await chat.retire(new Map([...this.#index(name), [draftName(chat.conversation.id), null]]))
  }

  #adopt(conversation: Conversation): Chat {
    const name = toHex(conversation.id)
    const changed = (): void => {
      this.#leave(name)
      this.#world.changed(name)
    }
    const chat = new Chat(conversation, { ...this.#world, changed })
    this.#chats.set(name, chat)
    return chat
  }

  /** Who was removed may read no further, and keeps nothing of it; it stays on the screen until it is put away. */
  #leave(name: string): void {
    const chat = this.get(name)
    if (chat?.conversation.broken !== REMOVED || this.#left.has(chat)) return
    this.#left.add(chat)
    void this.#retire(chat, name)
  }

  #index(without: string | null): ReadonlyMap<string, Uint8Array> {
    const open = [...this.#chats].filter(([name, { conversation }]) => name !== without && !isOver(conversation))
    const entries = open.map(([, { conversation }]) => ({ conversation: conversation.id }))
    return new Map([[NAMES.chats, writeRecord(CHAT_INDEX, entries)]])
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
