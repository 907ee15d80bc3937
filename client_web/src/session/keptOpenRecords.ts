/** What a customer's device keeps of each decision to keep the chat open longer. */
import { DECISION_CLAIMS, SIGNED, type Signed } from '../wire/generated/claims.ts'
import { TIMES_KEPT_OPEN } from '../wire/generated/limits.ts'
import { bytes, decodeAs, list, oneOf, orNone, type Shape, struct, text } from '../wire/shape.ts'

export interface KeptOpenRecord {
  readonly decision: Signed
  readonly digest: Uint8Array
  /** The card as it was shown. */
  readonly paragraphs: readonly string[]
  readonly standing: 'decided' | 'taken' | 'refused'
  readonly receipt: Uint8Array | null
}

export const KEPT_OPEN: Shape<readonly KeptOpenRecord[]> = list(
  struct<KeptOpenRecord>('keptOpen', null, [
    ['decision', SIGNED],
    ['digest', bytes(32, 32)],
    ['paragraphs', list(text(0, Infinity), 0, Infinity)],
    ['standing', oneOf(['decided', 'taken', 'refused'])],
    ['receipt', orNone(bytes(0, Infinity))],
  ]),
  0,
  Infinity,
)

export const claimsOf = ({ decision }: Pick<KeptOpenRecord, 'decision'>) => decodeAs(DECISION_CLAIMS, decision.claims)

export const mayKeepOpen = (records: readonly KeptOpenRecord[]): boolean =>
  records.filter(({ standing }) => standing === 'taken').length < TIMES_KEPT_OPEN

/** When the customer's answer runs out: the one at the start, or what they decided since and the relay took. */
export const countsUntil = (start: Signed, records: readonly KeptOpenRecord[]): number =>
  Math.max(
    claimsOf({ decision: start }).expiresAt,
    ...records.filter(({ standing }) => standing === 'taken').map((record) => claimsOf(record).expiresAt),
  )
