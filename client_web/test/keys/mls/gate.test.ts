import { beforeEach, describe, expect, test } from 'vitest'
import type { ParsedCommit, ParsedLeafNode, ParsedPath } from '../../../src/keys/mls/parsedTypes.ts'
import { NeedsNewerTrust } from '../../../src/keys/untrusted.ts'
import { toHex } from '../../../src/wire/octets.ts'
import { MINUTE, NOW, type Person, type Plan, Room, refusal } from './room.ts'

let room: Room

beforeEach(async () => {
  room = await Room.open()
})

const answer = async (commit: ParsedCommit): Promise<string> => refusal(room.judge(commit))
const answerTo = async (by: Person, plan: Plan = {}): Promise<string> => answer(await room.commit(by, plan))
const adding = async (person: Person, note = room.grounds): Promise<Plan> => ({ adds: [(await room.keyPackage(person)).keyPackage], note })
const pathIn = ({ path }: ParsedCommit): ParsedPath => {
  if (path === null) throw new Error('no path')
  return path
}
const withLeaf = (commit: ParsedCommit, leaf: Partial<ParsedLeafNode>): ParsedCommit => {
  const path = pathIn(commit)
  return { ...commit, path: { ...path, leafNode: { ...path.leafNode, ...leaf } } }
}

describe('G1, its place', () => {
  test('a commit of another group is no frame of this one', async () => {
    const commit = await room.commit(room.customer)
    expect(await answer({ ...commit, groupId: new Uint8Array(20) })).toBe('bad_frame')
  })

  test('a commit of another epoch lost', async () => {
    const commit = await room.commit(room.customer)
    await room.happen(room.customer)
    expect(await answer(commit)).toBe('stale_epoch')
  })

  test('a commit of nobody is no frame', async () => {
    expect(await answer({ ...(await room.commit(room.customer)), senderLeaf: 5 })).toBe('bad_frame')
  })
})

describe('G2, its note', () => {
  test('what is no note is no frame', async () => {
    expect(await answer({ ...(await room.commit(room.customer)), authenticatedData: Uint8Array.of(0xc1) })).toBe('bad_frame')
  })

  test('a note in a longer encoding is no frame', async () => {
    const commit = await room.commit(room.customer, { note: { committedAt: 1 } })
    const longer = Uint8Array.of(0x94, 0xcc, 0x01, 0xc0, 0xc0, 0xc0)
    expect(await answer({ ...commit, authenticatedData: longer })).toBe('bad_frame')
  })

  test('time does not run backwards', async () => {
    await room.happen(room.customer)
    expect(await answerTo(room.customer, { note: { committedAt: NOW - 1 } })).toBe('clock_skew')
  })

  test('a decision that somebody else signed is none', async () => {
    const forged = await room.decide({}, room.person())
    const decision = { claims: room.start.signed.claims, signature: forged.signed.signature }
    expect(await answerTo(room.customer, await adding(room.person(), { decision }))).toBe('untrusted: bad_signature')
  })

  test('a decision of another conversation does not count here', async () => {
    const { signed } = await room.decide({ conversation: new Uint8Array(16).fill(9) })
    expect(await answerTo(room.customer, await adding(room.person(), { decision: signed }))).toBe('not_admitted')
  })
})

describe('G3, what it is made of', () => {
  test('a commit without a path is outside the list', async () => {
    expect(await answer({ ...(await room.commit(room.customer)), path: null })).toBe('commit_not_allowed')
  })

  test.each([
    ['an Update', { kind: 'forbidden', type: 2 } as const],
    ['a PreSharedKey', { kind: 'forbidden', type: 4 } as const],
    ['a ReInit', { kind: 'forbidden', type: 5 } as const],
    ['an ExternalInit', { kind: 'forbidden', type: 6 } as const],
    ['a proposal by reference', { kind: 'reference', reference: new Uint8Array(32) } as const],
  ])('%s is outside the list', async (_, proposal) => {
    expect(await answer({ ...(await room.commit(room.customer)), proposals: [proposal] })).toBe('commit_not_allowed')
  })

  test('the terms are replaced once at most', async () => {
    const commit = await room.commit(room.customer, { terms: {} })
    expect(await answer({ ...commit, proposals: [...commit.proposals, ...commit.proposals] })).toBe('commit_not_allowed')
  })

  test('nobody is removed twice, and nobody who is not there', async () => {
    const ana = await room.agent()
    const commit = await room.commit(room.customer, { removes: [ana] })
    expect(await answer({ ...commit, proposals: [...commit.proposals, ...commit.proposals] })).toBe('commit_not_allowed')
    expect(await answer({ ...commit, proposals: [{ kind: 'remove', leaf: 7 }] })).toBe('commit_not_allowed')
  })

  test('nobody removes themselves', async () => {
    expect(await answer({ ...(await room.commit(room.customer)), proposals: [{ kind: 'remove', leaf: 0 }] })).toBe('commit_not_allowed')
  })
})

