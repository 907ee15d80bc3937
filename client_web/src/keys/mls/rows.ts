/** G4: the committer's row of the closed list (group-rules). What an Add must bring besides is `admission.ts`'s. */
import type { CommitNote } from '../../wire/generated/claims.ts'
import { sameOctets } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import { isRevoked } from '../trustChain.ts'
import { NeedsNewerTrust } from '../untrusted.ts'
import { credentialOf } from './committer.ts'
import type { Committer, GateContext, Wanted } from './gateTypes.ts'
import type { RosterEntry } from './memberTypes.ts'
import { arrivalOf, decisionOf } from './memory.ts'

/** Between two empty paths of an agent, and before an adder may take back a newcomer that does not come. */
const TEN_MINUTES_MS = 10 * 60 * 1000

export interface Row {
  readonly committer: Committer
  readonly wanted: Wanted
  readonly note: CommitNote
}

/** `Refused('commit_not_allowed')` for whatever the closed list does not hold. */
export const judgeRow = async (row: Row, context: GateContext): Promise<void> => {
  switch (row.committer.kind) {
    case 'customer':
      return
    case 'agent':
      return judgeAgent(row, context)
    case 'member':
      if (!isEmpty(row.wanted)) throw no('empty path only')
      return judgeEmptyPath(row, context)
  }
}

const judgeAgent = async (row: Row, context: GateContext): Promise<void> => {
  const { adds, removes, extensions } = row.wanted
  if (extensions !== null) throw no('terms are the customer’s')
  judgeHandoff(row, context)
  if (isEmpty(row.wanted)) return judgeEmptyPath(row, context)
  if (adds.length > 0 && !mayAdd(row, context)) throw no('not admitted with the desk')
  for (const leaf of removes) {
    if (!(await mayRemove(leaf, { row, context }))) throw no('not this agent’s Remove')
  }
}

/** One device, by somebody who came under a team admission that still stands. */
const mayAdd = ({ committer, wanted }: Row, { memory, group }: GateContext): boolean => {
  const arrival = arrivalOf(memory, committer.leaf.signatureKey)
  const decision = arrival === null ? null : decisionOf(memory, arrival.decision)
  const standing = decision !== null && group.terms.standing.some((digest) => sameOctets(digest, decision.digest))
  return wanted.adds.length === 1 && standing && decision.claims.admits.tag === 'team'
}

const mayRemove = async (leaf: RosterEntry, { row, context }: { readonly row: Row; readonly context: GateContext }): Promise<boolean> =>
  (await isOut(leaf, { row, context })) || isAdder(leaf, { row, context }) || isLate(leaf, { row, context })

/** (i) a credential that is revoked or ran out, citing the trust document that says so. */
const isOut = async (leaf: RosterEntry, { row, context }: { readonly row: Row; readonly context: GateContext }): Promise<boolean> => {
  const { committedAt, trustVersion } = row.note
  const credential = await credentialOf(leaf, context.trust)
  if (credential !== null && committedAt >= credential.exp) return true
  if (trustVersion === null) return false
  // A newer document than ours: fetch it and judge again, the commit may be right.
  if (trustVersion > context.trust.trust.version) throw new NeedsNewerTrust('cites a newer trust document')
  return credential === null || isRevoked(context.trust, credential, committedAt)
}

/** (ii) the leaf that added the committer, as the newcomer's first commit. */
const isAdder = (leaf: RosterEntry, { row, context }: { readonly row: Row; readonly context: GateContext }): boolean => {
  const arrival = arrivalOf(context.memory, row.committer.leaf.signatureKey)
  return arrival !== null && arrival.lastPathAt === 0 && sameOctets(arrival.addedBy, leaf.signatureKey)
}

/** After ten minutes the adder may take back the newcomer. */
const isLate = (leaf: RosterEntry, { row, context }: { readonly row: Row; readonly context: GateContext }): boolean => {
  const { handoff } = context.memory
  if (handoff === null) return false
  const own = sameOctets(handoff.adder, row.committer.leaf.signatureKey)
  return own && sameOctets(handoff.newcomer, leaf.signatureKey) && row.note.committedAt - handoff.at >= TEN_MINUTES_MS
}

/** While a handoff is open, agents commit nothing but its end. */
const judgeHandoff = ({ committer, wanted }: Row, { memory: { handoff } }: GateContext): void => {
  if (handoff === null) return
  const parties = [handoff.adder, handoff.newcomer]
  const ends = wanted.removes.some(({ signatureKey }) => parties.some((party) => sameOctets(party, signatureKey)))
  const isParty = parties.some((party) => sameOctets(party, committer.leaf.signatureKey))
  if (!ends || !isParty || wanted.adds.length > 0) throw no('a handoff is open')
}

/** Once after joining, otherwise at most every ten minutes. */
const judgeEmptyPath = ({ committer, note }: Row, { memory }: GateContext): void => {
  const lastPathAt = arrivalOf(memory, committer.leaf.signatureKey)?.lastPathAt ?? 0
  if (lastPathAt !== 0 && note.committedAt - lastPathAt < TEN_MINUTES_MS) throw no('an empty path too soon')
}

const isEmpty = ({ adds, removes, extensions }: Wanted): boolean => adds.length === 0 && removes.length === 0 && extensions === null

const no = (why: string): Refused => new Refused('commit_not_allowed', why)
