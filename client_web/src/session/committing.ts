/** Our own commits of one conversation on their way: sent until the relay has ordered them, and the ones that must come by themselves. */
import { parseCommit } from '../keys/mls/parse.ts'
import { sameOctets } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { type Plan, withCommit } from './commits.ts'
import { type Conversation, type Situation, unwanted } from './conversation.ts'
import { standingWithout } from './guests.ts'
import { endingPlan, isChangingKeys } from './handoffEnd.ts'
import type { Holding } from './holding.ts'
import { LinkLost } from './link.ts'

const RETRY_MS = 2000

export type Planning = (conversation: Conversation, situation: Situation) => Promise<Plan | null>

export class Committing {
  readonly #holding: Holding
  #isAsking = false
  /** The handoff for whose end a timer runs. */
  #waitsSince = 0

  constructor(holding: Holding) {
    this.#holding = holding
  }

  /** A commit as planned; null plans nothing. False while another is on its way. What our own gate refuses is the caller's to show. */
  async propose(plan: Planning): Promise<boolean> {
    let isTaken = false
    await this.#holding.run(async (situation) => {
      const { conversation } = this.#holding
      if (conversation.pending !== null || !this.#holding.isOpen) return
      isTaken = true
      const wanted = await plan(conversation, situation)
      if (wanted !== null) await this.#commit(wanted, situation)
    })
    return isTaken
  }

  /** Whatever has to be committed without being asked for. In an open handoff of ours that is the end of it, and nothing else. */
  async tidy(situation: Situation): Promise<void> {
    if (isChangingKeys(this.#holding.conversation, situation.me)) return this.#endHandoff(situation)
    await this.#renew(situation)
    await this.#sweep(situation)
  }

  /** Send what is pending, again after every reconnect: it is safe to repeat. */
  async submit(): Promise<void> {
    const { conversation, world, id } = this.#holding
    const { pending, group } = conversation
    if (pending === null || this.#isAsking || !world.link.online) return
    this.#isAsking = true
    const { commit } = pending.commit
    try {
      const answer = await world.link.ask({
        tag: 'commit',
        conversation: id,
        group,
        epoch: parseCommit(commit).epoch,
        commit,
        welcome: pending.welcome,
      })
      if (answer.tag === 'committed' && answer.receipt !== null) world.committed?.(answer.receipt)
    } catch (error) {
      if (error instanceof Refused) this.#refused(error, commit)
      else if (!(error instanceof LinkLost)) throw error
    } finally {
      this.#isAsking = false
    }
  }

  async #commit(plan: Plan, situation: Situation): Promise<void> {
    await this.#holding.keepOnly(await withCommit(this.#holding.conversation, plan, situation))
    void this.submit()
  }

  #refused(error: Refused, commit: Uint8Array): void {
    // Whichever commit won this epoch comes in its order and settles ours; to drop it now could drop the winner.
    if (error.code === 'stale_epoch' || error.code === 'group_over') return
    if (error.code === 'unavailable') {
      this.#holding.world.clock.after(RETRY_MS, () => void this.submit())
      return
    }
    this.#holding.world.commitRefused?.()
    this.#holding.problemIs({ code: 'refused', detail: error.code })
    this.#holding.start(async () => {
      const { conversation } = this.#holding
      const isStill = conversation.pending !== null && sameOctets(conversation.pending.commit.commit, commit)
      if (isStill) await this.#holding.keepOnly({ ...conversation, pending: null })
    })
  }

  async #endHandoff(situation: Situation): Promise<void> {
    const { conversation, isOpen, world } = this.#holding
    const plan = endingPlan(conversation, situation)
    if (plan === null || !isOpen || conversation.pending !== null) return
    if (!('waitMs' in plan)) return this.#commit(plan, situation)
    const { at } = conversation.memory.handoff ?? { at: 0 }
    if (this.#waitsSince === at) return
    this.#waitsSince = at
    world.clock.after(plan.waitMs, () => this.#holding.start((later) => this.tidy(later)))
  }

  /** An older state than the relay's (a restored disk) must not encrypt before its keys are new (e2ee.md). */
  async #renew(situation: Situation): Promise<void> {
    const { conversation, isOpen } = this.#holding
    if (conversation.isOld === 1 && conversation.pending === null && isOpen) await this.#commit({}, situation)
  }

  /** The customer's device removes whom the organisation no longer vouches for; others only stop sending (group-rules). */
  async #sweep(situation: Situation): Promise<void> {
    const { conversation, isOpen, isCustomer, world } = this.#holding
    if (!isCustomer || !isOpen || conversation.pending !== null) return
    const at = Math.max(situation.now, world.clock.now())
    const removes = await unwanted(conversation, { trust: situation.trust, at })
    if (removes.length === 0) return
    const standing = standingWithout(conversation, removes)
    const isSame = standing.length === conversation.facts.terms.standing.length
    await this.#commit(isSame ? { removes } : { removes, standing }, situation)
  }
}
