/** What the gate and the screens need to know of a member's state, read out of the library once per epoch. */
import { sameOctets } from '../../wire/octets.ts'
import { isCustomerLeaf, readTerms } from '../terms.ts'
import type { TrustState } from '../trustChain.ts'
import { credentialOf } from './committer.ts'
import type { GroupFacts } from './gateTypes.ts'
import { encryptionKeys, type GroupState, groupContext, roster } from './library.ts'
import type { IdentityJudge } from './memberTypes.ts'

export const factsOf = async (state: GroupState): Promise<GroupFacts> => {
  const view = await groupContext(state)
  const { groupId, epoch, extensions } = view
  return { groupId, epoch, extensions, terms: readTerms(view.terms), roster: roster(state), encryptionKeys: encryptionKeys(state) }
}

/** Our authentication service: the customer is its key, everybody else a credential that the organisation signed for this key. */
export const identityJudge = (trust: TrustState, customerKey: Uint8Array | null): IdentityJudge => ({
  judgeIdentity: async (identity, signatureKey) =>
    isCustomerLeaf({ identity, signatureKey })
      ? customerKey === null || sameOctets(customerKey, signatureKey)
      : (await credentialOf({ identity, signatureKey }, trust)) !== null,
})
