import { beforeEach, describe, expect, test } from 'vitest'
import { sealEarlier } from '../../src/keys/earlier.ts'
import * as mls from '../../src/keys/mls/library.ts'
import { withCommit } from '../../src/session/commits.ts'
import { type Conversation, type Entry, type Situation, withState } from '../../src/session/conversation.ts'
import { decodeConversation, encodeConversation } from '../../src/session/conversationCodec.ts'
import { entryViews } from '../../src/session/conversationView.ts'
import { goneOn } from '../../src/session/nextGroup.ts'
import { blank } from '../../src/session/opening.ts'
import { notSent, sealHead, settleOwn, written } from '../../src/session/outbox.ts'
import { receive } from '../../src/session/receive.ts'
import { answeredShare, shareView } from '../../src/session/sharing.ts'
import type { Envelope } from '../../src/wire/generated/frames.ts'
import { PAYLOAD, type Shared } from '../../src/wire/generated/payload.ts'
import { toHex } from '../../src/wire/octets.ts'
import { encodeAs } from '../../src/wire/shape.ts'
import { NOW, type Person, Room } from '../keys/mls/room.ts'

const ID = new Uint8Array(16).fill(1)
let room: Room
let ana: Person
let customer: Conversation
let agent: Conversation
let seq: number

const said = (place: number, fields: Partial<Extract<Entry, { tag: 'message' }>>): Entry => ({
  tag: 'message',
  id: `before-${place}`,
  mine: 1,
  from: '',
  face: 'customer',
  text: `said ${place}`,
  at: NOW + place,
  standing: 'sent',
  seq: place,
  number: place,
  ...fields,
})
const came = (place: number, id: string): Entry => ({
  tag: 'joined',
  id,
  device: ana.signer.publicKey,
  who: 'Ana',
  desk: 'support',
  face: 'agent',
  at: NOW,
  seq: place,
})
const BEFORE = (): readonly Entry[] => [
  said(1, {}),
  said(2, { mine: 0, from: 'Dora', face: 'helper' }),
  said(3, { mine: 0, from: 'Steam', face: 'assistant' }),
]
const of = (person: Person): Situation => ({ me: person.signer.publicKey, signer: person.signer, trust: room.trust, now: NOW })
const as = async (person: Person, entries: readonly Entry[]): Promise<Conversation> => {
  if (person.state === null) throw new Error('in no group')
  return withState({ ...blank(ID, NOW), memory: room.memory, stage: 'active', entries }, { state: person.state, trust: room.trust })
}

/** Ana came in fourth place, when three things had been said. */
beforeEach(async () => {
  room = await Room.open()
  ana = await room.agent()
  seq = 4
  customer = await as(room.customer, [...BEFORE(), came(4, 'in-4')])
  agent = await as(ana, [came(4, 'in-4')])
})

const envelope = (by: Person, fields: Pick<Envelope, 'kind' | 'body'> & Partial<Envelope>): Envelope => {
  seq += 1
  const { epoch } = customer.facts
  return { tag: 'envelope', conversation: ID, seq, group: 1, epoch, sender: by.signer.publicKey, number: 0, postedAt: NOW, ...fields }
}
const answers = (isWanted: boolean): void => {
  customer = answeredShare(customer, { device: toHex(ana.signer.publicKey), isWanted, id: 'share', now: NOW })
}
const posts = async (): Promise<Envelope> => {
  const step = await sealHead(customer, of(room.customer))
  customer = step?.conversation ?? customer
  const [head] = customer.outbox
  if (head?.message == null) throw new Error('nothing sealed')
  return envelope(room.customer, { kind: 'message', body: head.message, number: head.number, epoch: head.epoch })
}
const commits = async (plan: Parameters<typeof withCommit>[1]): Promise<void> => {
  customer = await withCommit(customer, plan, of(room.customer))
  const commit = envelope(room.customer, { kind: 'commit', body: customer.pending?.commit.commit ?? new Uint8Array() })
  agent = (await receive(agent, commit, of(ana))).conversation
  customer = (await receive(customer, commit, of(room.customer))).conversation
}
const says = async (body: Shared, { by = room.customer, from = customer } = {}): Promise<Envelope> => {
  const plaintext = encodeAs(PAYLOAD, { number: 1, lastShown: null, checkpoint: null, body })
  const { message } = await mls.encrypt(from.state, { plaintext, signer: by.signer })
  return envelope(by, { kind: 'message', body: message, number: 1 })
}
const sealedFor = (person: Person, from = customer): Promise<Shared> => {
  const { groupId, epoch, roster } = from.facts
  const device = person.signer.publicKey
  const leaf = roster.find(({ signatureKey }) => toHex(signatureKey) === toHex(device))?.leaf ?? 9
  const earlier = { leftOut: 0, lines: [{ whose: 'customer', name: '', text: 'Before', at: NOW }] } as const
  return sealEarlier(from.state, { earlier, device, place: { groupId, epoch, leaf } })
}
const agentTakes = async (next: Envelope): Promise<void> => {
  agent = (await receive(agent, next, of(ana))).conversation
}
const share = (conversation: Conversation) => conversation.entries.find((entry) => entry.tag === 'shared')

