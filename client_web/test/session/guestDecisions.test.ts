/** A relay that lets everything pass: both devices of a conversation let no guest in but by a true yes, and let a guest do nothing. */
import { beforeEach, describe, expect, test } from 'vitest'
import { type Conversation, type Situation, withState } from '../../src/session/conversation.ts'
import { blank } from '../../src/session/opening.ts'
import { receive } from '../../src/session/receive.ts'
import type { DecisionClaims } from '../../src/wire/generated/claims.ts'
import { MINUTE, NOW, type Person, type Plan, Room } from '../keys/mls/room.ts'

const KINDS = {
  assistant: { purpose: 'ai_assistant', credential: { cred_id: 'bot-1', person: 'bot', kind: 'bot', roles: ['assistant'] } },
  reviewer: { purpose: 'quality_review', credential: { cred_id: 'sue-1', person: 'sue', roles: ['supervisor'] } },
  helper: { purpose: 'support', credential: { cred_id: 'ben-1', person: 'ben' } },
} as const
type Kind = keyof typeof KINDS

let room: Room
let ana: Person
let steam: Person

beforeEach(async () => {
  room = await Room.open()
  ana = await room.agent()
  steam = room.person(KINDS.assistant.credential)
})

/** What becomes of the commit at the device of this member. */
const outcome = async (at: Person, { by, plan }: { readonly by: Person; readonly plan: Plan }): Promise<string | null> => {
  if (at.state === null) throw new Error('in no group')
  const kept = { ...blank(new Uint8Array(16).fill(1), NOW), memory: room.memory }
  const before: Conversation = await withState(kept, { state: at.state, trust: room.trust })
  const { commit } = await room.made(by, plan)
  const { epoch } = before.facts
  const sender = by.signer.publicKey
  const head = { tag: 'envelope', conversation: before.id, seq: 1, group: 1, number: 0, postedAt: NOW } as const
  const situation: Situation = { me: at.signer.publicKey, signer: at.signer, trust: room.trust, now: NOW }
  const after = (await receive(before, { ...head, epoch, sender, kind: 'commit', body: commit }, situation)).conversation
  expect(after.facts.epoch).toBe(after.broken === null ? epoch + 1 : epoch)
  return after.broken
}

interface Yes {
  readonly changes?: Partial<DecisionClaims>
  readonly by?: Person
}

const yes = (person: Person, kind: Kind, { changes = {}, by = room.customer }: Yes = {}) => {
  const { purpose, credential } = KINDS[kind]
  const admits = { tag: 'device', credential: credential.cred_id, leafKey: person.signer.publicKey } as const
  const claims = { admits, purpose, customerKey: room.customer.signer.publicKey, ...changes }
  return room.decide(claims, by)
}
const lettingIn = async (person: Person, kind: Kind, lie: Yes = {}): Promise<Plan> => {
  const decision = await yes(person, kind, lie)
  const { keyPackage } = await room.keyPackage(person)
  return { adds: [keyPackage], terms: { standing: [room.start.digest, decision.digest] }, note: { decision: decision.signed } }
}
const letIn = async (kind: Kind): Promise<Person> => {
  const person = room.person(KINDS[kind].credential)
  const { adds, ...plan } = await lettingIn(person, kind)
  expect(adds).toHaveLength(1)
  await room.happen(room.customer, { newcomer: person, ...plan })
  return person
}

const LIES: readonly (readonly [string, string, () => Yes])[] = [
  ['a forged yes', 'bad_signature', () => ({ by: room.person() })],
  ['a yes that ran out', 'not_admitted', () => ({ changes: { expiresAt: NOW } })],
  ['a yes of the future', 'not_admitted', () => ({ changes: { decidedAt: NOW + 5 * MINUTE + 1 } })],
  ['a yes of another conversation', 'not_admitted', () => ({ changes: { conversation: new Uint8Array(16).fill(9) } })],
  [
    'a yes for another credential of that device',
    'not_admitted',
    () => ({ changes: { admits: { tag: 'device', credential: 'other-1', leafKey: steam.signer.publicKey } } }),
  ],
  [
    'a yes for another device',
    'not_admitted',
    () => ({ changes: { admits: { tag: 'device', credential: 'bot-1', leafKey: ana.signer.publicKey } } }),
  ],
  ['a yes under another policy', 'not_admitted', () => ({ changes: { policyDigest: new Uint8Array(32) } })],
  ['a yes for another purpose', 'not_admitted', () => ({ changes: { purpose: 'support' } })],
  ['a no', 'commit_not_allowed', () => ({ changes: { answer: 'refused' } })],
]

describe('a guest', () => {
  test.each(LIES)('does not come in by %s, at either device', async (_, code, lie) => {
    const plan = await lettingIn(steam, 'assistant', lie())
    expect(await outcome(ana, { by: room.customer, plan })).toBe(code)
    expect(await outcome(room.customer, { by: ana, plan })).not.toBeNull()
  })

  test('does not come in without a yes, and not by a true one that an agent carries', async () => {
    const { adds = [], ...plan } = await lettingIn(steam, 'assistant')
    expect(await outcome(ana, { by: room.customer, plan: { adds } })).toBe('not_admitted')
    expect(await outcome(room.customer, { by: ana, plan: { adds } })).toBe('commit_not_allowed')
    expect(await outcome(room.customer, { by: ana, plan: { adds, ...plan } })).toBe('commit_not_allowed')
    expect(await outcome(ana, { by: room.customer, plan: { adds, ...plan } })).toBeNull()
  })

  test('that was sent away does not come in again by the old yes', async () => {
    const plan = await lettingIn(steam, 'assistant')
    await room.happen(room.customer, { newcomer: steam, terms: plan.terms ?? {}, note: plan.note ?? {} })
    await room.happen(room.customer, { removes: [steam], terms: { standing: [room.start.digest] } })
    const { adds = [] } = await lettingIn(steam, 'assistant')
    expect(await outcome(room.customer, { by: ana, plan: { ...plan, adds } })).toBe('commit_not_allowed')
    expect(await outcome(room.customer, { by: ana, plan: { adds, note: plan.note ?? {} } })).toBe('not_admitted')
  })

  test('is not put out while its yes stays standing', async () => {
    const bot = await letIn('assistant')
    expect(await outcome(ana, { by: room.customer, plan: { removes: [bot] } })).toBe('commit_not_allowed')
    expect(await outcome(ana, { by: room.customer, plan: { removes: [bot], terms: { standing: [room.start.digest] } } })).toBeNull()
  })

  test.each(['assistant', 'reviewer', 'helper'] as const)('who came in as %s commits an empty path and nothing else', async (kind) => {
    const guest = await letIn(kind)
    const { keyPackage } = await room.keyPackage(room.person({ cred_id: 'cleo-1', person: 'cleo' }))
    const plans: readonly Plan[] = [
      { adds: [keyPackage], note: room.grounds },
      { removes: [ana], note: { trustVersion: 1 } },
      { removes: [ana] },
      { removes: [room.customer] },
      { terms: {} },
      { terms: { standing: [room.start.digest] } },
    ]
    for (const at of [room.customer, ana]) {
      for (const plan of plans) expect(await outcome(at, { by: guest, plan })).toBe('commit_not_allowed')
      expect(await outcome(at, { by: guest, plan: {} })).toBeNull()
    }
  })
})
