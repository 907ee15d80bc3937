/** Who commits, by the leaf's credential: which row of the closed list applies. */
import { sameOctets } from '../../wire/octets.ts'
import { type Credential, openCredential } from '../credential.ts'
import { parseEnvelope } from '../dsse.ts'
import type { TrustState } from '../trustChain.ts'
import { Untrusted } from '../untrusted.ts'
import type { Committer, GateContext } from './gateTypes.ts'
import type { RosterEntry } from './memberTypes.ts'

/** Who commits. A credential that ran out or was revoked still says who it was: what it may not do any more is the sweep's matter. */
export const committerOf = async (
  leaf: RosterEntry,
  { group, trust }: Pick<GateContext, 'trust'> & { readonly group: Pick<GateContext['group'], 'terms'> },
): Promise<Committer> => {
  if (sameOctets(leaf.signatureKey, group.terms.customerKey)) return { kind: 'customer', leaf }
  const credential = await credentialOf(leaf, trust)
  const isAgent = credential !== null && credential.kind === 'human' && credential.roles.includes('agent')
  return isAgent ? { kind: 'agent', leaf, credential } : { kind: 'member', leaf }
}

/** The credential in a leaf, if the organisation signed it for this key. Lifetime and revocation are not judged. */
export const credentialOf = async (leaf: Pick<RosterEntry, 'identity' | 'signatureKey'>, trust: TrustState): Promise<Credential | null> => {
  try {
    const credential = await openCredential(parseEnvelope(leaf.identity), trust.roots.newest.document)
    return sameOctets(credential.leafKey, leaf.signatureKey) ? credential : null
  } catch (error) {
    if (error instanceof Untrusted) return null
    throw error
  }
}
