/** What a newcomer judges before it says a word (docs/protocol.md 3.2): the commit that added it, the terms, and every other leaf. */
import type { CommitNote, GroupTerms, WelcomeBundle } from '../../wire/generated/claims.ts'
import { concat, sameOctets, toHex } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import { verifyDecision } from '../decision.ts'
import { sha256 } from '../digest.ts'
import { knowsRoot } from '../rootChain.ts'
import { isCustomerLeaf, readNote, readTerms } from '../terms.ts'
import { hasPolicy, judgeCredential, type TrustState } from '../trustChain.ts'
import { Forked, Inconsistent, UnknownCredential } from '../untrusted.ts'
import { admit } from './admission.ts'
import { opaque, uint } from './bytes.ts'
import { committerOf } from './committer.ts'
import { pathOf } from './gate.ts'
import type { Committer } from './gateTypes.ts'
import type { GroupView, RosterEntry } from './memberTypes.ts'
import { type GroupMemory, newMemory, remember } from './memory.ts'
import { parseCommit } from './parse.ts'
import type { ParsedCommit, ParsedKeyPackage } from './parsedTypes.ts'

const PUBLIC_MESSAGE = 1

/** The group as the Welcome shows it. */
export interface Joined {
  readonly view: GroupView
  readonly roster: readonly RosterEntry[]
}

export interface NewcomerContext {
  readonly trust: TrustState
  /** The desks of our own credential. */
  readonly desks: readonly string[]
  readonly device: Uint8Array
}

export interface Arrived {
  readonly terms: GroupTerms
  readonly note: CommitNote
  readonly memory: GroupMemory
}

/** Accept the group, or throw `Refused` or `Untrusted`: then the device forgets it and says nothing in it. */
export const judgeWelcome = async (bundle: WelcomeBundle, joined: Joined, context: NewcomerContext): Promise<Arrived> => {
  const commit = parseCommit(bundle.commit)
  await judgeLink(commit, { bundle, joined })
  const terms = readTerms(joined.view.terms)
  const note = readNote(commit.authenticatedData)
  judgeTerms(terms, { context, note })
  const committer = await judgeCommitter(commit, { joined, terms, context })
  const memory = await judgeAdds(commit, { joined, terms, context, note, committer })
  await judgeRoster(joined.roster, { terms, context, at: note.committedAt })
  return { terms, note, memory }
}

/** The commit that was handed over is the one that leads to this epoch: the transcript hash says so. */
const judgeLink = async (
  commit: ParsedCommit,
  { bundle, joined: { view } }: { readonly bundle: WelcomeBundle; readonly joined: Joined },
): Promise<void> => {
  const wire = uint(PUBLIC_MESSAGE, 2)
  const hash = await sha256(concat(bundle.interimHash, wire, commit.framedContent, opaque(commit.signature)))
  const follows = sameOctets(commit.groupId, view.groupId) && commit.epoch + 1 === view.epoch
  if (!follows || !sameOctets(hash, view.confirmedTranscriptHash)) throw new Forked('the commit does not lead here')
}

/** Our organisation, one of our desks, a policy in force. */
const judgeTerms = (terms: GroupTerms, { context, note }: { readonly context: NewcomerContext; readonly note: CommitNote }): void => {
  if (!knowsRoot(context.trust.roots, toHex(terms.root))) throw new Forked('another organisation')
  if (!context.desks.includes(terms.desk)) throw new Inconsistent('another desk')
  if (!hasPolicy(context.trust, terms.policyDigest, note.committedAt)) throw new Inconsistent('a policy that is not in force')
}

const judgeCommitter = async (
  commit: ParsedCommit,
  { joined, terms, context }: { readonly joined: Joined; readonly terms: GroupTerms; readonly context: NewcomerContext },
): Promise<Committer> => {
  const leaf = joined.roster.find((entry) => entry.leaf === commit.senderLeaf)
  // The path leaf is the committer's leaf in the tree that we were given.
  if (leaf === undefined || !sameOctets(leaf.leafNodeBytes, pathOf(commit).leafNode.bytes)) throw new Inconsistent('committer')
  const committer = await committerOf(leaf, { trust: context.trust, group: { terms } })
  if (committer.kind === 'member') throw new Refused('commit_not_allowed', 'who added us may not')
  return committer
}

interface Adding {
  readonly joined: Joined
  readonly terms: GroupTerms
  readonly context: NewcomerContext
  readonly note: CommitNote
  readonly committer: Committer
}

const judgeAdds = async (commit: ParsedCommit, { joined, terms, context, note, committer }: Adding): Promise<GroupMemory> => {
  const decision = note.decision === null ? null : await verifyDecision(note.decision, terms.customerKey)
  const memory = newMemory(decision === null ? [] : [decision])
  const adds = commit.proposals.flatMap((proposal): readonly ParsedKeyPackage[] => {
    if (proposal.kind === 'add') return [proposal.keyPackage]
    if (proposal.kind === 'remove' || proposal.kind === 'group_context_extensions') return []
    throw new Refused('commit_not_allowed', proposal.kind)
  })
  if (!adds.some(({ leafNode }) => sameOctets(leafNode.signatureKey, context.device))) throw new Inconsistent('adds somebody else')
  const group = { groupId: joined.view.groupId }
  const added = await Promise.all(
    adds.map((keyPackage) => admit(keyPackage, { context: { group, memory, trust: context.trust }, note, decision, terms })),
  )
  const byCustomer = committer.kind === 'customer'
  return remember(memory, { committer: committer.leaf.signatureKey, at: note.committedAt, decision, added, removed: [], byCustomer })
}

/** One customer, under its key, and nobody whom the organisation never vouched for. */
const judgeRoster = async (
  roster: readonly RosterEntry[],
  { terms, context, at }: { readonly terms: GroupTerms; readonly context: NewcomerContext; readonly at: number },
): Promise<void> => {
  const customers = roster.filter((entry) => sameOctets(entry.signatureKey, terms.customerKey))
  const [customer] = customers
  if (customers.length !== 1 || customer === undefined || !isCustomerLeaf(customer)) throw new Inconsistent('customer')
  for (const { identity, signatureKey } of roster) {
    if (sameOctets(signatureKey, terms.customerKey)) continue
    await judgeCredential(context.trust, identity, { at, leafKey: signatureKey })
  }
  if (!roster.some(({ signatureKey }) => sameOctets(signatureKey, context.device))) throw new UnknownCredential('not a member')
}
