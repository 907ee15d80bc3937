/** What members must remember of a group and MLS does not: times, decisions, who added whom. A value; `remember` gives the next one. */
import { DECISION_CLAIMS, type DecisionClaims } from '../../wire/generated/claims.ts'
import { type Octets, sameOctets } from '../../wire/octets.ts'
import { bytes, decodeAs, encodeAs, list, orNone, struct, whole } from '../../wire/shape.ts'
import type { Decision } from '../decision.ts'

/** A decision of this customer whose signature was checked. */
export interface KnownDecision {
  readonly digest: Uint8Array
  readonly claims: DecisionClaims
}

/** One member that came by an Add: by whom, when, under which decision, and its last path (0 before the first). */
export interface Arrival {
  readonly device: Uint8Array
  readonly addedBy: Uint8Array
  readonly decision: Uint8Array
  readonly addedAt: number
  readonly lastPathAt: number
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
  readonly decisions: readonly KnownDecision[]
  readonly arrivals: readonly Arrival[]
  readonly handoff: Handoff | null
}

const TIME = whole(0, Number.MAX_SAFE_INTEGER)
const KEY = bytes(32, 32)

const MEMORY = struct<GroupMemory>('GroupMemory', null, [
  ['committedAt', TIME],
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
        ['addedAt', TIME],
        ['lastPathAt', TIME],
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
export const newMemory = (decisions: readonly Decision[]): GroupMemory => ({ committedAt: 0, decisions, arrivals: [], handoff: null })

export const decisionOf = (memory: GroupMemory, digest: Uint8Array): KnownDecision | null =>
  memory.decisions.find((known) => sameOctets(known.digest, digest)) ?? null

export const arrivalOf = (memory: GroupMemory, device: Uint8Array): Arrival | null =>
  memory.arrivals.find((arrival) => sameOctets(arrival.device, device)) ?? null

/** What one accepted commit adds to the memory. */
export interface Happened {
  readonly committer: Uint8Array
  readonly at: number
  readonly decision: Decision | null
  readonly added: readonly { readonly device: Uint8Array; readonly decision: Uint8Array }[]
  /** Device keys of the removed leaves. */
  readonly removed: readonly Uint8Array[]
  readonly byCustomer: boolean
}

export const remember = (memory: GroupMemory, happened: Happened): GroupMemory => {
  const { committer, at, added, removed, byCustomer } = happened
  const known = happened.decision === null || decisionOf(memory, happened.decision.digest) !== null ? [] : [happened.decision]
  const stayed = memory.arrivals
    .filter(({ device }) => !removed.some((gone) => sameOctets(gone, device)))
    .map((arrival) => (sameOctets(arrival.device, committer) ? { ...arrival, lastPathAt: at } : arrival))
  const arrived = added.map(({ device, decision }) => ({ device, addedBy: committer, decision, addedAt: at, lastPathAt: 0 }))
  const [newcomer] = added
  const opened = newcomer !== undefined && !byCustomer ? { adder: committer, newcomer: newcomer.device, at } : null
  return {
    committedAt: at,
    decisions: [...memory.decisions, ...known],
    arrivals: [...stayed, ...arrived],
    handoff: opened ?? stillOpen(memory.handoff, removed),
  }
}

const stillOpen = (handoff: Handoff | null, removed: readonly Uint8Array[]): Handoff | null => {
  if (handoff === null) return null
  const settled = removed.some((gone) => sameOctets(gone, handoff.adder) || sameOctets(gone, handoff.newcomer))
  return settled ? null : handoff
}
