/** Whose credential a leaf carries, and which row of the closed list its holder has in this group. */

import type { GroupTerms } from '../../wire/generated/claims.ts'
import { sameOctets } from '../../wire/octets.ts'
import { type Credential, openCredential } from '../credential.ts'
import { parseEnvelope } from '../dsse.ts'
import { judgeCredential, type TrustState } from '../trustChain.ts'
import { Untrusted } from '../untrusted.ts'
import type { Committer } from './gateTypes.ts'
import type { RosterEntry } from './memberTypes.ts'
import { arrivalOf, type GroupMemory } from './memory.ts'

export interface CommitterContext {
  readonly terms: GroupTerms
  readonly memory: GroupMemory
  readonly trust: TrustState
  readonly at: number
}

/**
 * Who commits. `Untrusted` when an agent's credential is not in force at `at` (T32: a revoked agent's queued commit). `team` is a human
 * agent let in under a team admission that still stands; somebody who was here before our memory began is left to those who were there.
 */
export const committerOf = async (leaf: RosterEntry, { terms, memory, trust, at }: CommitterContext): Promise<Committer> => {
  if (sameOctets(leaf.signatureKey, terms.customerKey)) return { row: 'customer', leaf }
  const { kind, roles, desks } = await judgeCredential(trust, leaf.identity, { at, leafKey: leaf.signatureKey })
  const isAgent = kind === 'human' && roles.includes('agent') && desks.includes(terms.desk)
  const arrival = arrivalOf(memory, leaf.signatureKey)
  const stands = arrival !== null && terms.standing.some((digest) => sameOctets(digest, arrival.decision))
  const isTeam = arrival === null ? memory.isWhole === 0 : arrival.isTeam === 1 && stands
  return { row: isAgent && isTeam ? 'team' : 'other', leaf }
}

/** The credential in a leaf, if the organisation signed it for this key. Lifetime and revocation are not judged. */
export const credentialOf = async (leaf: Pick<RosterEntry, 'identity' | 'signatureKey'>, trust: TrustState): Promise<Credential | null> => {
  try {
    const credential = await openCredential(parseEnvelope(leaf.identity), trust.roots.newest.document)
    const isOurs = credential.org === trust.trust.org && sameOctets(credential.leafKey, leaf.signatureKey)
    return isOurs ? credential : null
  } catch (error) {
    if (error instanceof Untrusted) return null
    throw error
  }
}
