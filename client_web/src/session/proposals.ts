/** The relay proposes a device; the customer's device checks everything itself and adds it, or does not. */

import { isOnCall } from '../keys/credential.ts'
import { parseKeyPackage } from '../keys/mls/parse.ts'
import { UnknownCredential, Untrusted } from '../keys/untrusted.ts'
import type { Signed } from '../wire/generated/claims.ts'
import { toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import type { Chat } from './chat.ts'
import type { Plan } from './commits.ts'
import { type Conversation, readerOf, type Situation } from './conversation.ts'
import { judgeAnswerer } from './lettingIn.ts'
import { othersOnCall } from './onCall.ts'
import type { TrustKeeper } from './trustKeeper.ts'

interface World {
  readonly me: Uint8Array
  readonly chat: Chat
  readonly keeper: TrustKeeper
  /** The decision that an Add of this conversation stands on: the newest about the desk. */
  grounds(): { readonly reliesOn: Uint8Array; readonly decision: Signed }
}

interface Offer {
  readonly keyPackage: Uint8Array
  readonly role: 'agent' | 'on_call'
}

export class Proposals {
  readonly #world: World
  #offered: Offer | null = null
  #onCall: readonly Uint8Array[] = []
  /** Each device on call is tried once: what was refused must not be asked for again and again. */
  readonly #tried = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  offer(keyPackage: Uint8Array): void {
    this.#offered = { keyPackage, role: 'agent' }
    this.consider()
  }

  /** Devices on call, to be let in one after the other, before anything that was written is encrypted. */
  leave(keyPackages: readonly Uint8Array[]): void {
    this.#onCall = keyPackages
    this.consider()
  }

  /** Somebody on call is still to be let in. */
  get isLeaving(): boolean {
    return this.#nextOnCall() !== null
  }

  /** Judge what is offered, unless another commit is on its way: then it is judged after that one. */
  consider(): void {
    const { chat } = this.#world
    if (chat.conversation.pending !== null) return
    const offer = this.#offered ?? this.#nextOnCall()
    if (offer === null) return
    this.#offered = null
    if (offer.role === 'on_call') this.#tried.add(toHex(offer.keyPackage))
    chat
      .propose((conversation, situation) => this.#judge(offer, conversation, situation))
      .then((isTaken) => {
        if (!isTaken) this.#putBack(offer)
        // Somebody else was kept out before; who is offered now passed.
        else if (chat.problem?.code === 'agent_unconfirmed') chat.problemIs(null)
      })
      .catch((error: unknown) => this.#distrust(error))
  }

  #nextOnCall(): Offer | null {
    const { conversation } = this.#world.chat
    if (conversation.stage === 'active' || conversation.stage === 'closed') return null
    const isOpen = (keyPackage: Uint8Array): boolean =>
      !this.#tried.has(toHex(keyPackage)) && readerOf(conversation, parseKeyPackage(keyPackage).leafNode.signatureKey) === null
    const keyPackage = this.#onCall.find(isOpen)
    return keyPackage === undefined ? null : { keyPackage, role: 'on_call' }
  }

  #putBack(offer: Offer): void {
    if (offer.role === 'on_call') this.#tried.delete(toHex(offer.keyPackage))
    else this.#offered ??= offer
  }

  async #judge({ keyPackage, role }: Offer, conversation: Conversation, situation: Situation): Promise<Plan | null> {
    const { keeper, me } = this.#world
    const grounds = this.#world.grounds()
    const { signatureKey } = parseKeyPackage(keyPackage).leafNode
    if (readerOf(conversation, signatureKey) !== null || conversation.stage === 'closed') return null
    const credential = await judgeAnswerer(keyPackage, { conversation, situation, keeper })
    if (role === 'agent') return { adds: [keyPackage], removes: othersOnCall(conversation, me), grounds }
    if (!isOnCall(credential, conversation.facts.terms.desk)) throw new UnknownCredential('not on call')
    return { adds: [keyPackage], grounds, onCall: true }
  }

  /** What waited for this one goes on without it. */
  #distrust(error: unknown): void {
    const { chat } = this.#world
    if (error instanceof Untrusted) chat.problemIs({ code: 'agent_unconfirmed', detail: error.reason })
    else if (error instanceof Refused) chat.problemIs({ code: 'agent_unconfirmed', detail: error.code })
    else throw error
    this.consider()
    chat.pump()
  }
}
