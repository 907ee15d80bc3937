/** One envelope of the relay's order taken in: a message, or a commit judged and processed. Pure of I/O: it gives the next value. */

import { identityJudge } from '../keys/mls/facts.ts'
import { judgeCommit, type Verdict } from '../keys/mls/gate.ts'
import { adopt, decrypt, processCommit } from '../keys/mls/library.ts'
import { mayWrite } from '../keys/mls/memory.ts'
import { parseCommit } from '../keys/mls/parse.ts'
import { isVoid } from '../keys/mls/rows.ts'
import type { TrustState } from '../keys/trustChain.ts'
import { NeedsNewerTrust, Untrusted } from '../keys/untrusted.ts'
import { DECISION_CLAIMS, type Signed } from '../wire/generated/claims.ts'
import type { Envelope } from '../wire/generated/frames.ts'
import { PAYLOAD, type Payload } from '../wire/generated/payload.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { BadFrame, decodeAs } from '../wire/shape.ts'
import {
  type Conversation,
  type Counter,
  type Entry,
  REMOVED,
  readerOf,
  type Situation,
  STUCK,
  type Step,
  withEntry,
  withState,
} from './conversation.ts'
import { deskOf, faceIn, faceOf, underOf } from './guests.ts'
import { settleOwn } from './outbox.ts'
import { takenShare, withoutSharesFor } from './sharing.ts'

/** The conversation after this envelope; its cursor stands behind it, unless we cannot follow from here on. `NeedsNewerTrust` when it must be tried again with newer trust. */
export const receive = async (conversation: Conversation, envelope: Envelope, situation: Situation): Promise<Step> => {
  const step = await take(conversation, envelope, situation)
  // What we then do not acknowledge is what the others say again in the next group.
  if (step.conversation.broken === STUCK) return step
  return { ...step, conversation: { ...step.conversation, cursor: envelope.seq } }
}

const take = async (conversation: Conversation, envelope: Envelope, situation: Situation): Promise<Step> => {
  const isForeign = envelope.kind === 'welcome' || envelope.group !== conversation.group
  if (conversation.broken !== null || isForeign) return { conversation, spent: [] }
  if (envelope.kind === 'commit') return takeCommit(conversation, envelope, situation)
  const isOwn = sameOctets(envelope.sender, situation.me)
  return isOwn ? { conversation: settleOwn(conversation, envelope), spent: [] } : takeMessage(conversation, envelope, situation)
}

/** A message that cannot be read leaves a gap that is shown; it ends nothing. */
const takeMessage = async (conversation: Conversation, envelope: Envelope, { me }: Situation): Promise<Step> => {
  try {
    const opened = await decrypt(conversation.state, envelope.body)
    const sender = conversation.facts.roster.find(({ leaf }) => leaf === opened.senderLeaf)?.signatureKey
    const payload = payloadOf(opened.plaintext)
    const stepped = { ...conversation, state: opened.state }
    const honest = sender !== undefined && sameOctets(sender, envelope.sender) && payload?.number === envelope.number
    // The relay takes messages of the current epoch only: in an older one the same leaf may have been somebody else's.
    const timely = opened.epoch === conversation.facts.epoch && mayWrite(conversation.memory, envelope.sender)
    const isNew = envelope.number > (counterOf(conversation, envelope.sender) ?? 0)
    const shown = honest && timely && isNew
    const next = shown && payload !== null ? await withMessage(stepped, { envelope, payload, me }) : withGap(stepped, envelope)
    return { conversation: next, spent: [opened.spent] }
  } catch (error) {
    if (!(error instanceof Untrusted)) throw error
    return { conversation: withGap(conversation, envelope), spent: [] }
  }
}

const payloadOf = (plaintext: Uint8Array): Payload | null => {
  try {
    return decodeAs(PAYLOAD, plaintext)
  } catch (error) {
    if (error instanceof BadFrame) return null
    throw error
  }
}

