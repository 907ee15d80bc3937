/** What members must remember of a group and MLS does not: times, decisions, who added whom. A value; `remember` gives the next one. */
import { DECISION_CLAIMS, type DecisionClaims, type GroupTerms } from '../../wire/generated/claims.ts'
import { type Octets, sameOctets } from '../../wire/octets.ts'
import { bytes, decodeAs, encodeAs, list, oneOf, orNone, struct, whole } from '../../wire/shape.ts'
import type { Decision } from '../decision.ts'

const PATH_EVERY_MS = 10 * 60 * 1000
/** A newcomer that never comes must not hold the desk's side of a conversation for ever. */
export const HANDOFF_MS = 10 * 60 * 1000

/** A decision of this customer whose signature was checked. */
export interface KnownDecision {
  readonly digest: Uint8Array
  readonly claims: DecisionClaims
}

/** One member that somebody let in, as far as we were there. */
export interface Arrival {
  readonly device: Uint8Array
  /** The device that committed the Add. */
  readonly addedBy: Uint8Array
  /** Digest of the decision the Add relied on. */
  readonly decision: Uint8Array
  /** That decision admits a desk's agents, not one device. */
  readonly isTeam: 0 | 1
  readonly addedAt: number
  /** `committed_at` of its last path; none since joining. */
  readonly pathAt: number | null
  /** Let in because nobody was there, and has not answered: its first commit makes it the one who does. */
  readonly isOnCall: 0 | 1
}

/** An agent added another: until the newcomer removes it, nobody but the customer commits anything else. */
export interface Handoff {
  readonly adder: Uint8Array
  readonly newcomer: Uint8Array
  readonly at: number
}

export interface GroupMemory {
  /** `committed_at` of the last commit, 0 before the first. */
  readonly committedAt: number
  /** From the group's beginning. Where it is not, a fact older than this memory is left to those who were there. */
  readonly isWhole: 0 | 1
  /** The standing decisions whose text we have. */
  readonly decisions: readonly KnownDecision[]
  readonly arrivals: readonly Arrival[]
  readonly handoff: Handoff | null
}

const TIME = whole(0, Number.MAX_SAFE_INTEGER)
const KEY = bytes(32, 32)

const MEMORY = struct<GroupMemory>('GroupMemory', null, [
  ['committedAt', TIME],
  ['isWhole', oneOf([0, 1])],
  [
    'decisions',
    list(
      struct<KnownDecision>('KnownDecision', null, [
        ['digest', KEY],
        ['claims', DECISION_CLAIMS],
      ]),
      0,
      64,
    ),
  ],
  [
    'arrivals',
    list(
      struct<Arrival>('Arrival', null, [
        ['device', KEY],
        ['addedBy', KEY],
        ['decision', KEY],
        ['isTeam', oneOf([0, 1])],
        ['addedAt', TIME],
        ['pathAt', orNone(TIME)],
        ['isOnCall', oneOf([0, 1])],
      ]),
      0,
      64,
    ),
  ],
  [
    'handoff',
    orNone(
      struct<Handoff>('Handoff', null, [
        ['adder', KEY],
        ['newcomer', KEY],
        ['at', TIME],
      ]),
    ),
  ],
])

export const encodeGroupMemory = (memory: GroupMemory): Octets => encodeAs(MEMORY, memory)
export const decodeGroupMemory = (octets: Uint8Array): GroupMemory => decodeAs(MEMORY, octets)

/** The customer's memory of its own group: the start decision stands, nobody came yet. */
export const wholeMemory = (decisions: readonly KnownDecision[]): GroupMemory => ({
  committedAt: 0,
  isWhole: 1,
  decisions,
  arrivals: [],
  handoff: null,
})

/** A newcomer's memory before the commit that added it. */
export const blankMemory: GroupMemory = { committedAt: 0, isWhole: 0, decisions: [], arrivals: [], handoff: null }

export const decisionOf = (memory: GroupMemory, digest: Uint8Array): KnownDecision | null =>
  memory.decisions.find((known) => sameOctets(known.digest, digest)) ?? null

export const arrivalOf = (memory: GroupMemory, device: Uint8Array): Arrival | null =>
  memory.arrivals.find((arrival) => sameOctets(arrival.device, device)) ?? null

/** A path costs every member work: one after joining, and then one each ten minutes. */
export const maySendPath = (memory: GroupMemory, { device, at }: { readonly device: Uint8Array; readonly at: number }): boolean => {
  const pathAt = arrivalOf(memory, device)?.pathAt ?? null
  return pathAt === null || at - pathAt >= PATH_EVERY_MS
}

/** Between an agent's Add and the newcomer's Remove of it, neither of the two writes: nobody knows yet who answers. */
export const mayWrite = ({ handoff }: GroupMemory, device: Uint8Array): boolean =>
  handoff === null || !(sameOctets(device, handoff.adder) || sameOctets(device, handoff.newcomer))

/** What one accepted commit adds to the memory. */
export interface Happened {
  readonly committer: Uint8Array
  readonly byCustomer: boolean
  readonly at: number
  /** As the note says: who is added was let in because nobody was there. */
  readonly onCall: 0 | 1
  readonly decision: Decision | null
  readonly terms: GroupTerms
  readonly added: readonly { readonly device: Uint8Array; readonly decision: Uint8Array; readonly isTeam: boolean }[]
  /** Device keys of the removed leaves. */
  readonly removed: readonly Uint8Array[]
}

export const remember = (memory: GroupMemory, happened: Happened): GroupMemory => {
  const { committer, at, onCall, added, removed } = happened
  const stayed = memory.arrivals
    .filter(({ device }) => !removed.some((gone) => sameOctets(gone, device)))
    .map((arrival) => (sameOctets(arrival.device, committer) ? { ...arrival, pathAt: at, isOnCall: 0 as const } : arrival))
  const arrived = added.map(({ device, decision, isTeam }): Arrival => {
    return { device, addedBy: committer, decision, isTeam: isTeam ? 1 : 0, addedAt: at, pathAt: null, isOnCall: onCall }
  })
  return {
    committedAt: at,
    isWhole: memory.isWhole,
    decisions: standingOf(memory, happened),
    arrivals: [...stayed, ...arrived],
    handoff: handoffAfter(memory.handoff, happened),
  }
}

const standingOf = (memory: GroupMemory, { decision, terms }: Happened): readonly KnownDecision[] => {
  const isNew = decision !== null && decisionOf(memory, decision.digest) === null
  const known = isNew ? [...memory.decisions, decision] : memory.decisions
  return known.filter(({ digest }) => terms.standing.some((each) => sameOctets(each, digest)))
}

const handoffAfter = (handoff: Handoff | null, { added, byCustomer, committer, removed, at }: Happened): Handoff | null => {
  const [newcomer] = added
  if (newcomer !== undefined && !byCustomer) return { adder: committer, newcomer: newcomer.device, at }
  if (handoff === null) return null
  const isSettled = removed.some((gone) => sameOctets(gone, handoff.adder) || sameOctets(gone, handoff.newcomer))
  return isSettled ? null : handoff
}
