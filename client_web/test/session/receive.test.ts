import { beforeEach, describe, expect, test } from 'vitest'
import * as mls from '../../src/keys/mls/library.ts'
import { NeedsNewerTrust } from '../../src/keys/untrusted.ts'
import { type Plan as OwnPlan, withCommit } from '../../src/session/commits.ts'
import { type Conversation, type Situation, withState } from '../../src/session/conversation.ts'
import { decodeConversation, encodeConversation } from '../../src/session/conversationCodec.ts'
import { resendView } from '../../src/session/conversationView.ts'
import { blank } from '../../src/session/opening.ts'
import { sealHead, textsOf, written } from '../../src/session/outbox.ts'
import { receive } from '../../src/session/receive.ts'
import type { Envelope } from '../../src/wire/generated/frames.ts'
import { PAYLOAD } from '../../src/wire/generated/payload.ts'
import { utf8 } from '../../src/wire/octets.ts'
import { encodeAs } from '../../src/wire/shape.ts'
import { NOW, type Person, type Plan, Room } from '../keys/mls/room.ts'

let room: Room
let ana: Person
let conversation: Conversation
let seq: number

beforeEach(async () => {
  room = await Room.open()
  ana = await room.agent()
  seq = 0
  conversation = await asCustomer()
})

/** The room's group as the customer's session holds it. */
const asCustomer = async (): Promise<Conversation> => {
  if (room.customer.state === null) throw new Error('in no group')
  const kept = { ...blank(new Uint8Array(16).fill(1), NOW), memory: room.memory }
  return withState(kept, { state: room.customer.state, trust: room.trust })
}
const situation = (): Situation => ({ me: room.customer.signer.publicKey, signer: room.customer.signer, trust: room.trust, now: NOW })
const envelope = (by: Person, fields: Pick<Envelope, 'kind' | 'body'> & Partial<Envelope>): Envelope => {
  seq += 1
  return {
    tag: 'envelope',
    conversation: conversation.id,
    seq,
    group: 1,
    epoch: conversation.facts.epoch,
    sender: by.signer.publicKey,
    number: 0,
    postedAt: NOW,
    ...fields,
  }
}
const take = async (next: Envelope): Promise<Conversation> => {
  conversation = (await receive(conversation, next, situation())).conversation
  return conversation
}
const says = async (number: number, { text = `message ${number}`, inside = number } = {}): Promise<Envelope> => {
  if (ana.state === null) throw new Error('in no group')
  const plaintext = encodeAs(PAYLOAD, { number: inside, lastShown: null, checkpoint: null, body: { tag: 'text', text, writtenAt: NOW } })
  const { state, message } = await mls.encrypt(ana.state, { plaintext, signer: ana.signer })
  ana.state = state
  return envelope(ana, { kind: 'message', number, body: message })
}
const commits = async (by: Person, plan: Plan = {}): Promise<Envelope> =>
  envelope(by, { kind: 'commit', body: (await room.made(by, plan)).commit })
const own = async (plan: OwnPlan): Promise<Uint8Array> => {
  conversation = await withCommit(conversation, plan, situation())
  return conversation.pending?.commit.commit ?? new Uint8Array()
}
const tags = (): readonly string[] => conversation.entries.map(({ tag }) => tag)

describe('a message', () => {
  test('is read, counted as unread and stands under its writer’s name', async () => {
    await take(await says(1))
    expect(conversation).toMatchObject({ cursor: 1, unread: 1, entries: [{ tag: 'message', from: 'Ana', text: 'message 1', mine: 0 }] })
  })

  test('that is missing leaves a gap', async () => {
    await take(await says(1))
    await take(await says(3))
    expect(tags()).toEqual(['message', 'gap', 'message'])
  })

  test('with another number inside than outside is not shown', async () => {
    await take(await says(1, { inside: 2 }))
    expect(tags()).toEqual(['gap'])
  })

  test('under another sender’s name than its leaf’s is not shown', async () => {
    const stranger = room.person()
    await take({ ...(await says(1)), sender: stranger.signer.publicKey })
    expect(tags()).toEqual(['gap'])
  })

  test('that was changed, or is none, leaves a gap and ends nothing', async () => {
    const message = await says(1)
    await take({ ...message, body: message.body.map((octet, index) => (index === message.body.length - 1 ? octet ^ 1 : octet)) })
    await take(envelope(ana, { kind: 'message', body: utf8('hello') }))
    await take(await says(2))
    expect(tags()).toEqual(['gap', 'gap', 'message'])
    expect(conversation.broken).toBeNull()
  })

  test('of nobody who speaks our payload leaves a gap', async () => {
    if (ana.state === null) throw new Error('in no group')
    const { message } = await mls.encrypt(ana.state, { plaintext: utf8('plain'), signer: ana.signer })
    await take(envelope(ana, { kind: 'message', body: message }))
    expect(tags()).toEqual(['gap'])
  })
})

