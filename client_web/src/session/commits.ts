/** Commits of our own: built, judged by our own gate, and kept as pending until they come back in the relay's order. */
import { identityJudge } from '../keys/mls/facts.ts'
import { judgeCommit } from '../keys/mls/gate.ts'
import { commit } from '../keys/mls/library.ts'
import { parseCommit } from '../keys/mls/parse.ts'
import { encodeNote, encodeTerms } from '../keys/terms.ts'
import type { Signed } from '../wire/generated/claims.ts'
import type { Conversation, Situation } from './conversation.ts'

/** What a commit is to do; nothing at all is an empty path. */
export interface Plan {
  /** MLSMessage(KeyPackage) each. */
  readonly adds?: readonly Uint8Array[]
  readonly removes?: readonly number[]
  /** Digest of the standing decision an Add relies on (null: the decision itself says it), and that decision for the newcomer to check. */
  readonly grounds?: { readonly reliesOn: Uint8Array | null; readonly decision: Signed }
  /** The Add lets in a device on call, because nobody is there. */
  readonly onCall?: boolean
  /** The standing list that the commit leaves, where it changes. */
  readonly standing?: readonly Uint8Array[]
  /** Cited by a Remove of somebody else than the customer. */
  readonly trustVersion?: number
}

/** The conversation with this commit pending. `Refused` or `Untrusted` where our own gate does not let it pass. */
export const withCommit = async (conversation: Conversation, plan: Plan, situation: Situation): Promise<Conversation> => {
  const { facts, memory, state } = conversation
  const { trust, signer, now } = situation
  const authenticatedData = encodeNote({
    // Nobody may be locked out by a commit that was dated minutes ahead.
    committedAt: Math.max(now, memory.committedAt),
    reliesOn: plan.grounds?.reliesOn ?? null,
    decision: plan.grounds?.decision ?? null,
    trustVersion: plan.trustVersion ?? null,
    onCall: plan.onCall === true ? 1 : 0,
  })
  const trusted = identityJudge(trust, facts.terms.customerKey)
  const terms = plan.standing === undefined ? {} : { terms: encodeTerms({ ...facts.terms, standing: plan.standing }) }
  const made = await commit(state, { adds: plan.adds ?? [], removes: plan.removes ?? [], ...terms, authenticatedData, signer, trusted })
  await judgeCommit(parseCommit(made.commit), { group: facts, memory, trust })
  return { ...conversation, pending: { commit: made.pending, welcome: made.welcome } }
}
