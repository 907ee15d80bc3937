/** A ts-mls member driven by JSON lines, so that the Python member can be put into one group with it. Byte strings are hex. */

import * as mls from '../../src/keys/mls/library.ts'
import type { KeyPackageMade } from '../../src/keys/mls/memberTypes.ts'
import { type Signer, signerFromSeed } from '../../src/keys/mls/signer.ts'
import { hex, unhex, WEEK_MS, YES } from './member.ts'

/** The part of Node that this uses; the rest of the tree is for browsers. */
declare const process: { readonly stdin: AsyncIterable<Uint8Array>; readonly stdout: { write(text: string): void } }

interface Held {
  readonly identity: Uint8Array
  readonly seed: Uint8Array
  readonly signer: Signer
  offered?: KeyPackageMade
  /** Kept encoded, so that every step also saves and loads. */
  state?: Uint8Array
  pending?: Uint8Array
}

interface Asked {
  readonly do: string
  readonly member: string
  readonly [name: string]: unknown
}

type Answer = Readonly<Record<string, unknown>>
type Step = (held: Held, asked: Asked) => Promise<Answer>

const members = new Map<string, Held>()

function heldFor(name: string): Held {
  const known = members.get(name)
  if (known !== undefined) return known
  const identity = new TextEncoder().encode(name)
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const made = { identity, seed, signer: signerFromSeed(seed) }
  members.set(name, made)
  return made
}

const bytes = (asked: Asked, field: string): Uint8Array => unhex(String(asked[field] ?? ''))

function stateOf(held: Held): mls.GroupState {
  if (held.state === undefined) throw new Error('in no group')
  return mls.decodeState(held.state)
}

const steps: Readonly<Record<string, Step>> = {
  'create-key-package': async (held) => {
    const now = Date.now()
    held.offered = await mls.createKeyPackage({ ...held, now, notAfter: now + WEEK_MS })
    return { key_package: hex(held.offered.keyPackage) }
  },
  'unsafe-for-tests-secrets': async ({ seed, offered }) => ({ seed: hex(seed), private_part: offered && hex(offered.privatePart) }),
  'create-group': async (held, asked) => {
    const state = await mls.createGroup({ ...held, groupId: bytes(asked, 'group_id'), terms: bytes(asked, 'terms'), now: Date.now() })
    held.state = mls.encodeState(state)
    return { group_info: hex(await mls.groupInfo(state, held.signer)) }
  },
  commit: async (held, asked) => {
    const adds = (asked.adds as string[]).map(unhex)
    const terms = asked.terms === undefined ? {} : { terms: bytes(asked, 'terms') }
    const plan = { adds, removes: asked.removes as number[], ...terms, authenticatedData: bytes(asked, 'authenticated_data') }
    const { pending, commit, welcome } = await mls.commit(stateOf(held), { ...plan, signer: held.signer, trusted: YES })
    held.pending = mls.encodePending(pending)
    return { commit: hex(commit), welcome: welcome && hex(welcome) }
  },
  adopt: async (held) => {
    if (held.pending === undefined) throw new Error('nothing pending')
    held.state = mls.encodeState(mls.adopt(stateOf(held), mls.decodePending(held.pending)).state)
    return {}
  },
  process: async (held, asked) => {
    const result = await mls.processCommit(stateOf(held), bytes(asked, 'commit'), YES)
    if (!result.removed) held.state = mls.encodeState(result.state)
    return { removed: result.removed }
  },
  join: async (held, asked) => {
    if (held.offered === undefined) throw new Error('no key package')
    held.state = mls.encodeState(await mls.join({ welcome: bytes(asked, 'welcome'), ...held.offered, trusted: YES }))
    return {}
  },
  encrypt: async (held, asked) => {
    const { state, message } = await mls.encrypt(stateOf(held), { plaintext: bytes(asked, 'plaintext'), signer: held.signer })
    held.state = mls.encodeState(state)
    return { message: hex(message) }
  },
  decrypt: async (held, asked) => {
    const { state, senderLeaf, plaintext, epoch } = await mls.decrypt(stateOf(held), bytes(asked, 'message'))
    held.state = mls.encodeState(state)
    return { sender: senderLeaf, plaintext: hex(plaintext), epoch }
  },
  view: async (held) => {
    const state = stateOf(held)
    const { groupId, treeHash, confirmedTranscriptHash, interimTranscriptHash, terms, ...numbers } = await mls.groupContext(state)
    return {
      epoch: numbers.epoch,
      own_leaf: numbers.ownLeaf,
      group_id: hex(groupId),
      tree_hash: hex(treeHash),
      confirmed: hex(confirmedTranscriptHash),
      interim: hex(interimTranscriptHash),
      terms: hex(terms),
      authenticator: hex(mls.epochAuthenticator(state)),
      roster: mls.roster(state).map(({ leaf, leafNodeBytes }) => [leaf, hex(leafNodeBytes)]),
      state: hex(mls.encodeState(state)),
    }
  },
}

async function answer(line: string): Promise<Answer> {
  const asked = JSON.parse(line) as Asked
  const step = steps[asked.do]
  if (step === undefined) return { fault: `no step ${asked.do}` }
  try {
    return await step(heldFor(asked.member), asked)
  } catch (error) {
    return { refused: error instanceof Error ? `${error.message}: ${String(error.cause ?? '')}` : String(error) }
  }
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}

for await (const line of lines(process.stdin)) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`)
}
