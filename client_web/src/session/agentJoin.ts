/** A newcomer enters by Welcome: finds its key package, joins, judges its own admission, and only then has a conversation. */
import type { Credential } from '../keys/credential.ts'
import { identityJudge } from '../keys/mls/facts.ts'
import { groupContext, join, roster } from '../keys/mls/library.ts'
import { judgeWelcome } from '../keys/mls/newcomer.ts'
import { parseCommit, parseKeyPackage } from '../keys/mls/parse.ts'
import type { TrustState } from '../keys/trustChain.ts'
import { Malformed, Untrusted } from '../keys/untrusted.ts'
import { type GroupTerms, WELCOME_BUNDLE, type WelcomeBundle } from '../wire/generated/claims.ts'
import type { Envelope } from '../wire/generated/frames.ts'
import { sameOctets } from '../wire/octets.ts'
import { BadFrame, decodeAs } from '../wire/shape.ts'
import { type Conversation, type Entry, withState } from './conversation.ts'
import { deskOf, faceOf, underOf } from './guests.ts'
import { blank } from './opening.ts'
import type { KeyPackageRecord } from './records.ts'

export interface Entering {
  readonly packages: readonly KeyPackageRecord[]
  readonly trust: TrustState
  readonly credential: Credential
  /** The terms of the conversation's group that we are or were in. */
  readonly earlier: GroupTerms | null
}

export interface Entered {
  readonly conversation: Conversation
  /** The key package that was used up. */
  readonly used: KeyPackageRecord
}

/** `Refused` or `Untrusted` where we were not let in as the rules ask; then nothing is kept. */
export const enter = async (envelope: Envelope, { packages, trust, credential, earlier }: Entering): Promise<Entered> => {
  const bundle = bundleOf(envelope.body)
  const used = ownPackage(bundle, packages)
  if (used === null) throw new Untrusted('a Welcome for no key package of ours')
  const state = await join({ welcome: bundle.welcome, ...used, trusted: identityJudge(trust, null) })
  const joined = { view: await groupContext(state), roster: roster(state) }
  const { memory, note, terms } = await judgeWelcome(bundle, joined, {
    trust,
    desks: credential.desks,
    device: credential.leafKey,
    earlier,
  })
  const at = note.committedAt
  const face = faceOf(credential, { desk: terms.desk, under: underOf(memory, credential.leafKey) })
  const began: Entry = {
    tag: 'joined',
    id: `in-${envelope.seq}`,
    device: credential.leafKey,
    who: credential.name,
    desk: deskOf(credential, terms.desk),
    face,
    at,
    seq: envelope.seq,
  }
  const kept = {
    ...blank(envelope.conversation, at),
    group: envelope.group,
    cursor: envelope.seq,
    memory,
    entries: [began],
    stage: 'active',
    admission: note.decision,
  } as const
  return { conversation: await withState(kept, { state, trust }), used }
}

const ownPackage = (bundle: WelcomeBundle, packages: readonly KeyPackageRecord[]): KeyPackageRecord | null => {
  const added = parseCommit(bundle.commit).proposals.flatMap((proposal) => (proposal.kind === 'add' ? [proposal.keyPackage.bytes] : []))
  const isAdded = ({ keyPackage }: KeyPackageRecord): boolean => added.some((each) => sameOctets(each, parseKeyPackage(keyPackage).bytes))
  return packages.find(isAdded) ?? null
}

const bundleOf = (octets: Uint8Array): WelcomeBundle => {
  try {
    return decodeAs(WELCOME_BUNDLE, octets)
  } catch (error) {
    if (error instanceof BadFrame) throw new Malformed('welcome bundle')
    throw error
  }
}
