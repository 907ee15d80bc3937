/** Messages of one conversation on their way: one at a time, sealed and saved before it is sent, and only while everybody who reads may. */
import { mayWrite } from '../keys/mls/memory.ts'
import { Refused } from '../wire/refused.ts'
import { type OutboxItem, type Situation, unwanted } from './conversation.ts'
import type { Holding } from './holding.ts'
import { LinkLost } from './link.ts'
import { notSent, sealHead, settleOwn, stale } from './outbox.ts'

const RETRY_MS = 2000

export class Posting {
  readonly #holding: Holding
  #isAsking = false
  #isReady = false

  constructor(holding: Holding) {
    this.#holding = holding
  }

  /** The relay told where it stands: what waits may go, or (`false`) must wait for that word. */
  ready(isReady: boolean): void {
    this.#isReady = isReady
    this.#isAsking = false
  }

  /** Send the head of the outbox, if it may go now. */
  pump(): void {
    this.#holding.start((situation) => this.#post(situation))
  }

  async #post(situation: Situation): Promise<void> {
    const { conversation, world, id } = this.#holding
    if (this.#isAsking || conversation.outbox.length === 0 || !(await this.#maySend(situation))) return
    const step = await sealHead(conversation, situation)
    if (step === null) return
    await this.#holding.keep(step)
    const [head] = step.conversation.outbox
    if (head?.message == null) return
    this.#isAsking = true
    const { number, epoch, message } = head
    world.link.ask({ tag: 'post', conversation: id, group: conversation.group, epoch, number, message }).then(
      (answer) => this.#posted(head, answer.tag === 'posted' ? answer.seq : 0),
      (error: unknown) => this.#failed(head, error),
    )
  }

  /** Whether somebody but us reads, and all of them may: else what is written waits. */
  async #maySend({ trust, now }: Situation): Promise<boolean> {
    const { conversation, world, isOpen } = this.#holding
    const { pending, isOld, readers, memory } = conversation
    const isSettled = pending === null && isOld === 0 && mayWrite(memory, world.me)
    if (!(this.#isReady && world.link.online && isOpen && isSettled && readers.length > 1)) return false
    if (world.trust.freshness() === 'expired' || world.isHeld?.() === true) return false
    return (await unwanted(conversation, { trust, at: Math.max(now, world.clock.now()) })).length === 0
  }

  #posted({ number }: OutboxItem, seq: number): void {
    this.#holding.start(async () => {
      await this.#holding.keepOnly(settleOwn(this.#holding.conversation, { number, seq }))
      // Not before: whatever looked at the outbox in between would send its head once more.
      this.#isAsking = false
    })
    this.pump()
  }

  #failed({ id }: OutboxItem, error: unknown): void {
    this.#isAsking = false
    if (error instanceof LinkLost) return
    if (!(error instanceof Refused)) throw error
    switch (error.code) {
      case 'stale_epoch':
      case 'group_over':
        this.#holding.start(() => this.#holding.keepOnly(stale(this.#holding.conversation, id)))
        break
      case 'too_fast':
      case 'mailbox_full':
      case 'unavailable':
        this.#holding.world.clock.after(error.retryAfterMs ?? RETRY_MS, () => this.pump())
        return
      default:
        this.#holding.problemIs({ code: 'refused', detail: error.code })
        this.#holding.start(() => this.#holding.keepOnly(notSent(this.#holding.conversation, id)))
    }
    this.pump()
  }
}
