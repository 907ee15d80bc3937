/** The commit gate: rules G1-G8 of docs/protocol.md 3.1 on parsed bytes, before any library sees them. Mirrors `commit_gate.py`. */
import type { CommitNote, GroupTerms } from '../../wire/generated/claims.ts'
import { ROSTER_LEAVES } from '../../wire/generated/limits.ts'
import { sameOctets } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import { type Decision, verifyDecision } from '../decision.ts'
import { conversationOf, hasCustomerPrefix, readNote, readTerms, sameButStanding } from '../terms.ts'
import { Malformed } from '../untrusted.ts'
import { admit } from './admission.ts'
import { committerOf } from './committer.ts'
import { TERMS_EXTENSION } from './constants.ts'
import type { GateContext, GroupFacts, Verdict, Wanted } from './gateTypes.ts'
import type { RosterEntry } from './memberTypes.ts'
import { type GroupMemory, remember } from './memory.ts'
import { parseLeafNode } from './parse.ts'
import type { ParsedCommit, ParsedExtension, ParsedKeyPackage, ParsedPath } from './parsedTypes.ts'
import { judgeRow } from './rows.ts'

export type { GateContext, GroupFacts, Verdict } from './gateTypes.ts'

const notAllowed = (why: string): Refused => new Refused('commit_not_allowed', why)

/**
 * What this commit is, or the refusal of the first rule that it breaks: `Refused` with the rule's code, or `Untrusted`. Whether it is well
 * made (signature, path, hashes) is for the library to say, after this and before anything is kept.
 */
export const judgeCommit = async (commit: ParsedCommit, context: GateContext): Promise<Verdict> => {
  const { group, memory, trust } = context
  const leaf = judgePlace(commit, group) // G1
  const note = judgeNote(commit, memory) // G2
  const decision = await decisionIn(note, { terms: group.terms, groupId: group.groupId })
  const path = pathOf(commit) // G3
  const wanted = wantedOf(commit, group)
  const committer = await committerOf(leaf, { terms: group.terms, memory, trust, at: note.committedAt }) // G4
  await judgeRow({ committer, wanted, note }, context)
  judgeKeys(path, { leaf, wanted, group }) // G5
  judgeRoster(wanted, group) // G6
  const byCustomer = committer.row === 'customer'
  const terms = judgeTerms(wanted, { decision, group }) // G7
  judgeStanding(wanted, { before: group.terms, after: terms, memory, byCustomer })
  const admission = { groupId: group.groupId, memory, trust, note, decision, terms, byCustomer }
  const added = await Promise.all(wanted.adds.map((keyPackage) => admit(keyPackage, admission))) // G8
  const removed = wanted.removes.map(({ signatureKey }) => signatureKey)
  const happened = { committer: leaf.signatureKey, byCustomer, at: note.committedAt, onCall: note.onCall, decision, terms, added, removed }
  return { committer, note, added, removed: wanted.removes, terms, memory: remember(memory, happened) }
}

const judgePlace = (commit: ParsedCommit, group: GroupFacts): RosterEntry => {
  if (!sameOctets(commit.groupId, group.groupId)) throw new Refused('bad_frame', 'another group')
  if (commit.epoch !== group.epoch) throw new Refused('stale_epoch')
  const leaf = group.roster.find((entry) => entry.leaf === commit.senderLeaf)
  if (leaf === undefined) throw new Refused('bad_frame', 'a commit of nobody')
  return leaf
}

const judgeNote = (commit: ParsedCommit, memory: GroupMemory): CommitNote => {
  const note = refusing('bad_frame', () => readNote(commit.authenticatedData))
  if (note.committedAt < memory.committedAt) throw new Refused('clock_skew', 'before the last commit')
  return note
}

/** The decision that a note carries: signed by this customer (`Untrusted`), for this conversation (`not_admitted`). */
export const decisionIn = async (
  { decision: carried }: CommitNote,
  { terms, groupId }: { readonly terms: GroupTerms; readonly groupId: Uint8Array },
): Promise<Decision | null> => {
  if (carried === null) return null
  const decision = await verifyDecision(carried, terms.customerKey)
  if (!sameOctets(decision.claims.conversation, conversationOf(groupId))) throw new Refused('not_admitted', 'of another conversation')
  return decision
}

export const pathOf = (commit: ParsedCommit): ParsedPath => {
  if (commit.path === null) throw notAllowed('no path')
  return commit.path
}

const wantedOf = (commit: ParsedCommit, group: GroupFacts): Wanted => {
  const adds: ParsedKeyPackage[] = []
  const removes: RosterEntry[] = []
  const lists: (readonly ParsedExtension[])[] = []
  for (const proposal of commit.proposals) {
    switch (proposal.kind) {
      case 'add':
        adds.push(proposal.keyPackage)
        break
      case 'remove':
        removes.push(removedLeaf(proposal.leaf, { commit, group }))
        break
      case 'group_context_extensions':
        lists.push(proposal.extensions)
        break
      default:
        throw notAllowed('a proposal outside the closed list')
    }
  }
  if (lists.length > 1 || new Set(removes).size !== removes.length) throw notAllowed('something twice')
  return { adds, removes, extensions: lists[0] ?? null }
}

const removedLeaf = (leaf: number, { commit, group }: { readonly commit: ParsedCommit; readonly group: GroupFacts }): RosterEntry => {
  const entry = group.roster.find((each) => each.leaf === leaf)
  if (entry === undefined || leaf === commit.senderLeaf) throw notAllowed('a Remove of nobody or of oneself')
  return entry
}

