/** A newcomer's own judgement of the group it was let into (docs/protocol.md 3.2): a Welcome alone does not say who allowed it. */
import type { CommitNote, GroupTerms, WelcomeBundle } from '../../wire/generated/claims.ts'
import { ROSTER_LEAVES } from '../../wire/generated/limits.ts'
import { concat, sameOctets, toHex } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import { judgeChain, judgeContinues } from '../chain.ts'
import { sha256 } from '../digest.ts'
import { knowsRoot } from '../rootChain.ts'
import { conversationOf, hasCustomerPrefix, isCustomerLeaf, numberOf, readNote, readTerms, sameButStanding } from '../terms.ts'
import { hasPolicy, type TrustState } from '../trustChain.ts'
import { Forked, Inconsistent, UnknownCredential } from '../untrusted.ts'
import { admit } from './admission.ts'
import { opaque, uint } from './bytes.ts'
import { committerOf, credentialOf } from './committer.ts'
import { decisionIn, pathOf } from './gate.ts'
import type { GroupView, RosterEntry } from './memberTypes.ts'
import { blankMemory, type GroupMemory, remember } from './memory.ts'
import { parseCommit } from './parse.ts'
import type { ParsedCommit, ParsedKeyPackage } from './parsedTypes.ts'

const PUBLIC_MESSAGE = 1

/** The group as the Welcome shows it; its tree, tags and hashes are already checked by the library. */
export interface Joined {
  readonly view: GroupView
  readonly roster: readonly RosterEntry[]
}

export interface NewcomerContext {
  readonly trust: TrustState
  /** The desks of our own credential. */
  readonly desks: readonly string[]
  readonly device: Uint8Array
  /** The terms of the conversation's group that we are or were in; none for a stranger to it. */
  readonly earlier: GroupTerms | null
}

export interface Arrived {
  readonly terms: GroupTerms
  readonly note: CommitNote
  readonly memory: GroupMemory
}

/** Accept the group, or throw `Refused` or `Untrusted`: then the device forgets it and says nothing in it. */
export const judgeWelcome = async (bundle: WelcomeBundle, joined: Joined, context: NewcomerContext): Promise<Arrived> => {
  const commit = parseCommit(bundle.commit)
  await judgeLink(commit, { bundle, view: joined.view })
  const terms = readTerms(joined.view.terms)
  judgeTerms(terms, context)
  await judgePast(terms, { groupId: joined.view.groupId, earlier: context.earlier })
  await judgeRoster(joined.roster, { terms, context })
  const note = readNote(commit.authenticatedData)
  const memory = await judgeAdmission(commit, { joined, terms, note, context })
  if (!hasPolicy(context.trust, terms.policyDigest, note.committedAt)) throw new Refused('notice_required', 'a policy that is not in force')
  return { terms, note, memory }
}

/** The commit that was handed over is the one that leads to this epoch: the transcript hash says so. */
const judgeLink = async (
  commit: ParsedCommit,
  { bundle, view }: { readonly bundle: WelcomeBundle; readonly view: GroupView },
): Promise<void> => {
  const wire = uint(PUBLIC_MESSAGE, 2)
  const hash = await sha256(concat(bundle.interimHash, wire, commit.framedContent, opaque(commit.signature)))
  const follows = sameOctets(commit.groupId, view.groupId) && commit.epoch + 1 === view.epoch
  if (!follows || !sameOctets(hash, view.confirmedTranscriptHash)) throw new Forked('not the commit that this group confirms')
}

