/** The commit gate: rules G1-G8 of docs/protocol.md 3.1 on parsed bytes, before any library sees them. Mirrors `commit_gate.py`. */

import type { CommitNote, GroupTerms } from '../../wire/generated/claims.ts'
import { ROSTER_LEAVES } from '../../wire/generated/limits.ts'
import { sameOctets } from '../../wire/octets.ts'
import { Refused } from '../../wire/refused.ts'
import { type Decision, verifyDecision } from '../decision.ts'
import { readNote, readTerms, sameButStanding } from '../terms.ts'
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

const notAllowed = (why: string): Refused => new Refused('commit_not_allowed', why)

export type { GateContext, GroupFacts, Verdict } from './gateTypes.ts'

/** Accept a commit, or throw `Refused` (with the rule's code) or `Untrusted`. The first rule that fails is the answer. */
export const judgeCommit = async (commit: ParsedCommit, context: GateContext): Promise<Verdict> => {
  const { group, memory } = context
  judgePlace(commit, group)
  const note = judgeNote(commit, memory)
  const path = pathOf(commit)
  const wanted = wantedOf(commit, group)
  const leaf = memberAt(group, commit.senderLeaf)
  const committer = await committerOf(leaf, context)
  await judgeRow({ committer, wanted, note }, context)
  judgeFace(path, { leaf, wanted, group })
  judgeRoster(wanted, group)
  const decision = await decisionIn(note, group.terms)
  const terms = judgeTerms(wanted, { decision, group })
  const added = await Promise.all(wanted.adds.map((keyPackage) => admit(keyPackage, { context, note, decision, terms })))
  const happened = {
    committer: leaf.signatureKey,
    at: note.committedAt,
    decision,
    added,
    removed: wanted.removes.map(({ signatureKey }) => signatureKey),
    byCustomer: committer.kind === 'customer',
  }
  return { committer, note, added, removed: wanted.removes, terms, memory: remember(memory, happened) }
}

/** G1. */
const judgePlace = (commit: ParsedCommit, group: GroupFacts): void => {
  if (!sameOctets(commit.groupId, group.groupId)) throw new Refused('bad_frame', 'another group')
  if (commit.epoch !== group.epoch) throw new Refused('stale_epoch')
}

/** G2. */
export const judgeNote = (commit: ParsedCommit, memory: GroupMemory): CommitNote => {
  const note = asBadFrame(() => readNote(commit.authenticatedData))
  if (note.committedAt < memory.committedAt) throw new Refused('clock_skew')
  return note
}

/** G3: a path is there, and nothing but inline Add, Remove and GroupContextExtensions. */
export const pathOf = (commit: ParsedCommit): ParsedPath => {
  if (commit.path === null) throw notAllowed('no path')
  return commit.path
}

const wantedOf = (commit: ParsedCommit, group: GroupFacts): Wanted => {
  const adds: ParsedKeyPackage[] = []
  const removes: RosterEntry[] = []
  let extensions: readonly ParsedExtension[] | null = null
  for (const proposal of commit.proposals) {
    switch (proposal.kind) {
      case 'add':
        adds.push(proposal.keyPackage)
        break
      case 'remove':
        removes.push(memberAt(group, proposal.leaf))
        break
      case 'group_context_extensions':
        if (extensions !== null) throw notAllowed('extensions twice')
        extensions = proposal.extensions
        break
      default:
        throw notAllowed(proposal.kind)
    }
  }
  if (new Set(removes).size !== removes.length) throw notAllowed('removed twice')
  return { adds, removes, extensions }
}

const memberAt = (group: GroupFacts, leaf: number): RosterEntry => {
  const entry = group.roster.find((each) => each.leaf === leaf)
  if (entry === undefined) throw notAllowed('no such leaf')
  return entry
}

/** G5: a leaf never changes its face, and no key comes a second time. */
const judgeFace = (
  path: ParsedPath,
  { leaf, wanted, group }: { readonly leaf: RosterEntry; readonly wanted: Wanted; readonly group: GroupFacts },
): void => {
  const [before, after] = [parseLeafNode(leaf.leafNodeBytes), path.leafNode]
  const sameFace =
    sameOctets(before.signatureKey, after.signatureKey) &&
    sameOctets(before.credentialBytes, after.credentialBytes) &&
    sameOctets(before.capabilitiesBytes, after.capabilitiesBytes) &&
    sameOctets(before.extensionsBytes, after.extensionsBytes)
  if (!sameFace || after.source.kind !== 'commit') throw notAllowed('another face')
  const brought = [after.encryptionKey, ...path.nodes.map(({ key }) => key), ...wanted.adds.map((each) => each.leafNode.encryptionKey)]
  const known = [...group.encryptionKeys]
  for (const key of brought) {
    if (known.some((each) => sameOctets(each, key))) throw notAllowed('a key again')
    known.push(key)
  }
}

/** G6: the customer stays, stays alone with its key, and at most eight read. */
const judgeRoster = ({ adds, removes }: Wanted, { roster, terms }: GroupFacts): void => {
  if (removes.some(({ signatureKey }) => sameOctets(signatureKey, terms.customerKey))) throw notAllowed('the customer stays')
  const keys = roster.filter((entry) => !removes.includes(entry)).map(({ signatureKey }) => signatureKey)
  for (const { leafNode } of adds) {
    if (keys.some((key) => sameOctets(key, leafNode.signatureKey))) throw notAllowed('a second leaf of one key')
    keys.push(leafNode.signatureKey)
  }
  if (keys.length > ROSTER_LEAVES) throw new Refused('roster_full')
}

const decisionIn = async ({ decision }: CommitNote, { customerKey }: GroupTerms): Promise<Decision | null> =>
  decision === null ? null : verifyDecision(decision, customerKey)

/** G7: only the standing list changes, and it grows only by the decision that this commit carries. */
const judgeTerms = (
  { extensions }: Wanted,
  { decision, group }: { readonly decision: Decision | null; readonly group: GroupFacts },
): GroupTerms => {
  if (extensions === null) return group.terms
  const terms = repeated(extensions, group)
  const fresh = terms.standing.filter((digest) => !group.terms.standing.some((each) => sameOctets(each, digest)))
  const carried = fresh.every((digest) => decision !== null && sameOctets(digest, decision.digest))
  const once = new Set(terms.standing.map((digest) => digest.join())).size === terms.standing.length
  if (!carried || !once) throw notAllowed('a decision that this commit does not carry')
  return terms
}

const repeated = (extensions: readonly ParsedExtension[], group: GroupFacts): GroupTerms => {
  const same =
    extensions.length === group.extensions.length &&
    extensions.every(({ type, content }, index) => {
      const before = group.extensions[index]
      return before?.type === type && (type === TERMS_EXTENSION || sameOctets(before.content, content))
    })
  const content = extensions.find(({ type }) => type === TERMS_EXTENSION)?.content
  if (!same || content === undefined) throw notAllowed('extensions not repeated')
  const terms = asNotAllowed(() => readTerms(content))
  if (!sameButStanding(terms, group.terms)) throw notAllowed('terms changed')
  return terms
}

const asBadFrame = <T>(read: () => T): T => refusing(read, 'bad_frame')
const asNotAllowed = <T>(read: () => T): T => refusing(read, 'commit_not_allowed')

const refusing = <T>(read: () => T, code: 'bad_frame' | 'commit_not_allowed'): T => {
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) throw new Refused(code, error.message)
    throw error
  }
}
