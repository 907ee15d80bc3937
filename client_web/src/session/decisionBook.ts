/** The customer's answers on this device: each change is saved before it counts, one after the other, and waits for no relay. */
import { DECISION_CLAIMS } from '../wire/generated/claims.ts'
import { sameOctets } from '../wire/octets.ts'
import { decodeAs } from '../wire/shape.ts'
import { DECISIONS, type DecisionRecord } from './decisionRecords.ts'
import type { ChatWorld } from './holding.ts'
import { NAMES, writeRecord } from './records.ts'
import { serial } from './serial.ts'

type Change = (records: readonly DecisionRecord[]) => readonly DecisionRecord[]

export class DecisionBook {
  readonly #world: Pick<ChatWorld, 'store' | 'me' | 'changed'>
  readonly #inOrder = serial()
  #records: readonly DecisionRecord[]

  constructor(world: Pick<ChatWorld, 'store' | 'me' | 'changed'>, records: readonly DecisionRecord[]) {
    this.#world = world
    this.#records = records
  }

  get all(): readonly DecisionRecord[] {
    return this.#records
  }

  /** Those of the group that runs: whoever came by one of an earlier group is not in this one. */
  get current(): readonly DecisionRecord[] {
    return this.#records.filter(({ decision }) => sameOctets(decodeAs(DECISION_CLAIMS, decision.claims).customerKey, this.#world.me))
  }

  of(digest: Uint8Array): DecisionRecord | undefined {
    return this.#records.find((record) => sameOctets(record.digest, digest))
  }

  add(record: DecisionRecord): Promise<void> {
    return this.#change((records) => [...records, record])
  }

  /** `patch` says what becomes different about a record; null leaves it as it is. */
  patch(patch: (record: DecisionRecord) => Partial<DecisionRecord> | null): Promise<void> {
    return this.#change((records) => {
      const changes = records.map(patch)
      return changes.every((each) => each === null) ? records : records.map((record, index) => ({ ...record, ...changes[index] }))
    })
  }

  #change(change: Change): Promise<void> {
    return this.#inOrder.run(async () => {
      const next = change(this.#records)
      if (next === this.#records) return
      await this.#world.store.save(new Map([[NAMES.decisions, writeRecord(DECISIONS, next)]]))
      this.#records = next
      this.#world.changed()
    })
  }
}

/** Still counts: given, and neither withdrawn nor ended by another policy. */
export const isAlive = ({ answer, withdrawal, invalidatedAt }: DecisionRecord): boolean =>
  answer === 'given' && withdrawal === null && invalidatedAt === 0

export const purposeOf = ({ decision }: DecisionRecord): string => decodeAs(DECISION_CLAIMS, decision.claims).purpose
