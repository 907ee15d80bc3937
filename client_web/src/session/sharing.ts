/** Earlier messages for a newcomer: about whom the customer is asked, the answer, and what arrives. Pure of I/O. */
import type { Share } from '../core/views.ts'
import { newestThatFit, openEarlier, type Place, sealEarlier } from '../keys/earlier.ts'
import { Untrusted } from '../keys/untrusted.ts'
import type { Envelope } from '../wire/generated/frames.ts'
import type { Line, Shared } from '../wire/generated/payload.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { type Conversation, type Entry, type Newcomer, type OutboxItem, readerOf } from './conversation.ts'

type Coming = Extract<Entry, { readonly tag: 'joined' | 'left' }>
type Of<Tag extends Entry['tag']> = Extract<Entry, { readonly tag: Tag }>

/** The question that stands first: somebody is here who cannot read what was said before. Only ever asked of the customer. */
export const shareView = (conversation: Conversation): Share | null => {
  const [first] = questions(conversation)
  return first === undefined ? null : { id: toHex(first.device), to: first.who, count: before(conversation, first.seq).length }
}

/** After the customer's answer about this device: everything so far, or nothing. Where there is no question it changes nothing. */
export const answeredShare = (
  conversation: Conversation,
  { device, isWanted, id, now }: { readonly device: string; readonly isWanted: boolean; readonly id: string; readonly now: number },
): Conversation => {
  const question = questions(conversation).find((each) => toHex(each.device) === device)
  if (question === undefined) return conversation
  const shares = { device: question.device, since: question.seq }
  const told = { ...conversation, answered: [...conversation.answered, shares] }
  if (!isWanted) return told
  const item: OutboxItem = { id, text: '', writtenAt: now, number: 0, epoch: 0, message: null, isStale: 0, first: null, shares }
  const { device: to, who } = question
  const entry: Entry = { tag: 'shared', id, device: to, who, at: now, side: 'giver', count: 0, leftOut: 0, standing: 'sending', seq: 0 }
  return { ...told, entries: [...told.entries, entry], outbox: [...told.outbox, item] }
}

/** The messages as this device shows them, sealed to the newcomer's leaf of this very epoch; the log says how many they are. */
export const sealedShare = async (
  conversation: Conversation,
  { id, shares: { device, since } }: { readonly id: string; readonly shares: Newcomer },
): Promise<{ readonly conversation: Conversation; readonly body: Shared }> => {
  const earlier = newestThatFit(before(conversation, since).map(lineOf))
  const body = await sealEarlier(conversation.state, { earlier, device, place: placeOf(conversation, device) })
  const { leftOut, lines } = earlier
  const entries = conversation.entries.map((entry) => (isShare(entry, id) ? { ...entry, count: lines.length, leftOut } : entry))
  return { conversation: { ...conversation, entries }, body }
}

/** The newcomer shows them in front of everything, once; everybody else only that it happened. `Untrusted` where they cannot be read. */
export const takenShare = async (
  conversation: Conversation,
  {
    envelope: { sender, seq, postedAt: at },
    shared,
    me,
  }: { readonly envelope: Envelope; readonly shared: Shared; readonly me: Uint8Array },
): Promise<Conversation> => {
  if (!sameOctets(sender, conversation.facts.terms.customerKey)) throw new Untrusted('shared by somebody else')
  const { device } = shared
  const who = readerOf(conversation, device)?.credential?.name ?? ''
  const entry = { tag: 'shared', id: `${seq}`, device, who, at, count: 0, leftOut: 0, standing: 'sent', seq } as const
  if (!sameOctets(device, me)) return { ...conversation, entries: [...conversation.entries, { ...entry, side: 'other' }] }
  if (conversation.entries.some(({ tag }) => tag === 'earlier')) return conversation
  const { lines, leftOut } = await openEarlier(conversation.state, { shared, place: placeOf(conversation, me) })
  const told = lines.map(
    ({ whose, name: from, text, at: saidAt }, index): Entry => ({
      tag: 'earlier',
      id: `${seq}-${index}`,
      whose,
      from,
      text,
      at: saidAt,
      seq,
    }),
  )
  const head: Entry = { ...entry, side: 'newcomer', count: lines.length, leftOut }
  return { ...conversation, entries: [head, ...told, ...conversation.entries] }
}

