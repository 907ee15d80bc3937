/** What this device wants to say: kept as said until the relay confirms it, sealed anew when the epoch changed. Only the head is on its way. */

import { sha256 } from '../keys/digest.ts'
import { encrypt } from '../keys/mls/library.ts'
import { TEXT_CHARACTERS } from '../wire/generated/limits.ts'
import { PAYLOAD, type Payload } from '../wire/generated/payload.ts'
import { type Octets, utf8 } from '../wire/octets.ts'
import { encodeAs } from '../wire/shape.ts'
import type { Conversation, Entry, OutboxItem, Situation, Step } from './conversation.ts'
import { sealedShare } from './sharing.ts'

type Message = Extract<Entry, { readonly tag: 'message' }>

/** Long text is sent as several messages, cut by code points. */
export const piecesOf = (text: string): readonly string[] => {
  const points = [...text.trim()]
  const count = Math.ceil(points.length / TEXT_CHARACTERS)
  return Array.from({ length: count }, (_, index) => points.slice(index * TEXT_CHARACTERS, (index + 1) * TEXT_CHARACTERS).join(''))
}

/** The conversation with one more thing to say, shown as being sent. */
export const written = (
  conversation: Conversation,
  { id, text, now }: { readonly id: string; readonly text: string; readonly now: number },
): Conversation => {
  const entry: Message = {
    tag: 'message',
    id,
    mine: 1,
    from: '',
    face: 'customer',
    text,
    at: now,
    standing: 'sending',
    seq: 0,
    number: 0,
  }
  const item: OutboxItem = { id, text, writtenAt: now, number: 0, epoch: 0, message: null, isStale: 0, first: null, shares: null }
  return { ...conversation, entries: [...conversation.entries, entry], outbox: [...conversation.outbox, item] }
}

/** The head sealed for the current epoch, or none when there is nothing to send now. Save it before sending: a crash would re-use a key. */
export const sealHead = async (conversation: Conversation, { signer }: Pick<Situation, 'signer'>): Promise<Step | null> => {
  const [head, ...rest] = conversation.outbox
  const { epoch } = conversation.facts
  if (head === undefined || (head.isStale === 1 && head.epoch === epoch)) return null
  if (head.message !== null && head.epoch === epoch) return { conversation, spent: [] }
  const number = head.number === 0 ? conversation.number + 1 : head.number
  const said = await bodyOf(conversation, head)
  const plaintext = encodeAs(PAYLOAD, { number, lastShown: await lastShownOf(conversation), checkpoint: null, body: said.body })
  const { state, message, spent } = await encrypt(conversation.state, { plaintext, signer })
  const sealed: OutboxItem = { ...head, number, epoch, message, isStale: 0 }
  return { conversation: { ...said.conversation, state, outbox: [sealed, ...rest] }, spent: [spent] }
}

const bodyOf = async (
  conversation: Conversation,
  { id, text, writtenAt, first, shares }: OutboxItem,
): Promise<{ readonly conversation: Conversation; readonly body: Payload['body'] }> => {
  if (shares !== null) return sealedShare(conversation, { id, shares })
  return { conversation, body: first === null ? { tag: 'text', text, writtenAt } : { tag: 'again', ...first, text, writtenAt } }
}

/** Our own message came back in its place, or the relay said that it has it. */
export const settleOwn = (conversation: Conversation, { number, seq }: { readonly number: number; readonly seq: number }): Conversation => {
  const item = conversation.outbox.find((each) => each.number === number)
  if (item === undefined) return { ...conversation, number: Math.max(conversation.number, number) }
  return {
    ...conversation,
    number: Math.max(conversation.number, number),
    outbox: conversation.outbox.filter((each) => each !== item),
    entries: standing(conversation.entries, item.id, { standing: 'sent', seq, number }),
  }
}

/** `stale_epoch`: it waits, as text, for the epoch that won. */
export const stale = (conversation: Conversation, id: string): Conversation => ({
  ...conversation,
  outbox: conversation.outbox.map((item) => (item.id === id ? { ...item, message: null, isStale: 1 } : item)),
})

/** Refused for good: its number was not taken, so the next message gets it. */
export const notSent = (conversation: Conversation, id: string): Conversation => ({
  ...conversation,
  outbox: conversation.outbox.filter((item) => item.id !== id).map((item) => ({ ...item, number: 0, message: null })),
  entries: standing(conversation.entries, id, { standing: 'not_sent' }),
})

/** Once more, at the person's wish; nothing happens to what is not known as not sent. */
export const again = (conversation: Conversation, { id, now }: { readonly id: string; readonly now: number }): Conversation => {
  const entry = conversation.entries.find(
    (each): each is Message => each.tag === 'message' && each.id === id && each.standing === 'not_sent',
  )
  if (entry === undefined) return conversation
  const without = { ...conversation, entries: conversation.entries.filter((each) => each !== entry) }
  return written(without, { id, text: entry.text, now })
}

/** What was said under these names, in order. */
export const textsOf = ({ entries }: Conversation, ids: readonly string[]): readonly string[] =>
  entries.flatMap((entry) => (entry.tag === 'message' && entry.mine === 1 && ids.includes(entry.id) ? [entry.text] : []))

type Stands = Pick<Message, 'standing'> & Partial<Pick<Message, 'seq' | 'number'>>

const standing = (entries: readonly Entry[], id: string, { number, ...stands }: Stands): readonly Entry[] =>
  entries.map((entry) => {
    if (entry.id !== id) return entry
    if (entry.tag === 'shared' && entry.side === 'giver') return { ...entry, ...stands }
    return entry.tag === 'message' && entry.mine === 1 ? { ...entry, ...stands, number: number ?? entry.number } : entry
  })

const lastShownOf = async (conversation: Conversation): Promise<Octets | null> => {
  const last = conversation.entries.findLast((entry) => entry.tag === 'message' && entry.mine === 0)
  return last?.tag === 'message' ? sha256(utf8(last.text)) : null
}
