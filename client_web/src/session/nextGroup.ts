/** The conversation's next group, at both ends: what the customer's device makes of it, and how a log goes on in it. */
import type { PageConfig, Ports, StoredKeys } from '../core/ports.ts'
import { signLine } from '../keys/chain.ts'
import { newKeyPair, signerFromCryptoKey } from '../keys/ed25519.ts'
import { groupIdOf } from '../keys/terms.ts'
import type { TrustState } from '../keys/trustChain.ts'
import type { SealedStore } from '../store/sealed.ts'
import { DECISION_CLAIMS } from '../wire/generated/claims.ts'
import type { Complained } from '../wire/generated/frames.ts'
import { GROUPS_OF_A_CONVERSATION } from '../wire/generated/limits.ts'
import { toHex } from '../wire/octets.ts'
import { decodeAs } from '../wire/shape.ts'
import { type Conversation, type Counter, type Entry, type OutboxItem, readerOf } from './conversation.ts'
import { encodeConversation } from './conversationCodec.ts'
import { recordName } from './holding.ts'
import { countsUntil, type KeptOpenRecord } from './keptOpenRecords.ts'
import { type Made, makeGroup } from './opening.ts'
import { CUSTOMER, type CustomerRecord, NAMES, writeRecord } from './records.ts'
import { askedAgain } from './sharing.ts'

const NONCE_BYTES = 16

/** Whether there may be another group: there is a limit, and the customer's answer is repeated, never made to last longer. */
export const mayContinue = ({ start, chain }: CustomerRecord, { keptOpen, now }: Pick<Handing, 'keptOpen' | 'now'>): boolean =>
  chain.length + 1 < GROUPS_OF_A_CONVERSATION && now < countsUntil(start, keptOpen)

export interface Handing {
  readonly record: CustomerRecord
  /** The last epoch that this device could follow, 0 where it does not know any more. */
  readonly epoch: number
  /** How long the answer counts is decided here too. */
  readonly keptOpen: readonly KeptOpenRecord[]
  readonly keys: StoredKeys
  readonly trust: TrustState
  readonly page: PageConfig
  readonly now: number
}

/** The group after the one of `record`, under a key of its own, with the customer's earlier answer repeated in it. */
export const makeNextGroup = async (ports: Pick<Ports, 'entropy'>, handing: Handing): Promise<Made> => {
  const { record, epoch, keptOpen, keys: old, trust, page, now } = handing
  const { pair, publicKey } = await newKeyPair()
  const signer = signerFromCryptoKey(pair.privateKey, publicKey)
  const number = record.chain.length + 1
  const [group, successor] = [groupIdOf(record.conversation, number), groupIdOf(record.conversation, number + 1)]
  const before = signerFromCryptoKey(old.device.privateKey, old.devicePublic)
  const chain = [...record.chain, await signLine({ group, epoch, successor, customerKey: publicKey }, before)]
  const answered = decodeAs(DECISION_CLAIMS, record.start.claims)
  const expiresAt = countsUntil(record.start, keptOpen)
  const claims = { ...answered, customerKey: publicKey, decidedAt: now, expiresAt, nonce: ports.entropy(NONCE_BYTES) }
  const { site } = page
  const made = await makeGroup(claims, { site, root: trust.memory.pinned, trust, signer, chain, deskLabel: record.deskLabel })
  return { keys: { sealing: old.sealing, device: pair, devicePublic: publicKey }, signer, ...made }
}

/** `after`, the conversation as its next group begins, with the log and everything unsaid of the one `before`. `by` is who we were there. */
export const goneOn = (
  after: Conversation,
  { before: left, by, at }: { readonly before: Conversation; readonly by: Uint8Array; readonly at: number },
): Conversation => {
  const before = askedAgain(left)
  const unread = before.entries.filter((entry) => isUnread(entry, before))
  const names = new Set(unread.map(({ id }) => id))
  const entries = before.entries.map(
    (entry): Entry => (entry.tag === 'message' && names.has(entry.id) ? { ...entry, standing: 'sending', seq: 0 } : entry),
  )
  return {
    ...after,
    openedAt: before.openedAt,
    closesAt: before.closesAt,
    stage: after.stage === 'waiting' ? before.stage : after.stage,
    cursor: Math.max(after.cursor, before.cursor),
    delivered: before.delivered,
    unread: before.unread,
    // What is said again by itself need not be asked about.
    unanswered: before.unanswered.filter((id) => !names.has(id)),
    outbox: [...unread.flatMap((entry) => saidAgain(entry, by)), ...before.outbox.map((item) => unsealed(item, by))],
    answered: before.answered,
    earlier: furthest([...before.earlier, ...before.counters]),
    entries: [...entries, reconnected(after, at)],
  }
}