describe('G4, the customer', () => {
  test('adds, removes, changes the standing list and sends an empty path', async () => {
    expect(await answerTo(room.customer)).toBe('accepted')
    expect(await answerTo(room.customer, await adding(room.person()))).toBe('accepted')
    const ana = await room.agent()
    expect(await answerTo(room.customer, { removes: [ana] })).toBe('accepted')
    const more = await room.decide()
    const plan = { terms: { standing: [room.start.digest, more.digest] }, note: { decision: more.signed } }
    expect(await answerTo(room.customer, plan)).toBe('accepted')
  })

  test('adds one at a time', async () => {
    const [one, two] = [await adding(room.person()), await adding(room.person({ cred_id: 'ben-1', person: 'ben' }))]
    expect(await answerTo(room.customer, { ...one, adds: [...(one.adds ?? []), ...(two.adds ?? [])] })).toBe('commit_not_allowed')
  })
})

describe('G4, an agent admitted with the desk', () => {
  test('sends one empty path after joining and the next ten minutes later', async () => {
    const ana = await room.agent()
    await room.happen(ana)
    expect(await answerTo(ana, { note: { committedAt: NOW + 10 * MINUTE - 1 } })).toBe('commit_not_allowed')
    expect(await answerTo(ana, { note: { committedAt: NOW + 10 * MINUTE } })).toBe('accepted')
  })

  test('adds a colleague with the team decision in the note', async () => {
    const ana = await room.agent()
    const ben = await adding(room.person({ cred_id: 'ben-1', person: 'ben' }))
    expect(await answerTo(ana, ben)).toBe('accepted')
    expect(await answerTo(ana, { ...ben, note: { reliesOn: room.start.digest } })).toBe('commit_not_allowed')
  })

  test('does nothing else in the commit that adds', async () => {
    const [ana, ben] = [await room.agent(), await room.agent({ cred_id: 'ben-1', person: 'ben' })]
    const cleo = await adding(room.person({ cred_id: 'cleo-1', person: 'cleo' }))
    expect(await answerTo(ana, { ...cleo, removes: [ben] })).toBe('commit_not_allowed')
  })

  test('does not touch the terms', async () => {
    expect(await answerTo(await room.agent(), { terms: {} })).toBe('commit_not_allowed')
  })

  test('removes a revoked colleague, citing the trust document', async () => {
    const [ana, ben] = [await room.agent(), await room.agent({ cred_id: 'ben-1', person: 'ben' })]
    expect(await answerTo(ana, { removes: [ben], note: { trustVersion: 1 } })).toBe('commit_not_allowed')
    await room.publish({ revoked: [{ cred_id: 'ben-1', at: NOW, reason: 'left' }] })
    expect(await answerTo(ana, { removes: [ben] })).toBe('commit_not_allowed')
    expect(await answerTo(ana, { removes: [ben], note: { trustVersion: 2 } })).toBe('accepted')
  })

  test('citing a trust document that we do not have makes us fetch it', async () => {
    const [ana, ben] = [await room.agent(), await room.agent({ cred_id: 'ben-1', person: 'ben' })]
    const commit = await room.commit(ana, { removes: [ben], note: { trustVersion: 2 } })
    await expect(room.judge(commit)).rejects.toBeInstanceOf(NeedsNewerTrust)
  })

  test('commits nothing once it is revoked', async () => {
    const ana = await room.agent()
    await room.publish({ revoked: [{ cred_id: 'ana-1', at: NOW, reason: 'lost' }] })
    expect(await answerTo(ana)).toBe('untrusted: unknown_credential')
  })

  test('is like anybody else once the admission was withdrawn', async () => {
    const ana = await room.agent()
    const next = await room.decide()
    await room.happen(room.customer, { terms: { standing: [next.digest] }, note: { decision: next.signed } })
    expect(await answerTo(ana, await adding(room.person({ cred_id: 'ben-1', person: 'ben' })))).toBe('commit_not_allowed')
    expect(await answerTo(ana)).toBe('accepted')
  })
})

