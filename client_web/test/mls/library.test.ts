/** What library.ts promises of its own: states that do not change, one lock behind the gate, nothing from the library's defaults. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { type ClientState, decodeGroupState, encodeGroupState } from 'ts-mls/clientState.js'
import { createCommit, createGroupInfoWithExternalPubAndRatchetTree, joinGroupExternal } from 'ts-mls/createCommit.js'
import { createApplicationMessage } from 'ts-mls/createMessage.js'
import { getCiphersuiteFromId } from 'ts-mls/crypto/ciphersuite.js'
import { getCiphersuiteImpl } from 'ts-mls/crypto/getCiphersuiteImpl.js'
import type { GroupInfo } from 'ts-mls/groupInfo.js'
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js'
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { describe, expect, test } from 'vitest'
import { concat, equal } from '../../src/keys/mls/bytes.ts'
import * as mls from '../../src/keys/mls/library.ts'
import { parseKeyPackage } from '../../src/keys/mls/parse.ts'
import { signerFromCryptoKey } from '../../src/keys/mls/signer.ts'
import { Forked, Malformed, Untrusted } from '../../src/keys/untrusted.ts'
import { bare } from './bare.ts'
import { type Member, members, NO_NOTE, NOW, text, WEEK_MS, YES } from './member.ts'

async function pair(): Promise<[Member, Member]> {
  const [a, b] = members('a', 'b') as [Member, Member]
  await a.create()
  await a.commit({ adds: [b] }, [])
  return [a, b]
}

async function stockCommit(member: Member, proposal: Proposal): Promise<Uint8Array> {
  const { state, cs } = await bare(member)
  const made = await createCommit(
    { state, cipherSuite: cs, pskIndex: { findPsk: () => new Uint8Array(32) } },
    { extraProposals: [proposal], wireAsPublicMessage: true, forcePath: true },
  )
  return encodeMlsMessage(made.commit)
}

describe('a commit', () => {
  test('that lost the race leaves the state usable for the one that won', async () => {
    const [a, b] = await pair()
    const lost = await b.plan({})
    const won = await a.commit({}, [])
    await b.process(won)
    expect(b.authenticator).toBe(a.authenticator)
    expect(() => mls.adopt(b.now, lost.pending)).toThrow(Forked)
  })

  test('adopted after more messages of its epoch does not open them again', async () => {
    const [a, b] = await pair()
    const message = await b.write('before the commit took its place')
    const { pending, commit } = await a.plan({})
    await a.read(message)
    a.state = mls.adopt(a.now, pending).state
    await expect(a.read(message)).rejects.toThrow(Untrusted)
    await b.process(commit)
    expect(await a.read(await b.write('next'))).toBe('next')
  })

  test('is judged by the gate on its parsed bytes before the library sees it, and the refusal is the answer', async () => {
    const [a, b] = await pair()
    const { commit } = await a.plan({ terms: text('changed') })
    const refusal = new Error('commit_not_allowed')
    const seen: number[] = []
    const judgeCommit = async (parsed: { senderLeaf: number }): Promise<void> => {
      seen.push(parsed.senderLeaf)
      throw refusal
    }
    await expect(mls.processCommit(b.now, commit, { ...YES, judgeCommit })).rejects.toBe(refusal)
    expect(seen).toEqual([0])
  })

  test('asks for the identity of everybody that it adds', async () => {
    const [a, b] = await pair()
    const [c] = members('c') as [Member]
    const { commit } = await a.plan({ adds: [c] })
    const judgeIdentity = async (identity: Uint8Array) => !equal(identity, text('c'))
    await expect(mls.processCommit(b.now, commit, { ...YES, judgeIdentity })).rejects.toThrow(Untrusted)
    await expect(mls.processCommit(b.now, commit, YES)).resolves.toHaveProperty('removed', false)
  })

  test.each<[string, Proposal]>([
    [
      'a pre-shared key',
      { proposalType: 'psk', psk: { preSharedKeyId: { psktype: 'external', pskId: text('id'), pskNonce: new Uint8Array(32) } } },
    ],
    [
      'ReInit',
      {
        proposalType: 'reinit',
        reinit: {
          groupId: text('next'),
          version: 'mls10',
          cipherSuite: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
          extensions: [],
        },
      },
    ],
  ])('with %s is refused even where the gate lets it pass', async (_name, proposal) => {
    const [a, b] = await pair()
    await expect(mls.processCommit(b.now, await stockCommit(a, proposal), YES)).rejects.toThrow(Untrusted)
  })

  test('from outside the group is refused', async () => {
    const [a, b] = await pair()
    const { state, cs } = await bare(a)
    const info = await createGroupInfoWithExternalPubAndRatchetTree(state, [], cs)
    const commit = await externalCommit(info, state.clientConfig)
    await expect(mls.processCommit(b.now, commit, YES)).rejects.toThrow(Malformed)
  })
})

async function externalCommit(info: GroupInfo, config: ClientState['clientConfig']): Promise<Uint8Array> {
  const cs = await getCiphersuiteImpl(getCiphersuiteFromId(3))
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const keys = { signKey: seed, publicKey: ed25519.getPublicKey(seed) }
  const can = {
    versions: ['mls10' as const],
    ciphersuites: [cs.name],
    extensions: [0xf5a0],
    proposals: [],
    credentials: ['basic' as const],
  }
  const credential = { credentialType: 'basic' as const, identity: text('stranger') }
  const made = await generateKeyPackageWithKey(credential, can, { notBefore: 0n, notAfter: 2n ** 40n }, [], keys, cs)
  const joined = await joinGroupExternal(info, made.publicPackage, made.privatePackage, false, cs, undefined, config)
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage: joined.publicMessage })
}

describe('a state', () => {
  test('does not change: messages can be made from it twice, and it is the caller who must not', async () => {
    const [a] = await pair()
    const before = mls.encodeState(a.now)
    await a.plan({})
    await mls.encrypt(a.now, { plaintext: text('x'), signer: a.signer })
    expect(mls.encodeState(a.now)).toEqual(before)
  })

  test('saved and loaded is the same bytes again', async () => {
    const [, b] = await pair()
    const saved = mls.encodeState(b.now)
    expect(mls.encodeState(mls.decodeState(saved))).toEqual(saved)
  })

  test('does not hold the signing key, and does not print its secrets', async () => {
    const [a] = await pair()
    expect(String(a.now)).toBe('‹secret›')
    expect(JSON.stringify(a.now)).toBe('{}')
    const read = decodeGroupState(mls.encodeState(a.now).slice(1), 0)
    expect(read?.[0].signaturePrivateKey).toHaveLength(0)
  })

  test.each([
    ['of another format', (saved: Uint8Array) => Uint8Array.of(9, ...saved.slice(1))],
    ['cut short', (saved: Uint8Array) => saved.slice(0, -1)],
    ['with something behind', (saved: Uint8Array) => concat(saved, Uint8Array.of(0))],
    ['that is empty', () => new Uint8Array()],
  ])('%s is malformed', async (_name, change) => {
    const [a] = await pair()
    expect(() => mls.decodeState(change(mls.encodeState(a.now)))).toThrow(Malformed)
  })

  test('lives on after what it used up was wiped', async () => {
    const [a, b] = await pair()
    const sent = await mls.encrypt(a.now, { plaintext: text('one'), signer: a.signer })
    mls.wipe(sent.spent)
    const read = await mls.decrypt(b.now, sent.message)
    mls.wipe(read.spent)
    const { pending, commit } = await b.plan({})
    const followed = await mls.processCommit(sent.state, commit, YES)
    const adopted = mls.adopt(read.state, pending)
    if (followed.removed) throw new Error('removed')
    mls.wipe(followed.spent)
    mls.wipe(adopted.spent)
    const again = await mls.encrypt(followed.state, { plaintext: text('two'), signer: a.signer })
    expect((await mls.decrypt(adopted.state, again.message)).plaintext).toEqual(text('two'))
  })
})

describe('a message', () => {
  test('tells its sender and its epoch', async () => {
    const [a, b] = await pair()
    const message = await b.write('hello')
    expect(await mls.decrypt(a.now, message)).toMatchObject({ senderLeaf: 1, epoch: 1, plaintext: text('hello') })
  })

  test('with authenticated data is refused', async () => {
    const [a, b] = await pair()
    const { state, cs } = await bare(a)
    const { privateMessage } = await createApplicationMessage(state, text('x'), cs, text('seen by the relay'))
    const message = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage })
    await expect(mls.decrypt(b.now, message)).rejects.toThrow('authenticated data')
  })

  test('looks as long as others: lengths differ by steps of 256 bytes', async () => {
    const [a] = await pair()
    const lengths = await Promise.all(
      ['', 'x'.repeat(188), 'x'.repeat(189), 'x'.repeat(400)].map(async (said) => (await a.write(said)).length),
    )
    const [empty = 0, full = 0, over = 0, longer = 0] = lengths
    expect([full - empty, over - full, longer - over]).toEqual([0, 256, 0])
  })

  test('opens 300 messages later, because a phone sleeps', async () => {
    const [a, b] = await pair()
    let last: Uint8Array = new Uint8Array()
    for (let number = 0; number < 300; number++) last = await a.write(String(number))
    expect(await b.read(last)).toBe('299')
  })

  test('of another group is refused', async () => {
    const [[, b], [other]] = [await pair(), await pair()]
    await expect(mls.decrypt(b.now, await other.write('x'))).rejects.toThrow(Untrusted)
  })
})

describe('joining', () => {
  test('is refused when somebody inside is forged', async () => {
    const [a] = await pair()
    const [c] = members('c') as [Member]
    const { welcome } = await a.plan({ adds: [c] })
    if (welcome === null || c.made === null) throw new Error('no Welcome')
    const judgeIdentity = async (identity: Uint8Array) => !equal(identity, text('b'))
    await expect(mls.join({ welcome, ...c.made, trusted: { judgeIdentity } })).rejects.toThrow(Untrusted)
  })

  test('is refused with the key package of somebody else', async () => {
    const [a] = await pair()
    const [c, d] = members('c', 'd') as [Member, Member]
    const { welcome } = await a.plan({ adds: [c] })
    await d.offer()
    await expect(d.join(welcome)).rejects.toThrow(Untrusted)
  })
})

describe('a key package', () => {
  test('is backdated by a day, names one suite, and says when it may be used again', async () => {
    const [a] = members('a') as [Member]
    const made = await mls.createKeyPackage({ identity: text('a'), signer: a.signer, now: NOW, notAfter: NOW + WEEK_MS, lastResort: true })
    const parsed = parseKeyPackage(made.keyPackage)
    const seconds = Math.floor(NOW / 1000)
    expect(parsed).toMatchObject({ cipherSuite: 3, lastResort: true })
    expect(parsed.leafNode.source).toEqual({
      kind: 'key_package',
      notBefore: seconds - 86_400,
      notAfter: Math.floor((NOW + WEEK_MS) / 1000),
    })
    expect(parsed.leafNode.capabilities).toEqual({
      versions: [1],
      cipherSuites: [3],
      extensions: [0xf5a0, 0x000a],
      proposals: [],
      credentials: [1],
    })
    expect(made.privatePart).toHaveLength(64)
  })

  test('with one bit changed anywhere is not added', async () => {
    const [a] = await pair()
    const [c] = members('c') as [Member]
    const offered = await c.offer()
    for (let bit = 0; bit < offered.length * 8; bit += 29) {
      const changed = offered.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      const plan = { adds: [changed], authenticatedData: NO_NOTE, signer: a.signer, trusted: YES }
      await expect(mls.commit(a.now, plan), `bit ${bit}`).rejects.toThrow(Untrusted)
    }
  })
})

describe('the relay', () => {
  test('gets a GroupInfo with the tree and without external_pub', async () => {
    const [a] = members('a') as [Member]
    await a.create()
    const read = decodeMlsMessage(await mls.groupInfo(a.now, a.signer), 0)?.[0]
    if (read?.wireformat !== 'mls_group_info') throw new Error('no GroupInfo')
    expect(read.groupInfo.extensions.map(({ extensionType }) => extensionType)).toEqual(['ratchet_tree'])
  })
})

describe('a signing key', () => {
  test('may be non-extractable', async () => {
    const pairOfKeys = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pairOfKeys.publicKey))
    const signer = signerFromCryptoKey(pairOfKeys.privateKey, publicKey)
    const state = await mls.createGroup({ groupId: text('g'), identity: text('a'), signer, terms: text('t'), now: NOW })
    const [b] = members('b') as [Member]
    const plan = { adds: [await b.offer()], authenticatedData: NO_NOTE, signer, trusted: YES }
    await b.join((await mls.commit(state, plan)).welcome)
    expect(mls.roster(b.now)[0]?.signatureKey).toEqual(publicKey)
  })
})

test('damaged commits, Welcomes and messages are refused as untrusted and as nothing else', async () => {
  const [a, b] = await pair()
  const [c] = members('c') as [Member]
  const { commit, welcome } = await a.plan({ adds: [c] })
  const message = await a.write('x')
  if (welcome === null || c.made === null) throw new Error('no Welcome')
  const made = c.made
  const damage = (bytes: Uint8Array, step: number): Uint8Array =>
    step % 3 === 0
      ? bytes.slice(0, (step * 31) % bytes.length)
      : bytes.map((byte, at) => (at === (step * 37) % bytes.length ? byte ^ (step % 255) : byte))
  for (let step = 1; step < 120; step++) {
    await expect(mls.processCommit(b.now, damage(commit, step), YES), `commit ${step}`).rejects.toThrow(Untrusted)
    await expect(mls.decrypt(b.now, damage(message, step)), `message ${step}`).rejects.toThrow(Untrusted)
    await expect(mls.join({ welcome: damage(welcome, step), ...made, trusted: YES }), `welcome ${step}`).rejects.toThrow(Untrusted)
  }
})

test('the library codec of a whole state is its own inverse', async () => {
  const [, b] = await pair()
  const bytes = mls.encodeState(b.now).slice(1)
  const read = decodeGroupState(bytes, 0)
  expect(read && encodeGroupState(read[0])).toEqual(bytes)
})
