/** The relay proposes a device; the customer's device checks everything itself and adds it, or does not. */

import { parseKeyPackage } from '../keys/mls/parse.ts'
import { Untrusted } from '../keys/untrusted.ts'
import type { Signed } from '../wire/generated/claims.ts'
import type { Proposal } from '../wire/generated/frames.ts'
import { Refused } from '../wire/refused.ts'
import type { Chat } from './chat.ts'
import type { Plan } from './commits.ts'
import { type Conversation, readerOf, type Situation } from './conversation.ts'
import { judgeAnswerer } from './lettingIn.ts'
import type { TrustKeeper } from './trustKeeper.ts'

interface World {
  readonly chat: Chat
  readonly keeper: TrustKeeper
  /** The start decision that every Add of this conversation stands on. */
  readonly grounds: { readonly reliesOn: Uint8Array; readonly decision: Signed }
}

export class Proposals {
  readonly #world: World
  #offered: Proposal | null = null

  constructor(world: World) {
    this.#world = world
  }

  offer(proposal: Proposal): void {
    this.#offered = proposal
    this.consider()
  }

  /** Judge what is offered, unless another commit is on its way: then it is judged after that one. */
  consider(): void {
    const { chat } = this.#world
    const proposal = this.#offered
    if (proposal === null || chat.conversation.pending !== null) return
    this.#offered = null
    chat
      .propose((conversation, situation) => this.#judge(proposal, conversation, situation))
      .then((isTaken) => {
        if (!isTaken) this.#offered ??= proposal
        // Somebody else was kept out before; who is offered now passed.
        else if (chat.problem?.code === 'agent_unconfirmed') chat.problemIs(null)
      })
      .catch((error: unknown) => this.#distrust(error))
  }

  async #judge(proposal: Proposal, conversation: Conversation, situation: Situation): Promise<Plan | null> {
    const { keeper, grounds } = this.#world
    const { signatureKey } = parseKeyPackage(proposal.keyPackage).leafNode
    if (readerOf(conversation, signatureKey) !== null || conversation.stage === 'closed') return null
    await judgeAnswerer(proposal.keyPackage, { conversation, situation, keeper })
    return { adds: [proposal.keyPackage], grounds }
  }

  #distrust(error: unknown): void {
    if (error instanceof Untrusted) this.#world.chat.problemIs({ code: 'agent_unconfirmed', detail: error.reason })
    else if (error instanceof Refused) this.#world.chat.problemIs({ code: 'agent_unconfirmed', detail: error.code })
    else throw error
  }
}