describe('G4, a handoff', () => {
  const handedOver = async (): Promise<{ readonly ana: Person; readonly ben: Person }> => {
    const ana = await room.agent()
    const ben = room.person({ cred_id: 'ben-1', person: 'ben' })
    await room.happen(ana, { newcomer: ben, note: room.grounds })
    return { ana, ben }
  }

  test('ends when the newcomer removes who added it', async () => {
    const { ana, ben } = await handedOver()
    expect(await answerTo(ben, { removes: [ana] })).toBe('accepted')
    await room.happen(ben, { removes: [ana] })
    expect(room.memory.handoff).toBeNull()
  })

  test('stops every other commit of an agent, and none of the customer', async () => {
    const { ana, ben } = await handedOver()
    expect(await answerTo(ana)).toBe('commit_not_allowed')
    expect(await answerTo(ben)).toBe('commit_not_allowed')
    expect(await answerTo(room.customer)).toBe('accepted')
  })

  test('may be taken back after ten minutes', async () => {
    const { ana, ben } = await handedOver()
    expect(await answerTo(ana, { removes: [ben], note: { committedAt: NOW + 10 * MINUTE - 1 } })).toBe('commit_not_allowed')
    expect(await answerTo(ana, { removes: [ben], note: { committedAt: NOW + 10 * MINUTE } })).toBe('accepted')
  })
})

describe('G4, a guest let in as one device', () => {
  const guest = async (credential: Readonly<Record<string, unknown>>): Promise<Person> => {
    const person = room.person(credential)
    const admits = { tag: 'device', credential: String(credential['cred_id']), leafKey: person.signer.publicKey } as const
    const decision = await room.decide({ admits, purpose: credential['kind'] === 'bot' ? 'ai_assistant' : 'support' })
    const note = { decision: decision.signed, reliesOn: decision.digest }
    await room.happen(room.customer, { newcomer: person, terms: { standing: [room.start.digest, decision.digest] }, note })
    return person
  }

  test.each([
    ['a bot', { cred_id: 'bot-1', person: 'bot', kind: 'bot', roles: ['assistant'] }],
    ['a supervisor', { cred_id: 'sue-1', person: 'sue', roles: ['supervisor'] }],
    ['an agent', { cred_id: 'guest-1', person: 'guest' }],
  ])('%s sends an empty path only', async (_, credential) => {
    const person = await guest(credential)
    expect(await answerTo(person)).toBe('accepted')
    expect(await answerTo(person, await adding(room.person()))).toBe('commit_not_allowed')
    expect(await answerTo(person, { removes: [await room.agent()], note: { trustVersion: 1 } })).toBe('commit_not_allowed')
    expect(await answerTo(person, { terms: {} })).toBe('commit_not_allowed')
    expect(await answerTo(person, { terms: { standing: [room.start.digest] } })).toBe('commit_not_allowed')
    expect(await answerTo(person, { removes: [room.customer] })).toBe('commit_not_allowed')
  })
})

