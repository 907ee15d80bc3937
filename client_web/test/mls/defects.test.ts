/** One regression test for each defect of ts-mls 1.6.4 that client_web/patches fixes; the numbers are those of patches/README.md. */

import { decodeGroupState, type GroupState } from 'ts-mls/clientState.js'
import { createCommit } from 'ts-mls/createCommit.js'
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import { deriveSecret } from 'ts-mls/crypto/kdf.js'
import { createContentCommitSignature } from 'ts-mls/framedContent.js'
import { initializeEpoch } from 'ts-mls/keySchedule.js'
import { encodeMlsMessage } from 'ts-mls/message.js'
import { protectPublicMessage } from 'ts-mls/messageProtectionPublic.js'
import { verifyParentHashes } from 'ts-mls/parentHash.js'
import { getCommitSecret } from 'ts-mls/pathSecrets.js'
import { processMessage } from 'ts-mls/processMessages.js'
import { toNodeIndex } from 'ts-mls/treemath.js'
import { describe, expect, test } from 'vitest'
import * as mls from '../../src/keys/mls/library.ts'
import { parseCommit } from '../../src/keys/mls/parse.ts'
import { findPrimitives, suiteOf } from '../../src/keys/mls/suite.ts'
import { bare } from './bare.ts'
import { hex, type Member, members, NO_NOTE, text, YES } from './member.ts'

async function groupOf(...names: readonly string[]): Promise<Member[]> {
  const everyone = members(...names)
  const [creator, ...others] = everyone
  if (creator === undefined) throw new Error('nobody')
  await creator.create()
  const inside: Member[] = []
  for (const newcomer of others) {
    await creator.commit({ adds: [newcomer] }, inside)
    inside.push(newcomer)
  }
  return everyone
}

/** The library's view of a state, to look at what no member should be able to compute. */
function inside(state: mls.GroupState): GroupState {
  const read = decodeGroupState(mls.encodeState(state).slice(1), 0)
  if (read === undefined) throw new Error('state')
  return read[0]
}

/** A well signed and tagged commit of GroupContextExtensions that leaves its path out. */
async function pathless(member: Member): Promise<Uint8Array> {
  const { groupContext, keySchedule } = inside(member.now)
  const cs = suiteOf(await findPrimitives(), member.signer) as unknown as CiphersuiteImpl
  const { extensions } = groupContext
  const proposal = { proposalType: 'group_context_extensions', groupContextExtensions: { extensions } } as const
  const bare = { proposals: [{ proposalOrRefType: 'proposal', proposal } as const], path: undefined }
  const sender = { senderType: 'member', leafIndex: 0 } as const
  const signed = await createContentCommitSignature(groupContext, 'mls_public_message', bare, sender, NO_NOTE, NO_NOTE, cs.signature)
  const auth = { contentType: 'commit', signature: signed.signature, confirmationTag: new Uint8Array(32) } as const
  const authenticated = { wireformat: 'mls_public_message', content: signed.framedContent, auth } as const
  const publicMessage = await protectPublicMessage(keySchedule.membershipKey, groupContext, authenticated, cs)
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage })
}

function agreed(...everyone: readonly Member[]): void {
  expect(new Set(everyone.map((member) => member.authenticator)).size).toBe(1)
}

describe('D1 unmerged leaves', () => {
  test('a second newcomer joins after one of five was removed and two were added', async () => {
    const [a, b, c, d, e] = (await groupOf('a', 'b', 'c', 'd', 'e')) as [Member, Member, Member, Member, Member]
    await b.commit({}, [a, c, d, e])
    await a.commit({ removes: [3] }, [b, c, e])
    const [f, g] = members('f', 'g') as [Member, Member]
    await c.commit({ adds: [f] }, [a, b, e])
    await c.commit({ adds: [g] }, [a, b, e, f])
    agreed(a, b, c, e, f, g)
  })
})

describe('D2 commit secret when the root is not in the path', () => {
  test('members on one side of an empty root agree, and a newcomer too', async () => {
    const [a, b, c, d, e, f] = (await groupOf('a', 'b', 'c', 'd', 'e', 'f')) as [Member, Member, Member, Member, Member, Member]
    await f.commit({ removes: [0, 1, 2, 3] }, [e])
    await e.commit({}, [f])
    agreed(e, f)
    const tree = inside(e.now).ratchetTree
    const { kdf } = suiteOf(await findPrimitives(), null)
    const secret = text('path secret of node 9, which is the last of the path')
    expect([tree[9]?.nodeType, tree[7]]).toEqual(['parent', undefined])
    expect(await getCommitSecret(tree, toNodeIndex(9), secret, kdf)).toEqual(await deriveSecret(secret, 'path', kdf))
    const [g] = members('g') as [Member]
    await e.commit({ adds: [g] }, [f])
    agreed(e, f, g)
    expect([a, b, c, d].every((removed) => removed.authenticator !== e.authenticator)).toBe(true)
  })
})

