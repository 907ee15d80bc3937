/** How a conversation looks on a screen: entries in order, who can read, the words to compare. */
import type { ConversationWords, EntryView, Problem, ReaderView, Resend } from '../core/views.ts'
import type { GroupMemory } from '../keys/mls/memory.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { type Conversation, type Entry, isLeftBehind, SET_BACK, STUCK } from './conversation.ts'
import { deskOf, faceIn, underOf } from './guests.ts'
import { isOfBefore } from './sharing.ts'

const NOTHING: ReadonlySet<string> = new Set()

/** What the relay has numbered comes in its order, what it has not yet comes last. */
export const entryViews = (conversation: Conversation): readonly EntryView[] => {
  const { entries, delivered, outbox, stage, broken } = conversation
  const unsent =
    stage === 'closed' || broken !== null ? new Set(outbox.filter(({ message }) => message === null).map(({ id }) => id)) : NOTHING
  const place = (entry: Entry): number => (isOfBefore(entry) ? 0 : entry.seq === 0 ? Infinity : entry.seq)
  return [...entries].sort((a, b) => compare(place(a), place(b))).map((entry) => entryView(entry, { delivered, unsent }))
}

export const readerViews = ({ readers, facts, memory }: Conversation, me: Uint8Array): readonly ReaderView[] =>
  readers.map((reader) => ({
    id: toHex(reader.device),
    name: reader.credential?.name ?? (reader.isCustomer ? 'Customer' : ''),
    face: faceIn({ facts, memory }, reader),
    decision: guestDecision(memory, reader.device),
    desk: reader.credential === null ? '' : deskOf(reader.credential, facts.terms.desk),
    me: sameOctets(reader.device, me),
    since: reader.since,
  }))

export const wordsView = ({ words, facts }: Conversation): ConversationWords => ({ words, epoch: facts.epoch })

/** Asked only once somebody is there who would get it. */
export const resendView = ({ unanswered, readers, stage }: Conversation): Resend | null => {
  const [newcomer] = readers.filter(({ isCustomer }) => !isCustomer)
  if (unanswered.length === 0 || newcomer === undefined || stage === 'closed') return null
  return { count: unanswered.length, to: newcomer.credential?.name ?? '' }
}

/** What went wrong while something was made of it. */
export const brokenBy = (error: unknown): Problem => ({
  code: 'conversation_broken',
  detail: error instanceof Error ? error.name : 'unknown',
})

export const brokenProblem = (conversation: Conversation): Problem | null => {
  const { broken, stage } = conversation
  if (stage !== 'closed' && isLeftBehind(conversation)) return { code: 'reconnecting', detail: broken ?? '' }
  if (broken === null || broken === STUCK) return null
  if (broken === SET_BACK) return { code: 'relay_set_back', detail: broken }
  return { code: broken === 'another_group' ? 'continued_elsewhere' : 'conversation_broken', detail: broken }
}

/** `unsent`: what never left this device and no longer can, because the chat is over. */
const entryView = (
  entry: Entry,
  { delivered, unsent }: { readonly delivered: number; readonly unsent: ReadonlySet<string> },
): EntryView => {
  switch (entry.tag) {
    case 'message': {
      const { id, from, face, text, at, seq } = entry
      const isDelivered = entry.standing === 'sent' && seq !== 0 && seq <= delivered
      const standing = unsent.has(id) ? 'not_sent' : isDelivered ? 'delivered' : entry.standing
      return { kind: 'message', id, mine: entry.mine === 1, from, face, text, at, standing }
    }
    case 'joined':
    case 'left':
      return { kind: entry.tag, id: entry.id, who: entry.who, desk: entry.desk, face: entry.face, at: entry.at }
    case 'shared': {
      const { id, who, side, count, leftOut, at } = entry
      return { kind: 'shared', id, who, side, count, leftOut, at, standing: unsent.has(id) ? 'not_sent' : entry.standing }
    }
    case 'earlier':
      return { kind: 'earlier', id: entry.id, whose: entry.whose, from: entry.from, text: entry.text, at: entry.at }
    case 'closed':
    case 'gap':
    case 'reconnected':
      return { kind: entry.tag, id: entry.id, at: entry.at }
  }
}

const guestDecision = (memory: GroupMemory, device: Uint8Array): string | null => {
  const under = underOf(memory, device)
  return under === null || under.isTeam === 1 ? null : toHex(under.decision)
}

/** `Infinity - Infinity` is no order. */
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)
