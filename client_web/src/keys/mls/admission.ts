/** G8: each Add stands on a decision of the customer, and is who it says. */
import type { CommitNote, DecisionClaims, GroupTerms } from '../../wire/generated/claims.ts'
import { sameOctets } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import { type Credential, isOnCall } from '../credential.ts'
import { covers, type Decision } from '../decision.ts'
import { conversationOf, stands } from '../terms.ts'
import { judgeCredential, type TrustState } from '../trustChain.ts'
import { verifyKeyPackage } from './keyPackage.ts'
import { decisionOf, type GroupMemory } from './memory.ts'
import type { ParsedKeyPackage } from './parsedTypes.ts'

export interface AdmissionContext {
  readonly groupId: Uint8Array
  readonly memory: GroupMemory
  readonly trust: TrustState
  readonly note: CommitNote
  /** The decision that the commit carries, its signature checked. */
  readonly decision: Decision | null
  /** The terms that the commit produces. */
  readonly terms: GroupTerms
  readonly byCustomer: boolean
}

export interface Admitted {
  readonly device: Uint8Array
  readonly credential: Credential
  /** Digest of the decision it came under. */
  readonly decision: Uint8Array
  readonly isTeam: boolean
}

/** `Untrusted` for the device, `Refused('not_admitted')` for its admission. */
export const admit = async (keyPackage: ParsedKeyPackage, context: AdmissionContext): Promise<Admitted> => {
  const { note, trust, terms, byCustomer } = context
  const at = note.committedAt
  await verifyKeyPackage(keyPackage, at)
  const { identity, signatureKey } = keyPackage.leafNode
  const credential = await judgeCredential(trust, identity, { at, leafKey: signatureKey })
  const digest = reliedOn(context)
  const claims = claimsOf(digest, context)
  // Where only the digest is known, the customer's own signature on the commit is the decision.
  const isCovered = claims === null || covers(claims, credential, { conversation: conversationOf(context.groupId), terms, at })
  if (!isCovered) throw new Refused('not_admitted', 'the decision does not cover this device')
  if (note.onCall === 1 && !isOnCall(credential, terms.desk)) throw new Refused('not_admitted', 'nobody who is on call for this desk')
  if (!byCustomer && claims?.admits.tag !== 'team') throw new Refused('not_admitted', 'an agent adds under a team admission only')
  const isTeam = claims === null ? isAgentOf(credential, terms.desk) : claims.admits.tag === 'team'
  return { device: signatureKey, credential, decision: digest, isTeam }
}

/** The one decision that the note names, which must stand after the commit: so Add-while-withdrawing cannot be. */
const reliedOn = ({ note, decision, terms }: AdmissionContext): Uint8Array => {
  const digest = note.reliesOn ?? decision?.digest ?? null
  const isTwo = note.reliesOn !== null && decision !== null && !sameOctets(note.reliesOn, decision.digest)
  if (digest === null || isTwo) throw new Refused('not_admitted', 'an Add under no decision, or under two')
  if (!stands(terms, digest)) throw new Refused('not_admitted', 'the decision does not stand')
  return digest
}

const claimsOf = (digest: Uint8Array, { decision, memory, byCustomer }: AdmissionContext): DecisionClaims | null => {
  const isCarried = decision !== null && sameOctets(decision.digest, digest)
  const claims = isCarried ? decision.claims : (decisionOf(memory, digest)?.claims ?? null)
  if (claims === null && (memory.isWhole === 1 || !byCustomer)) throw new Refused('not_admitted', 'nobody knows this decision')
  return claims
}

const isAgentOf = ({ kind, roles, desks }: Credential, desk: string): boolean =>
  kind === 'human' && roles.includes('agent') && desks.includes(desk)