describe('D3 GroupContextExtensions', () => {
  test('their path is under the new context: members agree on new terms', async () => {
    const [a, b, c] = (await groupOf('a', 'b', 'c')) as [Member, Member, Member]
    const commit = await a.commit({ terms: text('new terms') }, [b, c])
    expect(parseCommit(commit).path).not.toBeNull()
    agreed(a, b, c)
    expect((await mls.groupContext(c.now)).terms).toEqual(text('new terms'))
  })

  test('they travel with an Add and a Remove in one commit', async () => {
    const [a, b, c] = (await groupOf('a', 'b', 'c')) as [Member, Member, Member]
    const [d] = members('d') as [Member]
    await a.commit({ terms: text('new terms'), adds: [d], removes: [1] }, [c])
    agreed(a, c, d)
    expect(b.authenticator).not.toBe(a.authenticator)
  })
})

describe('D4 a member whose leaf is taken again by the commit that removes it', () => {
  test('notices that it was removed', async () => {
    const [a, b, c] = (await groupOf('a', 'b', 'c')) as [Member, Member, Member]
    const [d] = members('d') as [Member]
    const commit = await a.commit({ adds: [d], removes: [1] }, [c])
    expect(mls.roster(a.now).map(({ leaf }) => leaf)).toEqual([0, 1, 2])
    await expect(mls.processCommit(b.now, commit, YES)).resolves.toEqual({ removed: true })
    agreed(a, c, d)
  })
})

describe('D5 a sole member', () => {
  test('has a new commit secret: who was removed as the last other cannot follow by the old init secret', async () => {
    const [a, b] = (await groupOf('a', 'b')) as [Member, Member]
    const commit = await a.commit({ removes: [1] }, [])
    expect(parseCommit(commit).path?.nodes).toEqual([])
    const { kdf } = suiteOf(await findPrimitives(), null)
    const [before, after] = [inside(b.now), inside(a.now)]
    const zero = new Uint8Array(32)
    const guessed = await initializeEpoch(before.keySchedule.initSecret, zero, after.groupContext, zero, kdf)
    expect(hex(guessed.keySchedule.epochAuthenticator)).not.toBe(a.authenticator)
  })
})

describe('D7 GroupContextExtensions without a path', () => {
  test('are refused', async () => {
    const [a, b] = (await groupOf('a', 'b')) as [Member, Member]
    const refusal = mls.processCommit(b.now, await pathless(a), YES)
    await expect(refusal).rejects.toHaveProperty('cause.message', 'Update path is required')
  })
})

describe('D8 parent hashes', () => {
  test('do not prove a tree in which a leaf stands that the parent does not list as unmerged', async () => {
    const [a, b] = (await groupOf('a', 'b', 'c', 'd')) as [Member, Member]
    const strayed = inside(b.now).ratchetTree[2]
    await a.commit({ removes: [1] }, [])
    const tree = inside(a.now).ratchetTree
    const { hash } = suiteOf(await findPrimitives(), null)
    await expect(verifyParentHashes(tree, hash)).resolves.toBe(true)
    await expect(verifyParentHashes(tree.with(2, strayed), hash)).resolves.toBe(false)
  })
})

test('D9 processMessage hands the pre-shared keys on for private messages too', async () => {
  const [a, b] = (await groupOf('a', 'b')) as [Member, Member]
  const psks = { findPsk: () => new Uint8Array(32) }
  const [sender, receiver] = await Promise.all([a, b].map(bare))
  if (sender === undefined || receiver === undefined) throw new Error('nobody')
  const preSharedKeyId = { psktype: 'external', pskId: text('id'), pskNonce: new Uint8Array(32) } as const
  const extraProposals = [{ proposalType: 'psk', psk: { preSharedKeyId } } as const]
  const made = await createCommit({ state: sender.state, cipherSuite: sender.cs, pskIndex: psks }, { extraProposals })
  if (made.commit.wireformat !== 'mls_private_message') throw new Error('not private')
  const { newState } = await processMessage(made.commit, receiver.state, psks, () => 'accept', receiver.cs)
  expect(newState.keySchedule.epochAuthenticator).toEqual(made.newState.keySchedule.epochAuthenticator)
})

test('D6 a path is there even where the library would leave it out', async () => {
  const [a] = (await groupOf('a')) as [Member]
  const [b] = members('b') as [Member]
  expect(parseCommit(await a.commit({ adds: [b] }, [])).path).not.toBeNull()
})