/** Nothing is shared with who was removed before it was on its way. */
export const withoutSharesFor = (conversation: Conversation, gone: readonly Uint8Array[]): Conversation => {
  const isFor = ({ shares }: OutboxItem): boolean => shares !== null && gone.some((each) => sameOctets(each, shares.device))
  return notShared(conversation, new Set(conversation.outbox.filter(isFor).map(({ id }) => id)))
}

/** In front of the next group: what not everybody has stored was sealed for keys that are over, so the question stands again. */
export const askedAgain = (conversation: Conversation): Conversation => {
  const unread = conversation.entries.filter((entry): entry is Of<'shared'> => isUnread(entry, conversation))
  const after = notShared(conversation, new Set(unread.map(({ id }) => id)))
  const answered = after.answered.filter((each) => !unread.some(({ device }) => sameOctets(device, each.device)))
  return { ...after, answered }
}

/** What stands in front of everything that a newcomer saw itself. */
export const isOfBefore = (entry: Entry): boolean => entry.tag === 'earlier' || (entry.tag === 'shared' && entry.side === 'newcomer')

/** By which coming everybody is here and unanswered. Whoever comes in again in the next group has kept what it read in the one before. */
const questions = (conversation: Conversation): readonly Coming[] => {
  if (conversation.stage === 'closed' || conversation.broken !== null) return []
  const here = new Map<string, Coming>()
  for (const entry of conversation.entries) {
    if (entry.tag === 'joined' && !here.has(toHex(entry.device))) here.set(toHex(entry.device), entry)
    if (entry.tag === 'left') here.delete(toHex(entry.device))
  }
  const isOpen = ({ device, seq }: Coming): boolean =>
    readerOf(conversation, device) !== null &&
    !conversation.answered.some((each) => each.since === seq && sameOctets(each.device, device)) &&
    before(conversation, seq).length > 0
  return [...here.values()].filter(isOpen)
}

/** What has its place in the relay's order before that one. */
const before = ({ entries }: Conversation, since: number): readonly Of<'message'>[] =>
  entries
    .filter((entry): entry is Of<'message'> => entry.tag === 'message' && entry.standing === 'sent' && entry.seq > 0 && entry.seq < since)
    .sort((a, b) => a.seq - b.seq)

const lineOf = ({ mine, from, face, text, at }: Of<'message'>): Line => {
  if (mine === 1) return { whose: 'customer', name: '', text, at }
  return { whose: face === 'assistant' ? 'assistant' : 'person', name: from, text, at }
}

const placeOf = ({ facts: { groupId, epoch, roster } }: Conversation, device: Uint8Array): Place => {
  const leaf = roster.find(({ signatureKey }) => sameOctets(signatureKey, device))?.leaf
  if (leaf === undefined) throw new Untrusted('nobody to share with')
  return { groupId, epoch, leaf }
}

const isShare = (entry: Entry, id: string): entry is Of<'shared'> => entry.tag === 'shared' && entry.side === 'giver' && entry.id === id

const isUnread = (entry: Entry, { delivered }: Conversation): boolean =>
  entry.tag === 'shared' &&
  entry.side === 'giver' &&
  (entry.standing === 'sending' || (entry.standing === 'sent' && (entry.seq === 0 || entry.seq > delivered)))

const notShared = (conversation: Conversation, ids: ReadonlySet<string>): Conversation => {
  if (ids.size === 0) return conversation
  const outbox = conversation.outbox.filter(({ id }) => !ids.has(id))
  const entries = conversation.entries.map(
    (entry): Entry => (entry.tag === 'shared' && ids.has(entry.id) ? { ...entry, standing: 'not_sent', seq: 0 } : entry),
  )
  return { ...conversation, outbox, entries }
}