const withMessage = async (
  conversation: Conversation,
  { envelope, payload, me }: { readonly envelope: Envelope; readonly payload: Payload; readonly me: Uint8Array },
): Promise<Conversation> => {
  const { sender, number } = envelope
  const before = counterOf(conversation, sender)
  // The first that a newcomer sees may have any number; from then on none may be missing.
  const whole = before === null || number === before + 1
  const base = counting(whole ? conversation : withGap(conversation, envelope), { device: sender, number })
  const { body } = payload
  if (body.tag === 'text') return withWords(base, { envelope, text: body.text })
  if (body.tag === 'shared') return withEarlier(base, { envelope, shared: body, me })
  // Shown once, whether it was read in the earlier group or only now; and nobody says again what another has said.
  if (!isOwnOf(base, { sender, device: body.device })) return withGap(base, envelope)
  const read = base.earlier.find(({ device }) => sameOctets(device, body.device))?.number ?? 0
  return body.number <= read ? base : withWords(base, { envelope, text: body.text })
}

/** The customer alone shares what was said: from anybody else it is a gap, and so is what does not open. */
const withEarlier = async (conversation: Conversation, taking: Parameters<typeof takenShare>[1]): Promise<Conversation> => {
  try {
    return await takenShare(conversation, taking)
  } catch (error) {
    if (error instanceof Untrusted) return withGap(conversation, taking.envelope)
    throw error
  }
}

/** The sender itself, or for the customer its devices in the groups before. */
const isOwnOf = (
  { facts: { terms } }: Conversation,
  { sender, device }: { readonly sender: Uint8Array; readonly device: Uint8Array },
): boolean => {
  const before = terms.chain.map(({ customerKey }) => customerKey)
  const own = sameOctets(sender, terms.customerKey) ? [sender, ...before] : [sender]
  return own.some((each) => sameOctets(each, device))
}

const counting = (conversation: Conversation, counter: Counter): Conversation => {
  const others = conversation.counters.filter(({ device }) => !sameOctets(device, counter.device))
  return { ...conversation, counters: [...others, counter] }
}

const withWords = (
  conversation: Conversation,
  { envelope, text }: { readonly envelope: Envelope; readonly text: string },
): Conversation => {
  const { sender, seq, number } = envelope
  const reader = readerOf(conversation, sender)
  const entry: Entry = {
    tag: 'message',
    id: `${seq}`,
    mine: 0,
    from: reader?.credential?.name ?? '',
    face: reader === null ? 'agent' : faceIn(conversation, reader),
    text,
    at: envelope.postedAt,
    standing: 'sent',
    seq,
    number,
  }
  return withEntry({ ...conversation, unanswered: [], unread: conversation.unread + 1 }, entry)
}

const counterOf = ({ counters }: Conversation, sender: Uint8Array): number | null =>
  counters.find(({ device }) => sameOctets(device, sender))?.number ?? null

const withGap = (conversation: Conversation, { seq, postedAt }: Envelope): Conversation =>
  withEntry(conversation, { tag: 'gap', id: `gap-${seq}`, at: postedAt, seq })

/**
 * A commit that the rules do not allow ends this device's part: whoever took it does not keep them. One that is allowed and cannot be
 * followed is the next group's to mend (group-rules). An epoch that is over is a replay: T23.
 */
const takeCommit = async (conversation: Conversation, envelope: Envelope, situation: Situation): Promise<Step> => {
  try {
    const isPending = conversation.pending !== null && sameOctets(conversation.pending.commit.commit, envelope.body)
    return await (isPending ? adoptOwn(conversation, envelope, situation) : follow(conversation, envelope, situation))
  } catch (error) {
    if (error instanceof NeedsNewerTrust) throw error
    if (error instanceof Unfollowed) return { conversation: stuck(conversation), spent: [] }
    if (error instanceof Refused && error.code === 'stale_epoch') {
      const isReplay = parseCommit(envelope.body).epoch < conversation.facts.epoch
      return { conversation: isReplay ? conversation : stuck(conversation), spent: [] }
    }
    if (error instanceof Refused || error instanceof Untrusted) return { conversation: broken(conversation, error), spent: [] }
    throw error
  }
}

/** It cannot follow the group from here: it sends nothing in it until the next group lets it go on. */
export const stuck = (conversation: Conversation): Conversation => ({ ...conversation, broken: STUCK, pending: null })

/** Allowed by the gate, and not well made for us. */
class Unfollowed extends Error {
  override readonly name = 'Unfollowed'
}

export const broken = (conversation: Conversation, error: Refused | Untrusted): Conversation => ({
  ...conversation,
  broken: error instanceof Refused ? error.code : error.reason,
})

