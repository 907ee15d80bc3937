/** A conversation as bytes, to be sealed and read back. One encoding; what cannot be read back is `BadFrame` or `Malformed`. */
import { decodePending, decodeState, encodePending, encodeState } from '../keys/mls/library.ts'
import { decodeGroupMemory, encodeGroupMemory } from '../keys/mls/memory.ts'
import type { TrustState } from '../keys/trustChain.ts'
import { SIGNED } from '../wire/generated/claims.ts'
import type { Octets } from '../wire/octets.ts'
import { bytes, decodeAs, encodeAs, list, oneOf, orNone, type Shape, struct, text, union, whole } from '../wire/shape.ts'
import { type Conversation, type Counter, type Entry, type Kept, type Newcomer, type OutboxItem, withState } from './conversation.ts'
import { FACES, type Face } from './guests.ts'

type Written = Omit<Kept, 'memory'> & { readonly memory: Uint8Array; readonly state: Uint8Array; readonly pending: WrittenPending | null }

interface WrittenPending {
  readonly commit: Uint8Array
  readonly welcome: Uint8Array | null
}

type Of<Tag extends Entry['tag']> = Extract<Entry, { readonly tag: Tag }>

const COUNT = whole(0, Number.MAX_SAFE_INTEGER)
const ANY = bytes(0, Infinity)
const KEY = bytes(32, 32)
const WORDS = text(0, Infinity)
const YES_NO = oneOf([0, 1])
const FACE: Shape<Face> = oneOf(FACES)
const STANDING = oneOf(['sending', 'sent', 'not_sent'])

const coming = (tag: 'joined' | 'left'): Shape<Of<'joined'>> =>
  struct<Of<'joined'>>(tag, tag, [
    ['id', WORDS],
    ['device', KEY],
    ['who', WORDS],
    ['desk', WORDS],
    ['face', FACE],
    ['at', COUNT],
    ['seq', COUNT],
  ])

const mark = (tag: 'closed' | 'gap' | 'reconnected'): Shape<Of<'closed'>> =>
  struct<Of<'closed'>>(tag, tag, [
    ['id', WORDS],
    ['at', COUNT],
    ['seq', COUNT],
  ])

const MESSAGE = struct<Of<'message'>>('message', 'message', [
  ['id', WORDS],
  ['mine', YES_NO],
  ['from', WORDS],
  ['face', FACE],
  ['text', WORDS],
  ['at', COUNT],
  ['standing', STANDING],
  ['seq', COUNT],
  ['number', COUNT],
])

const SHARED = struct<Of<'shared'>>('shared', 'shared', [
  ['id', WORDS],
  ['device', KEY],
  ['who', WORDS],
  ['at', COUNT],
  ['side', oneOf(['giver', 'newcomer', 'other'])],
  ['count', COUNT],
  ['leftOut', COUNT],
  ['standing', STANDING],
  ['seq', COUNT],
])

const EARLIER = struct<Of<'earlier'>>('earlier', 'earlier', [
  ['id', WORDS],
  ['whose', oneOf(['customer', 'person', 'assistant'])],
  ['from', WORDS],
  ['text', WORDS],
  ['at', COUNT],
  ['seq', COUNT],
])

const MARKS = [mark('closed'), mark('gap'), mark('reconnected')]

const ENTRY = union<Entry>('entry', [MESSAGE, SHARED, EARLIER, coming('joined'), coming('left'), ...MARKS])

const COUNTER = struct<Counter>('counter', null, [
  ['device', KEY],
  ['number', COUNT],
])

const NEWCOMER = struct<Newcomer>('newcomer', null, [
  ['device', KEY],
  ['since', COUNT],
])

const OUTBOX_ITEM = struct<OutboxItem>('outbox', null, [
  ['id', WORDS],
  ['text', WORDS],
  ['writtenAt', COUNT],
  ['number', COUNT],
  ['epoch', COUNT],
  ['message', orNone(ANY)],
  ['isStale', YES_NO],
  ['first', orNone(COUNTER)],
  ['shares', orNone(NEWCOMER)],
])

const PENDING = struct<WrittenPending>('pending', null, [
  ['commit', ANY],
  ['welcome', orNone(ANY)],
])

const CONVERSATION = struct<Written>('conversation', null, [
  ['id', bytes(16, 16)],
  ['group', COUNT],
  ['stage', oneOf(['waiting', 'left', 'proposed', 'active', 'closed'])],
  ['openedAt', COUNT],
  ['closesAt', COUNT],
  ['cursor', COUNT],
  ['number', COUNT],
  ['delivered', COUNT],
  ['unread', COUNT],
  ['isOld', YES_NO],
  ['broken', orNone(WORDS)],
  ['admission', orNone(SIGNED)],
  ['memory', ANY],
  ['outbox', list(OUTBOX_ITEM, 0, Infinity)],
  ['entries', list(ENTRY, 0, Infinity)],
  ['counters', list(COUNTER, 0, Infinity)],
  ['unanswered', list(WORDS, 0, Infinity)],
  ['earlier', list(COUNTER, 0, Infinity)],
  ['goesOnIn', COUNT],
  ['withdrawn', list(KEY, 0, Infinity)],
  ['answered', list(NEWCOMER, 0, Infinity)],
  ['state', ANY],
  ['pending', orNone(PENDING)],
])

export const encodeConversation = (conversation: Conversation): Octets => {
  const { pending } = conversation
  return encodeAs(CONVERSATION, {
    ...conversation,
    memory: encodeGroupMemory(conversation.memory),
    state: encodeState(conversation.state),
    pending: pending && { commit: encodePending(pending.commit), welcome: pending.welcome },
  })
}

export const decodeConversation = async (octets: Uint8Array, trust: TrustState): Promise<Conversation> => {
  const { pending, state, ...written } = decodeAs(CONVERSATION, octets)
  const kept = {
    ...written,
    memory: decodeGroupMemory(written.memory),
    pending: pending && { commit: decodePending(pending.commit), welcome: pending.welcome },
  }
  return withState(kept, { state: decodeState(state), trust })
}