/** The next group with the log of the one `before`, saved: from here on it is what this device has. */
export const handOver = async (
  ports: Pick<Ports, 'entropy'>,
  { before, store, ...handing }: Omit<Handing, 'epoch'> & { readonly before: Conversation; readonly store: SealedStore },
): Promise<Made> => {
  const { keys, now: at } = handing
  const made = await makeNextGroup(ports, { ...handing, epoch: before.facts.epoch })
  const next = { ...made, conversation: goneOn(made.conversation, { before, by: keys.devicePublic, at }) }
  await store.saveWith(next.keys, recordsOf(next))
  return next
}

/** The conversation as its next group begins, where this device cannot read any more what was said before. */
export const goneOnWithoutLog = (after: Conversation, at: number): Conversation => ({
  ...after,
  entries: [...after.entries, { tag: 'gap', id: `gap-before-${after.group}`, at, seq: 0 }, reconnected(after, at)],
})

/** What is saved of a group that was made, in one transaction with its keys. */
export const recordsOf = ({ record, conversation }: Pick<Made, 'record' | 'conversation'>): ReadonlyMap<string, Uint8Array> =>
  new Map([
    [NAMES.customer, writeRecord(CUSTOMER, record)],
    [recordName(conversation.id), encodeConversation(conversation)],
  ])

/** The relay has the group, and says after which place in its order it begins. */
export const begunAt = (conversation: Conversation, since: number): Conversation => {
  // Nothing has the place 0, which stands for one that is not known yet.
  const seq = Math.max(1, since)
  const isUnplaced = (entry: Entry): boolean => (entry.tag === 'reconnected' || entry.tag === 'gap') && entry.seq === 0
  const entries = conversation.entries.map((entry) => (isUnplaced(entry) ? { ...entry, seq } : entry))
  return { ...conversation, cursor: Math.max(conversation.cursor, since), entries }
}

/** A newcomer knows the place at once, a customer's device from the relay's answer (`begunAt`). */
const reconnected = ({ group, cursor: seq }: Conversation, at: number): Entry => ({ tag: 'reconnected', id: `group-${group}`, at, seq })

/** Sent, and not stored by everybody as far as we know. */
const isUnread = (entry: Entry, { delivered }: Conversation): boolean =>
  entry.tag === 'message' && entry.mine === 1 && entry.standing === 'sent' && (entry.seq === 0 || entry.seq > delivered)

const saidAgain = (entry: Entry, by: Uint8Array): readonly OutboxItem[] => {
  if (entry.tag !== 'message') return []
  const { id, text, at: writtenAt, number } = entry
  return [{ id, text, writtenAt, number: 0, epoch: 0, message: null, isStale: 0, first: { device: by, number }, shares: null }]
}

/** It may have been taken without our hearing of it: then whoever has read it drops it. */
const unsealed = (item: OutboxItem, by: Uint8Array): OutboxItem => {
  const first = item.number === 0 ? item.first : { device: by, number: item.number }
  return { ...item, number: 0, epoch: 0, message: null, isStale: 0, first }
}

const furthest = (counters: readonly Counter[]): readonly Counter[] => {
  const found = new Map<string, Counter>()
  for (const counter of counters) {
    const known = found.get(toHex(counter.device))
    if (known === undefined || known.number < counter.number) found.set(toHex(counter.device), counter)
  }
  return [...found.values()]
}

export type { Made }

/** T22: whoever is not, or no longer, in the group is not heard. */
export const isHeard = (conversation: Conversation, { group, device }: Pick<Complained, 'group' | 'device'>): boolean =>
  group === conversation.group && conversation.broken === null && readerOf(conversation, device) !== null
