/** The strict reader and parser: one encoding each, the same reading as the library's, refusal as malformed and nothing else. */

import { decodeMlsMessage } from 'ts-mls/message.js'
import { describe, expect, test } from 'vitest'
import { concat, opaque } from '../../src/keys/mls/bytes.ts'
import * as mls from '../../src/keys/mls/library.ts'
import { parseApplicationHeader, parseCommit, parseKeyPackage, parseLeafNode } from '../../src/keys/mls/parse.ts'
import { Reader, readWhole } from '../../src/keys/mls/reader.ts'
import { confirmedAfter } from '../../src/keys/mls/transcript.ts'
import { Malformed } from '../../src/keys/untrusted.ts'
import { type Member, members, text, unhex } from './member.ts'
import { casesOf, hasVectors } from './vectorFiles.ts'

describe('a length', () => {
  test.each([0, 1, 63, 64, 16_383, 16_384, 70_000])('of %i bytes is read as it was written', (length) => {
    const content = new Uint8Array(length).fill(7)
    expect(readWhole(opaque(content), (reader) => reader.opaque())).toEqual(content)
  })

  test.each(['4001ff', '403f', '80000001ff', '80003fff', 'c000000000000000', '05ffff', '40', ''])(
    'written as %s is malformed',
    (written) => {
      expect(() => readWhole(unhex(written), (reader) => reader.opaque())).toThrow(Malformed)
    },
  )
})

test('a number that JavaScript cannot count is malformed', () => {
  expect(new Reader(unhex('001fffffffffffff')).uint64()).toBe(Number.MAX_SAFE_INTEGER)
  expect(() => new Reader(unhex('0020000000000000')).uint64()).toThrow(Malformed)
})

test('an optional value has two presence octets', () => {
  const read = (written: string) => readWhole(unhex(written), (reader) => reader.optional((inner) => inner.uint(1)))
  expect([read('00'), read('0107')]).toEqual([null, 7])
  expect(() => read('02')).toThrow(Malformed)
})

async function group(): Promise<{ a: Member; b: Member; commit: Uint8Array; offered: Uint8Array }> {
  const [a, b, c] = members('a', 'b', 'c') as [Member, Member, Member]
  await a.create(text('terms'))
  await a.commit({ adds: [b] }, [])
  const { commit } = await a.plan({ adds: [c], removes: [1], terms: text('new terms') })
  return { a, b, commit, offered: c.made?.keyPackage ?? new Uint8Array() }
}

describe('a commit', () => {
  test('is taken apart as it was put together', async () => {
    const { a, commit, offered } = await group()
    const parsed = parseCommit(commit)
    expect(parsed).toMatchObject({ groupId: text('group'), epoch: 1, senderLeaf: 0 })
    expect(parsed.proposals.map(({ kind }) => kind)).toEqual(['remove', 'add', 'group_context_extensions'])
    expect(parsed.proposals[0]).toEqual({ kind: 'remove', leaf: 1 })
    expect(parsed.proposals[1]).toEqual({ kind: 'add', keyPackage: parseKeyPackage(offered) })
    const extensions = (await mls.groupContext(a.now)).extensions
    const changed = extensions.map((each) => (each.type === 0xf5a0 ? { ...each, content: text('new terms') } : each))
    expect(parsed.proposals[2]).toEqual({ kind: 'group_context_extensions', extensions: changed })
  })

  test('keeps the face of its leaf byte for byte, with a new key', async () => {
    const { a, commit } = await group()
    const before = parseLeafNode(mls.roster(a.now)[0]?.leafNodeBytes ?? new Uint8Array())
    const after = parseCommit(commit).path?.leafNode
    expect([after?.credentialBytes, after?.capabilitiesBytes, after?.extensionsBytes, after?.signatureKey]).toEqual([
      before.credentialBytes,
      before.capabilitiesBytes,
      before.extensionsBytes,
      before.signatureKey,
    ])
    expect(after?.encryptionKey).not.toEqual(before.encryptionKey)
    expect(mls.encryptionKeys(a.now)).toContainEqual(before.encryptionKey)
  })

  test('gives the transcript hash that its newcomer finds in the Welcome', async () => {
    const [a, b] = members('a', 'b') as [Member, Member]
    await a.create()
    const { interimTranscriptHash } = await mls.groupContext(a.now)
    const commit = await a.commit({ adds: [b] }, [])
    expect(await confirmedAfter(interimTranscriptHash, parseCommit(commit))).toEqual(
      (await mls.groupContext(b.now)).confirmedTranscriptHash,
    )
  })

  test('cut short or longer is malformed', async () => {
    const { commit } = await group()
    expect(() => parseCommit(concat(commit, Uint8Array.of(0)))).toThrow(Malformed)
    for (let length = 0; length < commit.length; length++) expect(() => parseCommit(commit.subarray(0, length))).toThrow(Malformed)
  })

  test('with any byte changed parses or is malformed', async () => {
    const { commit } = await group()
    for (let at = 0; at < commit.length; at++) {
      const changed = commit.map((byte, index) => (index === at ? byte ^ 0xff : byte))
      try {
        expect(parseCommit(changed).bytes).toBe(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed)
      }
    }
  })
})

test('an application message shows its group and epoch, and nothing else', async () => {
  const { a } = await group()
  const message = await a.write('hello')
  expect(parseApplicationHeader(message)).toEqual({ groupId: text('group'), epoch: 1, authenticatedData: new Uint8Array() })
  expect(() => parseCommit(message)).toThrow(Malformed)
  expect(() => parseKeyPackage(message)).toThrow(Malformed)
})

describe.runIf(hasVectors)('the official messages', () => {
  test('are read as the library reads them: proposals of every kind, and key packages', async () => {
    const kinds = new Set<string>()
    for (const one of await casesOf<Record<string, string>>('messages')) {
      const bytes = unhex(one.public_message_commit ?? '')
      const read = decodeMlsMessage(bytes, 0)?.[0]
      if (read?.wireformat !== 'mls_public_message' || read.publicMessage.content.contentType !== 'commit') throw new Error('vector')
      const { commit, sender } = read.publicMessage.content
      if (sender.senderType !== 'member') continue
      const parsed = readable(() => parseCommit(bytes))
      if (parsed === null) continue
      expect([parsed.senderLeaf, parsed.proposals.length, parsed.path?.nodes.length]).toEqual([
        sender.leafIndex,
        commit.proposals.length,
        commit.path?.nodes.length,
      ])
      expect(parsed.signature).toEqual(read.publicMessage.auth.signature)
      for (const { kind } of parsed.proposals) kinds.add(kind)
    }
    expect(kinds.size).toBeGreaterThan(0)
  })
})

/** Vectors use what we refuse to count or to hold: X.509 credentials, lifetimes without end, unknown proposals. */
function readable<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(Malformed)
    return null
  }
}