describe('a relay and a member who work together', () => {
  test('a number that was already read is not shown a second time', async () => {
    await take(await says(1))
    await take(await says(2))
    await take(await says(1, { text: 'message 1' }))
    await take(await says(2, { text: 'another second' }))
    expect(tags()).toEqual(['message', 'message', 'gap', 'gap'])
    expect(conversation.unread).toBe(2)
  })

  test('whoever was removed and comes back may count from one again', async () => {
    await take(await says(1))
    await take(await says(2))
    await take(envelope(room.customer, { kind: 'commit', body: await own({ removes: [1] }) }))
    const { keyPackage, privatePart } = await room.keyPackage(ana)
    const grounds = { reliesOn: room.start.digest, decision: room.start.signed }
    const body = await own({ adds: [keyPackage], grounds })
    const welcome = conversation.pending?.welcome ?? new Uint8Array()
    await take(envelope(room.customer, { kind: 'commit', body }))
    ana.state = await mls.join({
      welcome,
      keyPackage,
      privatePart,
      trusted: { judgeIdentity: async () => true },
    })
    await take(await says(1, { text: 'here again' }))
    expect(tags()).toEqual(['message', 'message', 'left', 'joined', 'message'])
  })

  test('during a handoff nothing of the two agents is shown', async () => {
    await room.happen(ana, { newcomer: room.person({ cred_id: 'ben-1', person: 'ben', name: 'Ben' }), note: room.grounds })
    conversation = await asCustomer()
    await take(await says(1))
    expect(tags()).toEqual(['gap'])
  })

  test('what a removed member wrote before is not shown under the name of who sits on its leaf now', async () => {
    const late = await says(1, { text: 'I am Ben' })
    const ben = room.person({ cred_id: 'ben-1', person: 'ben', name: 'Ben' })
    const { keyPackage } = await room.keyPackage(ben)
    const body = await own({ removes: [1], adds: [keyPackage], grounds: { reliesOn: room.start.digest, decision: room.start.signed } })
    await take(envelope(room.customer, { kind: 'commit', seq: 2, body }))
    await take({ ...late, seq: 3, sender: ben.signer.publicKey })
    expect(tags()).toEqual(['left', 'joined', 'gap'])
  })
})

describe('a commit of somebody else', () => {
  test('within the list is followed', async () => {
    await take(await commits(ana))
    expect(conversation).toMatchObject({ broken: null, facts: { epoch: 2 } })
  })

  test.each([
    ['that changes the terms', { terms: { standing: [new Uint8Array(32)] } }],
    ['that removes somebody in force', { note: { trustVersion: 1 } }],
  ])('%s is not, though the relay let it pass', async (_, plan) => {
    const dan = await room.agent({ cred_id: 'dan-1', person: 'dan' })
    conversation = await asCustomer()
    await take(await commits(ana, 'terms' in plan ? plan : { ...plan, removes: [dan] }))
    expect(conversation.broken).toBe('commit_not_allowed')
    expect(conversation.facts.epoch).toBe(2)
  })

  test('that removes the customer is not, though the relay let it pass', async () => {
    await take(await commits(ana, { removes: [room.customer], note: { trustVersion: 1 } }))
    expect(conversation.broken).toBe('commit_not_allowed')
  })

  test('that lets in a stranger is not, though the relay let it pass', async () => {
    const other = await Room.open()
    const stranger = { ...room.person(), identity: other.person().identity }
    const { keyPackage } = await room.keyPackage(stranger)
    await take(await commits(ana, { adds: [keyPackage], note: room.grounds }))
    expect(conversation.broken).toBe('bad_signature')
  })

  test('that the gate allows and nobody can follow leaves us stuck in front of it', async () => {
    const commit = await commits(ana)
    await take({ ...commit, body: commit.body.map((octet, index) => (index === commit.body.length - 1 ? octet ^ 1 : octet)) })
    expect(conversation).toMatchObject({ broken: 'stuck', cursor: 0 })
    expect(conversation.facts.epoch).toBe(1)
  })

  test('of an epoch that is over is a replay and dropped', async () => {
    const commit = await commits(ana)
    await take(commit)
    const { facts } = conversation
    await take({ ...commit, seq: 7 })
    expect(conversation).toMatchObject({ broken: null, cursor: 7 })
    expect(conversation.facts).toBe(facts)
  })

  test('of an epoch that is yet to come leaves us stuck: one before it is missing', async () => {
    await room.happen(ana)
    const later = await room.made(room.customer, {})
    conversation = { ...conversation, cursor: 0 }
    await take(envelope(room.customer, { kind: 'commit', body: later.commit }))
    expect(conversation.broken).toBe('stuck')
  })

  test('of another group is not ours to judge', async () => {
    const commit = await commits(ana)
    await take({ ...commit, group: 2 })
    expect(conversation).toMatchObject({ broken: null, cursor: commit.seq })
    expect(conversation.facts.epoch).toBe(1)
  })

  test('that cites newer trust asks for it first', async () => {
    const dan = await room.agent({ cred_id: 'dan-1', person: 'dan' })
    conversation = await asCustomer()
    const commit = await commits(ana, { removes: [dan], note: { trustVersion: 2 } })
    await expect(receive(conversation, commit, situation())).rejects.toBeInstanceOf(NeedsNewerTrust)
  })

  test('ends our part: nothing after it is read', async () => {
    await take(await commits(ana, { terms: { standing: [new Uint8Array(32)] } }))
    await take(await says(1))
    expect(tags()).toEqual([])
    expect(conversation.cursor).toBe(2)
  })
})

