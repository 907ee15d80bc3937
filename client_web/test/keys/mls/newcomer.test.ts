import { beforeEach, describe, expect, test } from 'vitest'
import { groupContext, join, roster } from '../../../src/keys/mls/library.ts'
import { type Joined, judgeWelcome } from '../../../src/keys/mls/newcomer.ts'
import type { WelcomeBundle } from '../../../src/wire/generated/claims.ts'
import { type Person, type Plan, Room, refusal } from './room.ts'

const YES = { judgeIdentity: async () => true }

let room: Room
let ben: Person

beforeEach(async () => {
  room = await Room.open()
  ben = room.person({ cred_id: 'ben-1', person: 'ben' })
})

interface Arrival {
  readonly bundle: WelcomeBundle
  readonly joined: Joined
}

/** Ben joined by whatever commit this is: nobody's gate was asked. */
const arrived = async (by: Person, plan: Plan = { note: room.grounds }): Promise<Arrival> => {
  if (by.state === null) throw new Error('in no group')
  const { interimTranscriptHash } = await groupContext(by.state)
  const kept = await room.keyPackage(ben)
  const made = await room.made(by, { ...plan, adds: [...(plan.adds ?? []), kept.keyPackage] })
  const welcome = made.welcome ?? new Uint8Array()
  const state = await join({ welcome, ...kept, trusted: YES })
  return {
    bundle: { welcome, commit: made.commit, interimHash: interimTranscriptHash },
    joined: { view: await groupContext(state), roster: roster(state) },
  }
}

const judged = ({ bundle, joined }: Arrival, desks: readonly string[] = ['support']) =>
  judgeWelcome(bundle, joined, { trust: room.trust, desks, device: ben.signer.publicKey, earlier: null })
const answer = async (arrival: Arrival, desks?: readonly string[]): Promise<string> => refusal(judged(arrival, desks))

describe('a newcomer', () => {
  test('accepts the customer’s Add and remembers from then on', async () => {
    const { terms, memory } = await judged(await arrived(room.customer))
    expect(terms.desk).toBe('support')
    expect(memory).toMatchObject({ isWhole: 0, handoff: null, arrivals: [{ isTeam: 1, pathAt: null }] })
    expect(memory.decisions).toHaveLength(1)
  })

  test('accepts a colleague’s Add under the team admission, which opens a handoff', async () => {
    const ana = await room.agent()
    const { memory } = await judged(await arrived(ana))
    expect(memory.handoff?.adder).toEqual(ana.signer.publicKey)
  })

  test('does not take a commit that the group does not confirm', async () => {
    const [one, two] = [await arrived(room.customer), await arrived(room.customer, { note: { ...room.grounds, trustVersion: 7 } })]
    expect(await answer({ ...one, bundle: { ...one.bundle, commit: two.bundle.commit } })).toBe('untrusted: forked')
    expect(await answer({ ...one, bundle: { ...one.bundle, interimHash: new Uint8Array(32) } })).toBe('untrusted: forked')
  })

  test('does not come in without a decision of the customer', async () => {
    expect(await answer(await arrived(room.customer, {}))).toBe('not_admitted')
    const ana = await room.agent()
    expect(await answer(await arrived(ana, { note: { reliesOn: room.start.digest } }))).toBe('not_admitted')
  })

  test('does not come in under a decision that somebody else signed', async () => {
    const forged = await room.decide({}, room.person())
    const decision = { claims: room.start.signed.claims, signature: forged.signed.signature }
    expect(await answer(await arrived(room.customer, { note: { decision } }))).toBe('untrusted: bad_signature')
  })

  test('does not come in through a bot', async () => {
    const bot = room.person({ cred_id: 'bot-1', person: 'bot', kind: 'bot' })
    const admits = { tag: 'device', credential: 'bot-1', leafKey: bot.signer.publicKey } as const
    const { signed, digest } = await room.decide({ admits, purpose: 'ai_assistant' })
    const standing = [room.start.digest, digest]
    await room.happen(room.customer, { newcomer: bot, terms: { standing }, note: { decision: signed, reliesOn: digest } })
    expect(await answer(await arrived(bot))).toBe('commit_not_allowed')
  })

  test('does not come in with somebody else, nor by a commit that does more than a colleague may', async () => {
    const cleo = await room.keyPackage(room.person({ cred_id: 'cleo-1', person: 'cleo' }))
    expect(await answer(await arrived(room.customer, { adds: [cleo.keyPackage], note: room.grounds }))).toBe('commit_not_allowed')
    const [ana, dan] = [await room.agent(), await room.agent({ cred_id: 'dan-1', person: 'dan' })]
    expect(await answer(await arrived(ana, { removes: [dan], note: room.grounds }))).toBe('commit_not_allowed')
  })

  test('serves only the desks of its credential', async () => {
    expect(await answer(await arrived(room.customer), ['returns'])).toBe('commit_not_allowed')
  })

  test('does not talk in a group of another organisation', async () => {
    const arrival = await arrived(room.customer)
    const other = await Room.open()
    room.trust = other.trust
    expect(await answer(arrival)).toBe('untrusted: forked')
  })

  test('does not talk under a policy that is not in force', async () => {
    const arrival = await arrived(room.customer)
    await room.publish({ policies: [] })
    expect(await answer(arrival)).toBe('notice_required')
  })

  test('does not talk to somebody for whom nobody vouches', async () => {
    const other = await Room.open()
    const stranger = { ...room.person(), identity: other.person().identity }
    await room.unsafeForTestsHappen(room.customer, stranger)
    expect(await answer(await arrived(room.customer))).toBe('untrusted: unknown_credential')
  })

  test('finds exactly one customer, the one that the terms name', async () => {
    const twin = { ...room.person(), identity: room.customer.identity }
    await room.unsafeForTestsHappen(room.customer, twin)
    expect(await answer(await arrived(room.customer))).toBe('untrusted: inconsistent')
  })

  test('was revoked meanwhile', async () => {
    const arrival = await arrived(room.customer)
    await room.publish({ revoked: [{ cred_id: 'ben-1', at: room.organisation.now, reason: 'left' }] })
    expect(await answer(arrival)).toBe('untrusted: unknown_credential')
  })
})
