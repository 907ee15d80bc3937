/** Small sealed records beside the conversations: what was believed of an organisation, and what a customer's device needs to open again. */

import { TRUST_MEMORY, type TrustMemory, type TrustState } from '../keys/trustChain.ts'
import { PREDECESSOR, type Predecessor, SIGNED, type Signed } from '../wire/generated/claims.ts'
import { DEVICES_ON_CALL, GROUPS_OF_A_CONVERSATION } from '../wire/generated/limits.ts'
import { type Octets, toHex } from '../wire/octets.ts'
import { bytes, decodeAs, encodeAs, list, oneOf, orNone, type Shape, struct, text, whole } from '../wire/shape.ts'

const COUNT = whole(0, Number.MAX_SAFE_INTEGER)
const ANY = bytes(0, Infinity)
const WORDS = text(0, Infinity)

/** The last bundle believed, so that a reload can judge before the network answers. */
export interface BelievedRecord {
  readonly bundle: Uint8Array
  readonly memory: TrustMemory
}

export const BELIEVED: Shape<BelievedRecord> = struct<BelievedRecord>('believed', null, [
  ['bundle', ANY],
  ['memory', TRUST_MEMORY],
])

export interface CustomerRecord {
  readonly conversation: Uint8Array
  readonly start: Signed
  readonly startDigest: Uint8Array
  /** Kept until the relay has it: opening is safe to repeat with the same bytes. */
  readonly groupInfo: Uint8Array | null
  readonly receipt: Uint8Array | null
  readonly deskLabel: string
  readonly ahead: number
  /** Key packages of devices on call that are to be let in, once the customer left a message. */
  readonly onCall: readonly Uint8Array[]
  /** The lines of the groups before; with them and the customer key the conversation goes on where its group is lost. */
  readonly chain: readonly Predecessor[]
}

export const CUSTOMER: Shape<CustomerRecord> = struct<CustomerRecord>('customer', null, [
  ['conversation', bytes(16, 16)],
  ['start', SIGNED],
  ['startDigest', bytes(32, 32)],
  ['groupInfo', orNone(ANY)],
  ['receipt', orNone(ANY)],
  ['deskLabel', WORDS],
  ['ahead', COUNT],
  ['onCall', list(ANY, 0, DEVICES_ON_CALL)],
  ['chain', list(PREDECESSOR, 0, GROUPS_OF_A_CONVERSATION)],
])

export interface SessionRecord {
  readonly token: string
  readonly expiresAt: number
  readonly agent: string
  readonly name: string
  readonly desks: readonly string[]
}

export const SESSION: Shape<SessionRecord> = struct<SessionRecord>('session', null, [
  ['token', WORDS],
  ['expiresAt', COUNT],
  ['agent', WORDS],
  ['name', WORDS],
  ['desks', list(WORDS, 0, Infinity)],
])

/** A published key package and its private part, which is secret and destroyed when used; the one of last resort when its time is over. */
export interface KeyPackageRecord {
  readonly keyPackage: Uint8Array
  readonly privatePart: Uint8Array
  readonly notAfter: number
  readonly isLastResort: 0 | 1
}

export const KEY_PACKAGES: Shape<readonly KeyPackageRecord[]> = list(
  struct<KeyPackageRecord>('keyPackage', null, [
    ['keyPackage', ANY],
    ['privatePart', ANY],
    ['notAfter', COUNT],
    ['isLastResort', oneOf([0, 1])],
  ]),
  0,
  Infinity,
)

/** One conversation of an agent, so that a reload knows which to read back. */
export interface ChatIndexEntry {
  readonly conversation: Uint8Array
}

export const CHAT_INDEX: Shape<readonly ChatIndexEntry[]> = list(
  struct<ChatIndexEntry>('chat', null, [['conversation', bytes(16, 16)]]),
  0,
  Infinity,
)

/** The root that this browser saw first, where no configuration pins one. */
export const PINNED: Shape<{ readonly root: Uint8Array }> = struct('pinned', null, [['root', bytes(32, 32)]])

export const NAMES = {
  believed: 'trust',
  customer: 'customer',
  decisions: 'decisions',
  incidents: 'incidents',
  keptOpen: 'kept-open',
  session: 'session',
  keyPackages: 'key-packages',
  chats: 'chats',
  pinned: 'pinned',
} as const

export const draftName = (conversation: Uint8Array): string => `draft.${toHex(conversation)}`

export const writeRecord = <T>(shape: Shape<T>, value: T): Octets => encodeAs(shape, value)

/** The record, or null where there is none. */
export const readRecord = async <T>(shape: Shape<T>, loaded: Promise<Uint8Array | null>): Promise<T | null> => {
  const octets = await loaded
  return octets === null ? null : decodeAs(shape, octets)
}

/** The records of what a keeper believes now. */
export const believedRecords = (keeper: {
  readonly bundle: Uint8Array | null
  readonly state: TrustState | null
}): ReadonlyMap<string, Uint8Array> => {
  const { bundle, state } = keeper
  return bundle === null || state === null
    ? new Map()
    : new Map([[NAMES.believed, writeRecord(BELIEVED, { bundle, memory: state.memory })]])
}
