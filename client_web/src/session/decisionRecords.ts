/** What a customer's device keeps of each question it answered: what was shown, what was signed, what the relay receipted. */
import { SIGNED, type Signed } from '../wire/generated/claims.ts'
import { bytes, list, oneOf, orNone, type Shape, struct, text, whole } from '../wire/shape.ts'

export type Answer = 'given' | 'refused' | 'deferred'

export interface DecisionRecord {
  /** The request as the relay signed it, and its digest. */
  readonly request: Uint8Array
  readonly requestDigest: Uint8Array
  readonly askedAt: number
  readonly keyPackage: Uint8Array
  readonly device: Uint8Array
  readonly moment: string
  readonly who: string
  /** The card as it was shown. */
  readonly paragraphs: readonly string[]
  readonly answer: Answer
  readonly decision: Signed
  readonly digest: Uint8Array
  readonly decidedAt: number
  readonly expiresAt: number
  readonly receipt: Uint8Array | null
  /** The device was in the group once: it is not let in a second time by itself. */
  readonly joined: 0 | 1
  readonly withdrawal: Signed | null
  readonly withdrawnAt: number
  readonly withdrawalReceipt: Uint8Array | null
  /** When another policy ended it; 0 where none did. */
  readonly invalidatedAt: number
}

const COUNT = whole(0, Number.MAX_SAFE_INTEGER)
const ANY = bytes(0, Infinity)
const KEY = bytes(32, 32)
const WORDS = text(0, Infinity)

export const DECISIONS: Shape<readonly DecisionRecord[]> = list(
  struct<DecisionRecord>('decision', null, [
    ['request', ANY],
    ['requestDigest', KEY],
    ['askedAt', COUNT],
    ['keyPackage', ANY],
    ['device', KEY],
    ['moment', WORDS],
    ['who', WORDS],
    ['paragraphs', list(WORDS, 0, Infinity)],
    ['answer', oneOf(['given', 'refused', 'deferred'])],
    ['decision', SIGNED],
    ['digest', KEY],
    ['decidedAt', COUNT],
    ['expiresAt', COUNT],
    ['receipt', orNone(ANY)],
    ['joined', oneOf([0, 1])],
    ['withdrawal', orNone(SIGNED)],
    ['withdrawnAt', COUNT],
    ['withdrawalReceipt', orNone(ANY)],
    ['invalidatedAt', COUNT],
  ]),
  0,
  Infinity,
)