/** A leaf never changes its face, no key comes a second time, and no device twice. */
const judgeKeys = (
  path: ParsedPath,
  { leaf, wanted, group }: { readonly leaf: RosterEntry; readonly wanted: Wanted; readonly group: GroupFacts },
): void => {
  const [before, after] = [parseLeafNode(leaf.leafNodeBytes), path.leafNode]
  const sameFace =
    sameOctets(before.signatureKey, after.signatureKey) &&
    sameOctets(before.credentialBytes, after.credentialBytes) &&
    sameOctets(before.capabilitiesBytes, after.capabilitiesBytes) &&
    sameOctets(before.extensionsBytes, after.extensionsBytes)
  if (!sameFace || after.source.kind !== 'commit') throw notAllowed('a leaf that changes its face')
  const brought = wanted.adds.flatMap(({ leafNode, initKey }) => [leafNode.encryptionKey, initKey])
  // The library accepts a copied HPKE key: whoever holds the other copy would read along.
  mustDiffer([...group.encryptionKeys, after.encryptionKey, ...path.nodes.map(({ key }) => key), ...brought], 'a key that is not new')
  const staying = group.roster.filter((entry) => !wanted.removes.includes(entry)).map(({ signatureKey }) => signatureKey)
  mustDiffer([...staying, ...wanted.adds.map(({ leafNode }) => leafNode.signatureKey)], 'a device that is already in')
}

const mustDiffer = (keys: readonly Uint8Array[], why: string): void => {
  if (new Set(keys.map((key) => key.join())).size !== keys.length) throw notAllowed(why)
}

/** The customer stays, is nobody else, and eight leaves are enough. */
const judgeRoster = ({ adds, removes }: Wanted, { roster, terms }: GroupFacts): void => {
  if (removes.some(({ signatureKey }) => sameOctets(signatureKey, terms.customerKey))) throw notAllowed('the customer stays')
  const isCustomer = ({ leafNode }: ParsedKeyPackage): boolean =>
    sameOctets(leafNode.signatureKey, terms.customerKey) || hasCustomerPrefix(leafNode.identity)
  if (adds.some(isCustomer)) throw notAllowed('a second customer')
  if (roster.length - removes.length + adds.length > ROSTER_LEAVES) throw new Refused('roster_full')
}

/** Only the standing list changes, in order, and it grows only by the given decision that this commit carries. */
const judgeTerms = (
  { extensions }: Wanted,
  { decision, group }: { readonly decision: Decision | null; readonly group: GroupFacts },
): GroupTerms => {
  if (extensions === null) return group.terms
  const terms = repeated(extensions, group)
  const kept = group.terms.standing.filter((digest) => isIn(terms.standing, digest))
  const fresh = terms.standing.filter((digest) => !isIn(group.terms.standing, digest))
  const expected = [...kept, ...fresh]
  const inOrder = expected.length === terms.standing.length && terms.standing.every((digest, index) => same(digest, expected[index]))
  const given = decision?.claims.answer === 'given' ? [decision.digest] : []
  if (!inOrder || !fresh.every((digest) => isIn(given, digest))) throw notAllowed('a standing digest twice, moved, or without its decision')
  mustDiffer(terms.standing, 'a standing digest twice')
  return terms
}

/**
 * The decision that let one device in goes together with that device, unless the same commit lets it in again. Who is not the customer
 * cannot change the terms and may leave a digest behind that lets nobody else in.
 */
const judgeStanding = (
  { adds, removes }: Wanted,
  {
    before,
    after,
    memory,
    byCustomer,
  }: { readonly before: GroupTerms; readonly after: GroupTerms; readonly memory: GroupMemory; readonly byCustomer: boolean },
): void => {
  const again = adds.map(({ leafNode }) => leafNode.signatureKey)
  for (const { device, decision, isTeam } of memory.arrivals) {
    if (isTeam === 1 || !isIn(before.standing, decision) || isIn(again, device)) continue
    const [stands, stays] = [isIn(after.standing, decision), !removes.some(({ signatureKey }) => sameOctets(signatureKey, device))]
    if (stays && !stands) throw notAllowed('a decision withdrawn and its device left in')
    if (stands && !stays && byCustomer) throw notAllowed('a device put out and its decision left standing')
  }
}

const isIn = (list: readonly Uint8Array[], octets: Uint8Array): boolean => list.some((each) => sameOctets(each, octets))

const same = (a: Uint8Array, b: Uint8Array | undefined): boolean => b !== undefined && sameOctets(a, b)

const repeated = (extensions: readonly ParsedExtension[], group: GroupFacts): GroupTerms => {
  const isSame = ({ type, content }: ParsedExtension, index: number): boolean =>
    type === group.extensions[index]?.type && (type === TERMS_EXTENSION || same(content, group.extensions[index]?.content))
  const content = extensions.find(({ type }) => type === TERMS_EXTENSION)?.content
  if (content === undefined || extensions.length !== group.extensions.length || !extensions.every(isSame)) {
    throw notAllowed('extensions that are not repeated')
  }
  const terms = refusing('commit_not_allowed', () => readTerms(content))
  if (!sameButStanding(terms, group.terms)) throw notAllowed('terms that change')
  return terms
}

const refusing = <T>(code: 'bad_frame' | 'commit_not_allowed', read: () => T): T => {
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) throw new Refused(code, error.message)
    throw error
  }
}
