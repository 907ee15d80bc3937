/** Judging a device that the relay proposes, before it is let in: what the gate will ask of its Add, and that now is the time. */
import type { Credential } from '../keys/credential.ts'
import { verifyKeyPackage } from '../keys/mls/keyPackage.ts'
import { parseKeyPackage } from '../keys/mls/parse.ts'
import { judgeCredential } from '../keys/trustChain.ts'
import { Lapsed } from '../keys/untrusted.ts'
import type { Conversation, Situation } from './conversation.ts'
import type { TrustKeeper } from './trustKeeper.ts'

/** The credential of one of the desk's agents, by whom the organisation stands now. `Untrusted` or `Refused` otherwise. */
export const judgeAnswerer = async (
  octets: Uint8Array,
  { conversation, situation, keeper }: { readonly conversation: Conversation; readonly situation: Situation; readonly keeper: TrustKeeper },
): Promise<Credential> => {
  const keyPackage = parseKeyPackage(octets)
  const { signatureKey, identity } = keyPackage.leafNode
  await keeper.refresh()
  if (keeper.freshness() !== 'fresh') throw new Lapsed('trust')
  const at = Math.max(situation.now, conversation.memory.committedAt)
  await verifyKeyPackage(keyPackage, at)
  const { desk } = conversation.facts.terms
  return judgeCredential(keeper.state ?? situation.trust, identity, { at, leafKey: signatureKey, desk, role: 'agent', kind: 'human' })
}