describe('the question', () => {
  test('is about whoever cannot read what was said before', () => {
    expect(shareView(customer)).toEqual({ id: toHex(ana.signer.publicKey), to: 'Ana', count: 3 })
  })

  test('is not asked where nothing was said before, about who is gone, or in a chat that is over', async () => {
    expect(shareView({ ...customer, entries: [came(1, 'in-1'), said(2, {})] })).toBeNull()
    expect(shareView({ ...customer, stage: 'closed' })).toBeNull()
    expect(shareView({ ...customer, broken: 'stuck' })).toBeNull()
    await commits({ removes: [1] })
    expect(shareView(customer)).toBeNull()
  })

  test('is over with "nothing", and nothing is sent', () => {
    answers(false)
    expect([shareView(customer), customer.outbox, share(customer)]).toEqual([null, [], undefined])
    answers(true)
    expect(customer.outbox).toEqual([])
  })

  test('is not asked about who was here before and came along to the next group', () => {
    const entries = [...customer.entries, { tag: 'reconnected', id: 'r', at: NOW, seq: 5 } as const, came(6, 'in-6')]
    expect(shareView({ ...customer, entries })).toMatchObject({ count: 3 })
    answers(false)
    expect(shareView({ ...customer, entries })).toBeNull()
  })
})

describe('what was shared', () => {
  test('stands before the newcomer’s own first entry, with whose it was and when', async () => {
    answers(true)
    await agentTakes(await posts())
    expect(entryViews(agent)).toMatchObject([
      { kind: 'shared', side: 'newcomer', count: 3, leftOut: 0 },
      { kind: 'earlier', whose: 'customer', from: '', text: 'said 1', at: NOW + 1 },
      { kind: 'earlier', whose: 'person', from: 'Dora', text: 'said 2' },
      { kind: 'earlier', whose: 'assistant', from: 'Steam', text: 'said 3' },
      { kind: 'joined', who: 'Ana' },
    ])
    expect(agent.unread).toBe(0)
  })

  test('is told to the customer in the log, with where it stands', async () => {
    answers(true)
    expect(share(customer)).toMatchObject({ standing: 'sending', count: 0, who: 'Ana', side: 'giver' })
    const { number, seq: place } = await posts()
    expect(share(settleOwn(customer, { number, seq: place }))).toMatchObject({ standing: 'sent', count: 3, seq: place })
    expect(share(notSent(customer, 'share'))).toMatchObject({ standing: 'not_sent' })
  })

  test('is sealed anew when the epoch changed before it was posted', async () => {
    answers(true)
    await posts()
    const first = customer.outbox[0]?.message
    await commits({})
    await agentTakes(await posts())
    expect(customer.outbox[0]?.message).not.toEqual(first)
    expect(agent.entries.filter(({ tag }) => tag === 'earlier')).toHaveLength(3)
  })

  test('and sealed for an epoch that is over is a gap', async () => {
    const old = await sealedFor(ana)
    await commits({})
    await agentTakes(await says(old))
    expect(agent.entries.map(({ tag }) => tag)).toEqual(['joined', 'gap'])
  })

  test('is for the newcomer alone: others show that it happened and nothing of it', async () => {
    await agentTakes(await says(await sealedFor(room.customer)))
    expect(agent.entries).toMatchObject([{ tag: 'joined' }, { tag: 'shared', side: 'other', count: 0 }])
  })

  test('by anybody but the customer is a gap', async () => {
    const forged = await says(await sealedFor(room.customer, agent), { by: ana, from: agent })
    customer = (await receive(customer, forged, of(room.customer))).conversation
    expect(customer.entries.at(-1)).toMatchObject({ tag: 'gap' })
  })

  test('and was changed on the way is a gap', async () => {
    const body = await sealedFor(ana)
    await agentTakes(await says({ ...body, blob: body.blob.map((octet, index) => (index === 0 ? octet ^ 1 : octet)) }))
    expect(agent.entries.at(-1)).toMatchObject({ tag: 'gap' })
  })

  test('twice is shown once', async () => {
    answers(true)
    await agentTakes(await posts())
    const { entries } = agent
    agent = { ...agent, counters: [] }
    await agentTakes(await says(await sealedFor(ana)))
    expect(agent.entries).toBe(entries)
  })

  test('goes to nobody who was removed first', async () => {
    answers(true)
    customer = written(customer, { id: 'next', text: 'And this', now: NOW })
    await posts()
    await commits({ removes: [1] })
    expect(customer.outbox).toMatchObject([{ id: 'next' }])
    expect(share(customer)).toMatchObject({ standing: 'not_sent' })
  })

  test('and is not known to have come is asked about again in the next group', async () => {
    answers(true)
    const { number, seq: place } = await posts()
    const next = { ...customer, outbox: [], entries: [], answered: [] }
    const on = (before: Conversation) => goneOn(next, { before, by: room.customer.signer.publicKey, at: NOW })
    expect(on(customer).outbox).toMatchObject([{ shares: null }])
    expect(on(customer)).toMatchObject({ answered: [] })
    const sent = settleOwn(customer, { number, seq: place })
    expect(share(on(sent))).toMatchObject({ standing: 'not_sent' })
    const known = on({ ...sent, delivered: place })
    expect([share(known), known.answered]).toMatchObject([{ standing: 'sent' }, [{ since: 4 }]])
  })

  test('rests sealed on both devices', async () => {
    answers(true)
    expect((await decodeConversation(encodeConversation(customer), room.trust)).outbox).toEqual(customer.outbox)
    await agentTakes(await posts())
    expect((await decodeConversation(encodeConversation(agent), room.trust)).entries).toEqual(agent.entries)
  })
})