describe('G7 and G8, one device under its own decision', () => {
  const bot = { cred_id: 'bot-1', person: 'bot', kind: 'bot', roles: ['assistant'] }
  const guest = async (purpose: string) => {
    const person = room.person(bot)
    const admits = { tag: 'device', credential: 'bot-1', leafKey: person.signer.publicKey } as const
    const decision = await room.decide({ admits, purpose })
    const plan = { newcomer: person, terms: { standing: [room.start.digest, decision.digest] }, note: { decision: decision.signed } }
    return { person, plan }
  }

  test.each(['support', 'quality_review'])('an assistant does not come in under the purpose %s', async (purpose) => {
    const { person, plan } = await guest(purpose)
    expect(await answerTo(room.customer, { ...plan, ...(await adding(person, plan.note)) })).toBe('not_admitted')
  })

  test('its decision does not leave without it, and leaves with it', async () => {
    const { person, plan } = await guest('ai_assistant')
    await room.happen(room.customer, plan)
    const without = { standing: [room.start.digest] }
    expect(await answerTo(room.customer, { terms: without })).toBe('commit_not_allowed')
    expect(await answerTo(room.customer, { terms: without, removes: [person] })).toBe('accepted')
  })

  test('it is not put out while its decision stands, but for being let in again', async () => {
    const { person, plan } = await guest('ai_assistant')
    await room.happen(room.customer, plan)
    expect(await answerTo(room.customer, { removes: [person] })).toBe('commit_not_allowed')
    expect(await answerTo(room.customer, { removes: [person], terms: plan.terms })).toBe('commit_not_allowed')
    const again = await adding(person, { reliesOn: plan.terms.standing[1] ?? null })
    expect(await answerTo(room.customer, { ...again, removes: [person] })).toBe('accepted')
  })

  test('what is left standing of one that an agent removed lets nobody in but by the customer', async () => {
    const { person, plan } = await guest('ai_assistant')
    await room.happen(room.customer, plan)
    const ana = await room.agent()
    await room.publish({ revoked: [{ cred_id: 'bot-1', at: NOW, reason: 'lost' }] })
    await room.happen(ana, { removes: [person], note: { trustVersion: 2 } })
    await room.publish({ revoked: [] })
    expect(await answerTo(ana, await adding(person, plan.note))).toBe('not_admitted')
    expect(await answerTo(room.customer, { terms: { standing: [room.start.digest] } })).toBe('accepted')
  })
})

describe('G5, a leaf never changes its face', () => {
  test.each(['signatureKey', 'credentialBytes', 'capabilitiesBytes', 'extensionsBytes'] as const)('not its %s', async (part) => {
    expect(await answer(withLeaf(await room.commit(room.customer), { [part]: Uint8Array.of(1) }))).toBe('commit_not_allowed')
  })

  test('its source is the commit', async () => {
    expect(await answer(withLeaf(await room.commit(room.customer), { source: { kind: 'update' } }))).toBe('commit_not_allowed')
  })

  test('its encryption key is new, and so is every key that comes along', async () => {
    const { group } = await room.context()
    const old = group.encryptionKeys[0] ?? new Uint8Array()
    expect(await answer(withLeaf(await room.commit(room.customer), { encryptionKey: old }))).toBe('commit_not_allowed')
    const commit = await room.commit(room.customer, await adding(room.person()))
    const copied = commit.proposals.map((proposal) =>
      proposal.kind === 'add' ? { ...proposal, keyPackage: { ...proposal.keyPackage, initKey: old } } : proposal,
    )
    expect(await answer({ ...commit, proposals: copied })).toBe('commit_not_allowed')
    const twice = { ...pathIn(commit), nodes: [{ key: pathIn(commit).leafNode.encryptionKey, ciphertexts: 1 }] }
    expect(await answer({ ...commit, path: twice })).toBe('commit_not_allowed')
  })

  test('a device that is in is not added again', async () => {
    const ana = await room.agent()
    const again = room.person({}, ana.signer)
    const commit = await room.commit(room.customer, await adding(room.person()))
    const { keyPackage } = await room.keyPackage(again)
    const { parseKeyPackage } = await import('../../../src/keys/mls/parse.ts')
    expect(await answer({ ...commit, proposals: [{ kind: 'add', keyPackage: parseKeyPackage(keyPackage) }] })).toBe('commit_not_allowed')
  })
})

describe('G6, the roster', () => {
  test('the customer is never removed', async () => {
    const ana = await room.agent()
    expect(await answerTo(ana, { removes: [room.customer], note: { trustVersion: 1 } })).toBe('commit_not_allowed')
  })

  test('there is no second customer', async () => {
    const twin = { ...room.person(), identity: room.customer.identity }
    expect(await answerTo(room.customer, await adding(twin))).toBe('commit_not_allowed')
  })

  test('the ninth leaf is one too many', async () => {
    for (let index = 2; index <= 8; index++) await room.agent({ cred_id: `a-${index}`, person: `a-${index}` })
    expect(await answerTo(room.customer, await adding(room.person({ cred_id: 'a-9', person: 'a-9' })))).toBe('roster_full')
  })
})

