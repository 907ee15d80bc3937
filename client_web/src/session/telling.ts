/** Tells the relay of answers and withdrawals until it has receipted them. Nothing that the customer decided waits for its answer. */
import { sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import type { DecisionBook } from './decisionBook.ts'
import type { DecisionRecord } from './decisionRecords.ts'
import { type Link, LinkLost, type Request } from './link.ts'

interface World {
  readonly link: Link
  readonly book: DecisionBook
  readonly conversation: Uint8Array
  /** What is not the relay's refusal. */
  failed(error: unknown): void
}

export class Telling {
  readonly #world: World
  /** Asked and not answered yet, or an answer that the relay takes no more. */
  readonly #told = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  /** What of this record the relay has not receipted. A refusal changes nothing that was decided here. */
  tell({ answer, receipt, decision, digest, withdrawal, withdrawalReceipt }: DecisionRecord): void {
    const { conversation } = this.#world
    if (answer !== 'given' && receipt === null) {
      this.#say(digest, { name: 'receipt', request: { tag: 'answer', conversation, decision } })
    }
    if (withdrawal !== null && withdrawalReceipt === null) {
      this.#say(digest, { name: 'withdrawalReceipt', request: { tag: 'withdraw', conversation, withdrawal } })
    }
  }

  #say(digest: Uint8Array, { name, request }: { readonly name: 'receipt' | 'withdrawalReceipt'; readonly request: Request }): void {
    const { link, book, failed } = this.#world
    const key = `${name} ${toHex(digest)}`
    if (!link.online || this.#told.has(key)) return
    this.#told.add(key)
    link
      .ask(request)
      .then((answer) => {
        this.#told.delete(key)
        if (answer.tag !== 'recorded') return undefined
        const { receipt } = answer
        return book.patch((record) => (sameOctets(record.digest, digest) ? { [name]: receipt } : null))
      })
      .catch((error: unknown) => {
        // A question that is over stays over; a withdrawal may come before the Add that it is about.
        if (!(error instanceof Refused) || name === 'withdrawalReceipt') this.#told.delete(key)
        if (!(error instanceof LinkLost || error instanceof Refused)) failed(error)
      })
  }
}
