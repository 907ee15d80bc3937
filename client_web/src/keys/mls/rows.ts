/** G4: the committer's row of the closed list (docs/protocol.md 3.1.1). What an Add must bring besides is `admission.ts`'s. */
import type { CommitNote } from '../../wire/generated/claims.ts'
import { sameOctets } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import { isOnCall } from '../credential.ts'
import { judgeCredential, type TrustState } from '../trustChain.ts'
import { NeedsNewerTrust, Untrusted } from '../untrusted.ts'
import { credentialOf } from './committer.ts'
import type { Committer, GateContext, Wanted } from './gateTypes.ts'
import type { RosterEntry } from './memberTypes.ts'
import { arrivalOf, HANDOFF_MS, type Handoff, maySendPath } from './memory.ts'

export interface Row {
  readonly committer: Committer
  readonly wanted: Wanted
  readonly note: CommitNote
}

/** `Refused('commit_not_allowed')` for whatever the closed list does not hold. */
export const judgeRow = async (row: Row, context: GateContext): Promise<void> => {
  if (row.wanted.adds.length > 1) throw no('more than one Add')
  const isCustomersAdd = row.committer.row === 'customer' && row.wanted.adds.length === 1
  if (row.note.onCall === 1 && !isCustomersAdd) throw no('only the customer’s Add lets somebody on call in')
  if (row.committer.row === 'team') return judgeTeam(row, context)
  if (row.committer.row === 'other') judgeEmptyPath(row, context)
}

const judgeTeam = async (row: Row, context: GateContext): Promise<void> => {
  const { adds, removes, extensions } = row.wanted
  if (extensions !== null) throw no('only the customer changes the terms')
  if (context.memory.handoff !== null) return judgeInHandoff(row, context.memory.handoff)
  if (adds.length > 0) return judgeAdd(row, context)
  if (removes.length > 0 && (await isFirstReader(row, context))) return
  if (removes.length > 0) return judgeRemoves(row, context)
  judgeEmptyPath(row, context)
}

/** Until the newcomer has put its predecessor out, nothing else of an agent may win the epoch. */
const judgeInHandoff = ({ committer, wanted, note }: Row, handoff: Handoff): void => {
  const removesOnly = (device: Uint8Array): boolean =>
    wanted.removes.length === 1 && wanted.removes.every(({ signatureKey }) => sameOctets(signatureKey, device))
  const isBy = (device: Uint8Array): boolean => sameOctets(committer.leaf.signatureKey, device)
  const byNewcomer = isBy(handoff.newcomer) && removesOnly(handoff.adder)
  const isLate = note.committedAt - handoff.at >= HANDOFF_MS
  const byAdder = isBy(handoff.adder) && removesOnly(handoff.newcomer) && isLate
  if (wanted.adds.length > 0 || !(byNewcomer || byAdder)) throw no('a handoff is under way')
}

/** The first on call that reads removes the others on call, as its first commit, and nobody else. */
const isFirstReader = async ({ committer, wanted }: Row, context: GateContext): Promise<boolean> => {
  if (arrivalOf(context.memory, committer.leaf.signatureKey)?.isOnCall !== 1) return false
  const waiting = await Promise.all(wanted.removes.map((leaf) => waitsOnCall(leaf, context)))
  return waiting.every(Boolean)
}

const waitsOnCall = async (leaf: RosterEntry, { memory, trust, group }: GateContext): Promise<boolean> => {
  const known = arrivalOf(memory, leaf.signatureKey)
  if (known !== null) return known.isOnCall === 1
  // Somebody who was here before us: those who were there know how it came in; we know what it is.
  const credential = await credentialOf(leaf, trust)
  return memory.isWhole === 0 && credential !== null && isOnCall(credential, group.terms.desk)
}

const judgeAdd = ({ committer, wanted, note }: Row, { memory }: GateContext): void => {
  if (arrivalOf(memory, committer.leaf.signatureKey)?.isOnCall === 1) throw no('who is on call answers before handing over')
  if (wanted.removes.length > 0) throw no('an agent adds one device and does nothing else with it')
  const under = arrivalOf(memory, committer.leaf.signatureKey)?.decision ?? null
  const isOther = under !== null && note.reliesOn !== null && !sameOctets(under, note.reliesOn)
  if (note.decision === null || isOther) throw no('an agent’s Add carries the team decision that let the agent in')
}

/** Whose credential is revoked or has run out, citing the trust document that says so. */
const judgeRemoves = async ({ committer, wanted, note }: Row, { memory, trust }: GateContext): Promise<void> => {
  if (note.trustVersion === null) {
    // It may be ending a handoff that is older than our memory.
    if (arrivalOf(memory, committer.leaf.signatureKey) === null) return
    throw no('a Remove that cites no trust version')
  }
  if (note.trustVersion > trust.trust.version) throw new NeedsNewerTrust('a trust document that we do not have')
  for (const leaf of wanted.removes) {
    if (!(await isVoid(leaf, { trust, at: note.committedAt }))) throw no('a Remove of somebody in force')
  }
}

/** Whether the organisation does not, or no longer, stand by an agent's leaf at `at`. */
export const isVoid = async (
  { identity, signatureKey }: Pick<RosterEntry, 'identity' | 'signatureKey'>,
  { trust, at }: { readonly trust: TrustState; readonly at: number },
): Promise<boolean> => {
  try {
    await judgeCredential(trust, identity, { at, leafKey: signatureKey })
    return false
  } catch (error) {
    if (error instanceof Untrusted) return true
    throw error
  }
}

const judgeEmptyPath = ({ committer, wanted, note }: Row, { memory }: GateContext): void => {
  const isEmpty = wanted.adds.length === 0 && wanted.removes.length === 0 && wanted.extensions === null
  if (!isEmpty) throw no('this member may send an empty path only')
  if (!maySendPath(memory, { device: committer.leaf.signatureKey, at: note.committedAt })) throw no('a path too soon after the last')
}

const no = (why: string): Refused => new Refused('commit_not_allowed', why)
