/** The browser's member replays a group that Python's members made, and one of its own (tests/vectors/make_mls_interop.py). */

import { describe, expect, test } from 'vitest'
import { concat } from '../../src/keys/mls/bytes.ts'
import * as mls from '../../src/keys/mls/library.ts'
import { parseCommit } from '../../src/keys/mls/parse.ts'
import { confirmedAfter } from '../../src/keys/mls/transcript.ts'
import { hex, unhex, YES } from './member.ts'

interface Expected {
  readonly epoch: number
  readonly tree_hash: string
  readonly confirmed: string
  readonly interim: string
  readonly terms: string
  readonly authenticator: string
  readonly leaves: readonly number[]
}

type Step =
  | ({ readonly commit: string } & Expected)
  | { readonly commit: string; readonly removed: true }
  | { readonly message: string; readonly sender: number; readonly plaintext: string }

interface Recorded {
  readonly private_part: string
  readonly welcome: string
  readonly commit: string
  readonly interim_before: string
  readonly after: Expected
  readonly steps: readonly Step[]
}

const recordings = import.meta.glob<Recorded>('../../../tests/vectors/mls-interop/*.json', { eager: true, import: 'default' })
const KEY_PACKAGE_FRAMING = Uint8Array.of(0, 1, 0, 5)

async function looksAs(state: mls.GroupState, expected: Expected): Promise<void> {
  const view = await mls.groupContext(state)
  expect([view.epoch, hex(view.treeHash), hex(view.interimTranscriptHash), hex(view.terms)]).toEqual([
    expected.epoch,
    expected.tree_hash,
    expected.interim,
    expected.terms,
  ])
  expect(hex(mls.epochAuthenticator(state))).toBe(expected.authenticator)
  expect(mls.roster(state).map(({ leaf }) => leaf)).toEqual(expected.leaves)
}

/** The state after one step; null when it removed us. */
async function follow(state: mls.GroupState, step: Step): Promise<mls.GroupState | null> {
  if ('message' in step) {
    const opened = await mls.decrypt(state, unhex(step.message))
    expect([opened.senderLeaf, hex(opened.plaintext)]).toEqual([step.sender, step.plaintext])
    return opened.state
  }
  const result = await mls.processCommit(state, unhex(step.commit), YES)
  expect(result.removed).toBe('removed' in step)
  if (result.removed) return null
  if (!('removed' in step)) await looksAs(result.state, step)
  return result.state
}

describe.each(Object.entries(recordings))('%s', (_name, recorded) => {
  test('is followed from the Welcome to the removal', async () => {
    const commit = parseCommit(unhex(recorded.commit))
    const added = commit.proposals.flatMap((proposal) => (proposal.kind === 'add' ? [proposal.keyPackage.bytes] : []))
    const keyPackage = concat(KEY_PACKAGE_FRAMING, ...added)
    const welcome = unhex(recorded.welcome)
    let state: mls.GroupState | null = await mls.join({ welcome, keyPackage, privatePart: unhex(recorded.private_part), trusted: YES })
    await looksAs(state, recorded.after)
    expect(hex(await confirmedAfter(unhex(recorded.interim_before), commit))).toBe(recorded.after.confirmed)
    for (const step of recorded.steps) {
      if (state === null) throw new Error('removed before the end')
      state = await follow(mls.decodeState(mls.encodeState(state)), step)
    }
    expect(state).toBeNull()
  })
})

test('recordings of both implementations are here', () => expect(Object.keys(recordings)).toHaveLength(2))