/** Exactly one customer, under its key, and nobody for whom the organisation never vouched. */
const judgeRoster = async (
  roster: readonly RosterEntry[],
  { terms, context }: { readonly terms: GroupTerms; readonly context: NewcomerContext },
): Promise<void> => {
  const isClaiming = (leaf: RosterEntry): boolean => sameOctets(leaf.signatureKey, terms.customerKey) || hasCustomerPrefix(leaf.identity)
  const [customer, ...others] = roster.filter(isClaiming)
  const isGenuine = customer !== undefined && isCustomerLeaf(customer) && sameOctets(customer.signatureKey, terms.customerKey)
  if (!isGenuine || others.length > 0) throw new Inconsistent('not exactly one genuine customer')
  for (const leaf of roster) {
    if (leaf !== customer && (await credentialOf(leaf, context.trust)) === null) throw new UnknownCredential('nobody vouches for a leaf')
  }
  if (roster.length > ROSTER_LEAVES) throw new Refused('roster_full')
}

const judgeTerms = (terms: GroupTerms, { trust }: NewcomerContext): void => {
  if (!knowsRoot(trust.roots, toHex(terms.root))) throw new Forked('another organisation')
}

/** The groups before hand over to this one, and the one that we know is among them. */
const judgePast = async (
  terms: GroupTerms,
  { groupId, earlier }: { readonly groupId: Uint8Array; readonly earlier: GroupTerms | null },
): Promise<void> => {
  await judgeChain(terms, { conversation: conversationOf(groupId), number: numberOf(groupId) })
  if (earlier === null) return
  if (terms.chain.length > earlier.chain.length) judgeContinues(terms, earlier)
  else if (!sameButStanding(terms, earlier)) throw new Forked('another group under the same number, or an earlier one')
}

interface Admission {
  readonly joined: Joined
  readonly terms: GroupTerms
  readonly note: CommitNote
  readonly context: NewcomerContext
}

const judgeAdmission = async (commit: ParsedCommit, { joined, terms, note, context }: Admission): Promise<GroupMemory> => {
  const { roster, view } = joined
  const keyPackage = onlyOurs(commit, { roster, device: context.device })
  const leaf = roster.find((entry) => entry.leaf === commit.senderLeaf)
  // The path leaf is the committer's leaf in the tree that we were given.
  if (leaf === undefined || !sameOctets(leaf.leafNodeBytes, pathOf(commit).leafNode.bytes)) throw new Inconsistent('committer')
  const [memory, trust] = [blankMemory, context.trust]
  const { row } = await committerOf(leaf, { terms, memory, trust, at: note.committedAt })
  const doesMore = commit.proposals.some(({ kind }) => kind !== 'add')
  if (row === 'other' || (row === 'team' && doesMore)) throw new Refused('commit_not_allowed', 'added by somebody who may not')
  const decision = await decisionIn(note, { terms, groupId: view.groupId })
  // Another desk's device comes in only by a decision that names it.
  if (decision?.claims.admits.tag !== 'device' && !context.desks.includes(terms.desk))
    throw new Refused('commit_not_allowed', 'another desk')
  const byCustomer = row === 'customer'
  const added = await admit(keyPackage, { groupId: view.groupId, memory, trust, note, decision, terms, byCustomer })
  const happened = {
    committer: leaf.signatureKey,
    byCustomer,
    at: note.committedAt,
    onCall: note.onCall,
    decision,
    terms,
    added: [added],
    removed: [],
  }
  return remember(memory, happened)
}

/** A commit of the closed list's kinds that adds this device and nobody else, with the very leaf that stands in the tree. */
const onlyOurs = (
  commit: ParsedCommit,
  { roster, device }: { readonly roster: readonly RosterEntry[]; readonly device: Uint8Array },
): ParsedKeyPackage => {
  const isKnown = commit.proposals.every(({ kind }) => kind === 'add' || kind === 'remove' || kind === 'group_context_extensions')
  const adds = commit.proposals.flatMap((proposal) => (proposal.kind === 'add' ? [proposal.keyPackage] : []))
  const [own, ...others] = adds
  const place = roster.find(({ signatureKey }) => sameOctets(signatureKey, device))
  const isOurs = own !== undefined && place !== undefined && sameOctets(own.leafNode.bytes, place.leafNodeBytes)
  if (!isKnown || !isOurs || others.length > 0) throw new Refused('commit_not_allowed', 'not a commit that adds this device alone')
  return own
}
