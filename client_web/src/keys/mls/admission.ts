/** G8: what an Add must bring: a living key package, a credential in force and a decision that stands. */
import type { CommitNote, DecisionClaims, GroupTerms } from '../../wire/generated/claims.ts'
import { sameOctets } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import type { Credential } from '../credential.ts'
import { covers, type Decision } from '../decision.ts'
import { conversationOf, stands } from '../terms.ts'
import { judgeCredential, type TrustState } from '../trustChain.ts'
import { Inconsistent, Lapsed } from '../untrusted.ts'
import { SUITE, TERMS_EXTENSION } from './constants.ts'
import type { GroupFacts } from './gateTypes.ts'
import { decisionOf, type GroupMemory } from './memory.ts'
import type { ParsedKeyPackage } from './parsedTypes.ts'

export interface AdmissionContext {
  readonly context: { readonly group: Pick<GroupFacts, 'groupId'>; readonly memory: GroupMemory; readonly trust: TrustState }
  readonly note: CommitNote
  /** The decision that the commit carries, its signature checked. */
  readonly decision: Decision | null
  /** The terms that the commit produces. */
  readonly terms: GroupTerms
}

export interface Admitted {
  readonly device: Uint8Array
  readonly credential: Credential
  /** Digest of the decision it came under. */
  readonly decision: Uint8Array
}

/** `Untrusted` for key package or credential, `Refused('not_admitted')` where no standing decision covers the device. */
export const admit = async (keyPackage: ParsedKeyPackage, { context, note, decision, terms }: AdmissionContext): Promise<Admitted> => {
  const at = note.committedAt
  judgeKeyPackage(keyPackage, at)
  const { identity, signatureKey } = keyPackage.leafNode
  const credential = await judgeCredential(context.trust, identity, { at, leafKey: signatureKey })
  const reliedOn = reliedOnOf(note, { decision, memory: context.memory })
  const standing = reliedOn !== null && stands(terms, reliedOn.digest)
  const admission = { conversation: conversationOf(context.group.groupId), terms, at }
  if (!standing || !covers(reliedOn.claims, credential, admission)) throw new Refused('not_admitted')
  return { device: signatureKey, credential, decision: reliedOn.digest }
}

/** Suite, capabilities and lifetime (Unix seconds), judged at `at`; signatures are the library's. */
export const judgeKeyPackage = ({ cipherSuite, initKey, leafNode }: ParsedKeyPackage, at: number): void => {
  const { source, capabilities, encryptionKey } = leafNode
  const capable = cipherSuite === SUITE && capabilities.cipherSuites.includes(SUITE) && capabilities.extensions.includes(TERMS_EXTENSION)
  if (!capable || source.kind !== 'key_package' || sameOctets(initKey, encryptionKey)) throw new Inconsistent('key package')
  const seconds = Math.floor(at / 1000)
  if (seconds < source.notBefore || seconds > source.notAfter) throw new Lapsed('key package outside its time')
}

const reliedOnOf = (
  note: CommitNote,
  { decision, memory }: { readonly decision: Decision | null; readonly memory: GroupMemory },
): { readonly digest: Uint8Array; readonly claims: DecisionClaims } | null => {
  if (note.reliesOn === null) return decision
  if (decision !== null && sameOctets(decision.digest, note.reliesOn)) return decision
  return decisionOf(memory, note.reliesOn)
}