describe('G7, the terms', () => {
  test.each([
    ['desk', { desk: 'returns' }],
    ['site', { site: 'other' }],
    ['root', { root: new Uint8Array(32) }],
    ['customer key', { customerKey: new Uint8Array(32) }],
    ['policy', { policyDigest: new Uint8Array(32) }],
  ])('the %s never changes', async (_, terms) => {
    expect(await answerTo(room.customer, { terms })).toBe('commit_not_allowed')
  })

  test('the other extensions are repeated', async () => {
    const commit = await room.commit(room.customer, { terms: {} })
    const cut = commit.proposals.map((proposal) =>
      proposal.kind === 'group_context_extensions' ? { ...proposal, extensions: proposal.extensions.slice(1) } : proposal,
    )
    expect(await answer({ ...commit, proposals: cut })).toBe('commit_not_allowed')
  })

  test('a digest comes with its decision, given, and stands last', async () => {
    const more = await room.decide()
    const refused = await room.decide({ answer: 'refused' })
    const standing = [room.start.digest, more.digest]
    expect(await answerTo(room.customer, { terms: { standing } })).toBe('commit_not_allowed')
    expect(await answerTo(room.customer, { terms: { standing: [...standing].reverse() }, note: { decision: more.signed } })).toBe(
      'commit_not_allowed',
    )
    expect(await answerTo(room.customer, { terms: { standing: [...standing, more.digest] }, note: { decision: more.signed } })).toBe(
      'commit_not_allowed',
    )
    const bad = { terms: { standing: [room.start.digest, refused.digest] }, note: { decision: refused.signed } }
    expect(await answerTo(room.customer, bad)).toBe('commit_not_allowed')
  })

  test('what is withdrawn is forgotten', async () => {
    const next = await room.decide()
    await room.happen(room.customer, { terms: { standing: [next.digest] }, note: { decision: next.signed } })
    expect(room.memory.decisions.map(({ digest }) => toHex(digest))).toEqual([toHex(next.digest)])
  })
})

describe('G8, an Add', () => {
  test('stands on one decision', async () => {
    const other = await room.decide()
    expect(await answerTo(room.customer, await adding(room.person(), {}))).toBe('not_admitted')
    const two = { reliesOn: room.start.digest, decision: other.signed }
    expect(await answerTo(room.customer, await adding(room.person(), two))).toBe('not_admitted')
    expect(await answerTo(room.customer, await adding(room.person(), { reliesOn: other.digest }))).toBe('not_admitted')
  })

  test('does not travel with the withdrawal of its decision', async () => {
    const next = await room.decide()
    const plan = await adding(room.person(), { reliesOn: room.start.digest })
    expect(
      await answerTo(room.customer, { ...plan, terms: { standing: [next.digest] }, note: { ...plan.note, decision: next.signed } }),
    ).toBe('not_admitted')
  })

  test.each([
    ['another desk', { desks: ['returns'] }],
    ['another role', { roles: ['supervisor'] }],
    ['a bot', { kind: 'bot' }],
  ])('is not for %s', async (_, credential) => {
    expect(await answerTo(room.customer, await adding(room.person(credential)))).toBe('not_admitted')
  })

  test('ends with its decision', async () => {
    const late = room.start.claims.expiresAt
    const person = room.person()
    const { keyPackage } = await room.keyPackage(person, { notAfter: late + MINUTE })
    expect(await answerTo(room.customer, { adds: [keyPackage], note: { ...room.grounds, committedAt: late - 1 } })).toBe('accepted')
    expect(await answerTo(room.customer, { adds: [keyPackage], note: { ...room.grounds, committedAt: late } })).toBe('not_admitted')
  })

  test('brings a credential in force for its leaf key', async () => {
    const old = room.person({ nbf: NOW - 2 * MINUTE, exp: NOW - MINUTE })
    expect(await answerTo(room.customer, await adding(old))).toBe('untrusted: lapsed')
    const borrowed = { ...room.person(), identity: room.person().identity }
    expect(await answerTo(room.customer, await adding(borrowed))).toBe('untrusted: unknown_credential')
    await room.publish({ revoked: [{ cred_id: 'ana-1', at: NOW, reason: 'lost' }] })
    expect(await answerTo(room.customer, await adding(room.person()))).toBe('untrusted: unknown_credential')
  })

  test('brings a credential that the issuing key signed', async () => {
    const stranger = await Room.open()
    const forged = { ...room.person(), identity: stranger.person().identity }
    expect(await answerTo(room.customer, await adding(forged))).toBe('untrusted: bad_signature')
    const nobody = { ...room.person(), identity: new TextEncoder().encode('ana') }
    expect(await answerTo(room.customer, await adding(nobody))).toBe('untrusted: malformed')
  })

  test('brings a key package in its time', async () => {
    const person = room.person()
    const plan = await adding(person)
    const { notAfter } = { notAfter: NOW + 24 * 3600 * 1000 }
    expect(await answerTo(room.customer, { ...plan, note: { ...room.grounds, committedAt: notAfter + 1000 } })).toBe('untrusted: lapsed')
  })
})