describe('a commit of our own', () => {
  test('is adopted at its place', async () => {
    conversation = await withCommit(conversation, { removes: [1] }, situation())
    expect(conversation.facts.epoch).toBe(1)
    await take(envelope(room.customer, { kind: 'commit', body: conversation.pending?.commit.commit ?? new Uint8Array() }))
    expect(conversation).toMatchObject({ pending: null, broken: null, facts: { epoch: 2 }, entries: [{ tag: 'left', who: 'Ana' }] })
    expect(conversation.readers).toHaveLength(1)
  })

  test('that lost is dropped for the winner', async () => {
    conversation = await withCommit(conversation, {}, situation())
    await take(await commits(ana))
    expect(conversation).toMatchObject({ pending: null, broken: null, facts: { epoch: 2 } })
  })

  test('is judged by our own gate first', async () => {
    await expect(withCommit(conversation, { removes: [0] }, situation())).rejects.toThrow()
  })

  test('survives a reload between sending and its place', async () => {
    conversation = await withCommit(conversation, {}, situation())
    conversation = await decodeConversation(encodeConversation(conversation), room.trust)
    await take(envelope(room.customer, { kind: 'commit', body: conversation.pending?.commit.commit ?? new Uint8Array() }))
    expect(conversation).toMatchObject({ pending: null, broken: null, facts: { epoch: 2 } })
  })
})

describe('what a revoked agent never answered', () => {
  const isRevoked = (): Promise<void> => room.publish({ version: 2, revoked: [{ cred_id: 'ana-1', at: NOW - 1, reason: 'lost' }] })
  const sent = async (number: number, text: string): Promise<void> => {
    conversation = written(conversation, { id: `${number}`, text, now: NOW })
    conversation = (await sealHead(conversation, situation()))?.conversation ?? conversation
    await take(envelope(room.customer, { kind: 'message', number, body: conversation.outbox[0]?.message ?? new Uint8Array() }))
  }
  const removeAna = async (): Promise<void> => {
    const body = await own({ removes: [1] })
    await take(envelope(room.customer, { kind: 'commit', body }))
  }

  test('is kept to be asked about, from the last answer on', async () => {
    await sent(1, 'answered')
    await take(await says(1))
    await sent(2, 'not answered')
    await isRevoked()
    await removeAna()
    expect(conversation.unanswered).toEqual(['2'])
    expect(textsOf(conversation, conversation.unanswered)).toEqual(['not answered'])
    expect((await decodeConversation(encodeConversation(conversation), room.trust)).unanswered).toEqual(['2'])
    expect(resendView(conversation)).toBeNull()
  })

  test('is nothing to ask about where the agent was removed for another reason', async () => {
    await sent(1, 'hello')
    await removeAna()
    expect(conversation.unanswered).toEqual([])
  })

  test('is asked about once somebody is there, and no longer once they answered', async () => {
    await sent(1, 'hello')
    await isRevoked()
    await removeAna()
    await room.happen(room.customer, { removes: [ana] })
    const ben = room.person({ cred_id: 'ben-1', person: 'ben', name: 'Ben' })
    const { keyPackage } = await room.keyPackage(ben)
    const grounds = { reliesOn: room.start.digest, decision: room.start.signed }
    const body = await own({ adds: [keyPackage], grounds })
    await take(envelope(room.customer, { kind: 'commit', body }))
    expect(resendView(conversation)).toEqual({ count: 1, to: 'Ben' })
  })
})

describe('the outbox', () => {
  test('seals its head once for an epoch, and anew in the next, under the same number', async () => {
    conversation = written(conversation, { id: 'a', text: 'hello', now: NOW })
    const sealed = await sealHead(conversation, situation())
    conversation = sealed?.conversation ?? conversation
    const [first] = conversation.outbox
    expect((await sealHead(conversation, situation()))?.conversation).toBe(conversation)
    await take(await commits(ana))
    const again = (await sealHead(conversation, situation()))?.conversation.outbox[0]
    expect([first?.number, again?.number]).toEqual([1, 1])
    expect(again?.message).not.toEqual(first?.message)
    expect(again?.epoch).toBe(2)
  })

  test('settles what came back in its place', async () => {
    conversation = written(conversation, { id: 'a', text: 'hello', now: NOW })
    conversation = (await sealHead(conversation, situation()))?.conversation ?? conversation
    await take(envelope(room.customer, { kind: 'message', number: 1, body: conversation.outbox[0]?.message ?? new Uint8Array() }))
    expect(conversation).toMatchObject({ number: 1, outbox: [], entries: [{ standing: 'sent', seq: 1 }] })
  })
})
