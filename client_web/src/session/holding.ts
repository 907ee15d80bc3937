/** Holds one conversation: everything that changes it runs here in order, is saved before it counts, and is shown after. */
import { type ClockPort, isStoreGone } from '../core/ports.ts'
import type { Problem } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { wipe } from '../keys/mls/library.ts'
import type { SealedStore } from '../store/sealed.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { type Conversation, isLeftBehind, type Situation, type Step } from './conversation.ts'
import { encodeConversation } from './conversationCodec.ts'
import type { Link } from './link.ts'
import { serial } from './serial.ts'
import type { TrustKeeper } from './trustKeeper.ts'

export interface ChatWorld {
  readonly me: Uint8Array
  readonly signer: Signer
  readonly link: Link
  readonly store: Pick<SealedStore, 'load' | 'save'>
  readonly clock: ClockPort
  readonly trust: TrustKeeper
  /** Unix milliseconds of the relay's clock, as far as it is known. */
  relayNow(): number
  entropy(bytes: number): Uint8Array
  /** Something on the screen changed. */
  changed(): void
  /** Somebody else is still to be let in before anything is encrypted. */
  isHeld?(): boolean
  /** A commit of ours was taken; the receipt is for the decision it carried. */
  committed?(receipt: Uint8Array): void
  /** A commit of ours was refused for good. */
  commitRefused?(): void
}

export const recordName = (conversation: Uint8Array): string => `conversation.${toHex(conversation)}`

export class Holding {
  readonly world: ChatWorld
  readonly id: Uint8Array
  readonly #inOrder = serial()
  #current: Conversation
  #problem: Problem | null = null
  #isRetired = false

  constructor(initial: Conversation, world: ChatWorld) {
    this.world = world
    this.id = initial.id
    this.#current = initial
  }

  get conversation(): Conversation {
    return this.#current
  }

  get problem(): Problem | null {
    return this.#problem
  }

  problemIs(problem: Problem | null): void {
    this.#problem = problem
    this.world.changed()
  }

  get isCustomer(): boolean {
    return sameOctets(this.world.me, this.#current.facts.terms.customerKey)
  }

  /** Neither closed nor broken: this device may still say something. */
  get isOpen(): boolean {
    return this.#current.broken === null && this.#current.stage !== 'closed' && !isLeftBehind(this.#current)
  }

  /** Save first; only then the next value counts and the secrets it used up are overwritten. */
  async keep({ conversation, spent }: Step): Promise<void> {
    if (!this.#isRetired) await this.world.store.save(new Map([[recordName(this.id), encodeConversation(conversation)]]))
    this.#current = conversation
    for (const each of spent) wipe(each)
    this.world.changed()
  }

  async keepOnly(conversation: Conversation): Promise<void> {
    if (conversation !== this.#current) await this.keep({ conversation, spent: [] })
  }

  /** A view of the same value with fresh judgements; nothing in it needs saving. */
  look(conversation: Conversation): void {
    this.#current = conversation
    this.world.changed()
  }

  /** In its turn, with what is believed and what time it is then. */
  run(task: (situation: Situation) => Promise<void>): Promise<void> {
    return this.#inOrder.run(async () => {
      const { trust, me, signer, relayNow } = this.world
      if (trust.state !== null) await task({ me, signer, trust: trust.state, now: relayNow() })
    })
  }

  /** As `run`, for callers who do not wait; what goes wrong stands on the screen. */
  start(task: (situation: Situation) => Promise<void>): void {
    this.run(task).catch((error: unknown) => {
      if (isStoreGone(error)) this.problemIs({ code: 'chat_lost', detail: 'storage' })
      else this.problemIs({ code: 'conversation_broken', detail: error instanceof Error ? error.name : 'unknown' })
    })
  }

  /** What is made of the conversation as it stands then replaces it for good: nothing of this one is written any more. */
  handOver(save: (conversation: Conversation) => Promise<void>): Promise<void> {
    return this.#inOrder.run(async () => {
      this.#isRetired = true
      try {
        await save(this.#current)
      } catch (error) {
        this.#isRetired = false
        throw error
      }
    })
  }

  /** Over: its record is deleted, together with `changes`, and never written again. */
  retire(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    return this.#inOrder.run(async () => {
      this.#isRetired = true
      await this.world.store.save(new Map([...changes, [recordName(this.id), null]]))
    })
  }
}