describe('G4 and G8, a message left while nobody was there', () => {
  const ROLES = ['agent', 'on_call']
  const onCall = async (name: string, roles: readonly string[] = ROLES): Promise<Person> => {
    const person = room.person({ cred_id: `${name}-1`, person: name, name, roles })
    await room.happen(room.customer, { newcomer: person, note: { ...room.grounds, onCall: 1 } })
    return person
  }

  test('the first that reads removes the others on call, and nobody after it does', async () => {
    const [ana, ben, cleo] = [await onCall('ana'), await onCall('ben'), await onCall('cleo')]
    expect(await answerTo(ben, { removes: [ana, cleo] })).toBe('accepted')
    await room.happen(ben)
    expect(room.memory.arrivals.map(({ isOnCall }) => isOnCall)).toEqual([1, 0, 1])
    expect(await answerTo(ana, { removes: [ben] })).toBe('commit_not_allowed')
    expect(await answerTo(ben, { removes: [ana], note: { committedAt: NOW + 30 * MINUTE } })).toBe('commit_not_allowed')
  })

  test('who came in by day neither removes nor is removed', async () => {
    const ana = await onCall('ana')
    const dan = await room.agent({ cred_id: 'dan-1', person: 'dan', roles: ROLES })
    expect(await answerTo(ana, { removes: [dan] })).toBe('commit_not_allowed')
    expect(await answerTo(dan, { removes: [ana] })).toBe('commit_not_allowed')
  })

  test('only the customer calls, and only whom the officers put on call', async () => {
    const person = room.person({ cred_id: 'eve-1', person: 'eve' })
    expect(await answerTo(room.customer, { ...(await adding(person)), note: { ...room.grounds, onCall: 1 } })).toBe('not_admitted')
    expect(await answerTo(room.customer, { note: { onCall: 1 } })).toBe('commit_not_allowed')
    const dan = await room.agent()
    const other = room.person({ cred_id: 'ben-1', person: 'ben', roles: ROLES })
    expect(await answerTo(dan, { ...(await adding(other)), note: { decision: room.start.signed, onCall: 1 } })).toBe('commit_not_allowed')
  })

  test('nobody on call hands over before answering', async () => {
    const ana = await onCall('ana')
    const ben = await adding(room.person({ cred_id: 'ben-1', person: 'ben' }))
    expect(await answerTo(ana, ben)).toBe('commit_not_allowed')
    await room.happen(ana)
    expect(await answerTo(ana, ben)).toBe('accepted')
  })

  test('a later one follows the removal of those it did not see come, if they are on call', async () => {
    const dan = await room.agent({ cred_id: 'dan-1', person: 'dan' })
    const [ana, ben] = [await onCall('ana'), await onCall('ben')]
    const late = { ...room.memory, isWhole: 0 as const, arrivals: room.memory.arrivals.slice(-1) }
    expect(await refusal(room.judge(await room.commit(ben, { removes: [ana] }), { memory: late }))).toBe('accepted')
    expect(await refusal(room.judge(await room.commit(ben, { removes: [dan] }), { memory: late }))).toBe('commit_not_allowed')
  })
})