const adoptOwn = async (conversation: Conversation, envelope: Envelope, { trust }: Situation): Promise<Step> => {
  const { pending, facts, memory } = conversation
  if (pending === null) throw new TypeError('nothing pending')
  const verdict = await judgeCommit(parseCommit(envelope.body), { group: facts, memory, trust })
  const { state, spent } = adopt(conversation.state, pending.commit)
  const unanswered = await unansweredAfter(conversation, verdict, trust)
  const told = { ...withComings(conversation, { verdict, envelope }), unanswered }
  const kept = { ...told, memory: verdict.memory, pending: null, isOld: 0 } as const
  return { conversation: await withState(kept, { state, trust }), spent: [spent] }
}

/** What the last agent had in hand when its revoked device was removed, and said nothing to. A newcomer cannot read it. */
const unansweredAfter = async (conversation: Conversation, verdict: Verdict, trust: TrustState): Promise<readonly string[]> => {
  const { entries, facts, unanswered } = conversation
  const isAlone = facts.roster.length - verdict.removed.length === 1
  const judged = await Promise.all(verdict.removed.map((leaf) => isVoid(leaf, { trust, at: verdict.note.committedAt })))
  if (verdict.committer.row !== 'customer' || !isAlone || !judged.includes(true)) return unanswered
  const last = entries.findLastIndex((entry) => entry.tag === 'message' && entry.mine === 0)
  return entries.slice(last + 1).flatMap((entry) => (entry.tag === 'message' && entry.standing === 'sent' ? [entry.id] : []))
}

const follow = async (conversation: Conversation, envelope: Envelope, { trust }: Situation): Promise<Step> => {
  const { facts, memory } = conversation
  const seen: Verdict[] = []
  const following = processCommit(conversation.state, envelope.body, {
    ...identityJudge(trust, facts.terms.customerKey),
    judgeCommit: async (commit) => {
      seen.push(await judgeCommit(commit, { group: facts, memory, trust }))
    },
  })
  const processed = await following.catch((error: unknown) => {
    if (seen.length > 0 && error instanceof Untrusted) throw new Unfollowed(error.reason)
    throw error
  })
  const [verdict] = seen
  if (verdict === undefined) throw new Untrusted('a commit that nobody judged')
  const told = {
    ...withComings(conversation, { verdict, envelope }),
    memory: verdict.memory,
    admission: admissionAfter(conversation, verdict),
    pending: null,
  }
  if (processed.removed) return { conversation: { ...told, broken: REMOVED }, spent: [] }
  return { conversation: await withState(told, { state: processed.state, trust }), spent: [processed.spent] }
}

/** A chat that is kept open goes on under a newer decision of its customer: whoever hands it over then carries that one. */
const admissionAfter = ({ admission }: Conversation, { committer, added, note }: Verdict): Signed | null => {
  const isLonger = committer.row === 'customer' && added.length === 0 && note.decision !== null
  if (admission === null || !isLonger || note.decision === null) return admission
  return decodeAs(DECISION_CLAIMS, note.decision.claims).admits.tag === 'team' ? note.decision : admission
}

/** Who came and who went, as entries. Whoever went counts anew, should it come back. */
const withComings = (
  conversation: Conversation,
  { verdict, envelope: { seq } }: { readonly verdict: Verdict; readonly envelope: Envelope },
): Conversation => {
  const { desk } = verdict.terms
  const at = verdict.note.committedAt
  const comings = verdict.added.map(
    ({ device, credential }): Entry => ({
      tag: 'joined',
      id: `in-${seq}-${toHex(device).slice(0, 8)}`,
      device,
      who: credential.name,
      desk: deskOf(credential, desk),
      face: faceOf(credential, { desk, under: underOf(verdict.memory, device) }),
      at,
      seq,
    }),
  )
  const goings = verdict.removed.map(({ signatureKey }): Entry => {
    const reader = readerOf(conversation, signatureKey)
    const face = reader === null ? 'agent' : faceIn(conversation, reader)
    const who = reader?.credential?.name ?? ''
    return { tag: 'left', id: `out-${seq}-${toHex(signatureKey).slice(0, 8)}`, device: signatureKey, who, desk, face, at, seq }
  })
  const counters = conversation.counters.filter(({ device }) => !verdict.removed.some((gone) => sameOctets(gone.signatureKey, device)))
  const still = withoutSharesFor(
    conversation,
    verdict.removed.map(({ signatureKey }) => signatureKey),
  )
  return { ...still, counters, entries: [...still.entries, ...goings, ...comings] }
}
