/** Our verifiers driven by JSON lines, so that Python can ask both languages the same questions. Byte strings are hex; a line is a batch. */

import { credentialFields } from '../../src/keys/credential.ts'
import { covers, verifyDecision } from '../../src/keys/decision.ts'
import { sha256 } from '../../src/keys/digest.ts'
import { documentDigest, parseEnvelope } from '../../src/keys/dsse.ts'
import { type GroupFacts, judgeCommit } from '../../src/keys/mls/gate.ts'
import type { RosterEntry } from '../../src/keys/mls/memberTypes.ts'
import type { GroupMemory } from '../../src/keys/mls/memory.ts'
import { parseCommit, parseKeyPackage, parseLeafNode } from '../../src/keys/mls/parse.ts'
import { type Json, parseStrictJson } from '../../src/keys/strictJson.ts'
import { readNote, readTerms } from '../../src/keys/terms.ts'
import {
  type Asked,
  decodeMemory,
  encodeMemory,
  freshness,
  judgeBundle,
  judgeCredential,
  parseBundle,
  type TrustState,
} from '../../src/keys/trustChain.ts'
import { Untrusted } from '../../src/keys/untrusted.ts'
import { DECISION_CLAIMS, HELLO_CLAIMS, SIGNED } from '../../src/wire/generated/claims.ts'
import { fromHex, toHex } from '../../src/wire/octets.ts'
import { Refused } from '../../src/wire/refused.ts'
import { BadFrame, decodeAs } from '../../src/wire/shape.ts'

/** The part of Node that this uses; the rest of the tree is for browsers. */
declare const process: { readonly stdin: AsyncIterable<Uint8Array>; readonly stdout: { write(text: string): void } }

interface RoomText {
  readonly group_id: string
  readonly epoch: number
  readonly extensions: readonly (readonly [number, string])[]
  readonly terms: string
  readonly roster: readonly (readonly [number, string])[]
  readonly keys: readonly string[]
  readonly committed_at: number
  readonly is_whole: boolean
  readonly decisions: readonly string[]
  readonly arrivals: readonly (readonly [string, string, string, boolean, number | null, 0 | 1])[]
  readonly handoff: readonly [string, string, number] | null
}

/** What a case stands on: documents that are believed, and a group with what is remembered of it. */
interface Case {
  readonly door: string
  readonly octets: string
  readonly pinned?: string
  readonly bundle?: string
  readonly memory?: string
  readonly room?: number
  readonly customer?: string
  readonly conversation?: string
  readonly terms?: string
  readonly credential?: string
  readonly at?: number
  readonly asked?: Readonly<Record<string, string>>
}

const rooms: RoomText[] = []
const AT_ONCE = 24

const asked = ({ at = 0, asked: words = {} }: Case): Asked => {
  const { leaf_key: leafKey, ...rest } = words
  return { at, ...rest, ...(leafKey === undefined ? {} : { leafKey: fromHex(leafKey) }) } as Asked
}

const judged = async (it: Case): Promise<TrustState> => {
  const memory = it.memory === undefined ? null : decodeMemory(fromHex(it.memory))
  return judgeBundle(parseBundle(fromHex(it.bundle ?? '')), { pinned: fromHex(it.pinned ?? ''), memory })
}

/** The same few organisations stand behind many cases. */
const known = new Map<string, Promise<TrustState>>()

function believed(it: Case): Promise<TrustState> {
  const name = `${it.pinned} ${it.bundle} ${it.memory}`
  const state = known.get(name) ?? judged(it)
  known.set(name, state)
  return state
}

function factsIn(room: RoomText): GroupFacts {
  const roster = room.roster.map(([leaf, octets]): RosterEntry => {
    const leafNodeBytes = fromHex(octets)
    const { identity, signatureKey } = parseLeafNode(leafNodeBytes)
    return { leaf, identity, signatureKey, leafNodeBytes }
  })
  const extensions = room.extensions.map(([type, content]) => ({ type, content: fromHex(content) }))
  const { group_id: groupId, epoch, terms, keys } = room
  return { groupId: fromHex(groupId), epoch, extensions, terms: readTerms(fromHex(terms)), roster, encryptionKeys: keys.map(fromHex) }
}

async function memoryIn(room: RoomText): Promise<GroupMemory> {
  const known = room.decisions.map(async (octets) => ({
    digest: await sha256(fromHex(octets)),
    claims: decodeAs(DECISION_CLAIMS, fromHex(octets)),
  }))
  const arrivals = room.arrivals.map(([device, by, under, isTeam, pathAt, isOnCall]) => {
    return {
      device: fromHex(device),
      addedBy: fromHex(by),
      decision: fromHex(under),
      isTeam: isTeam ? 1 : 0,
      addedAt: 0,
      pathAt,
      isOnCall,
    } as const
  })
  const [adder = '', newcomer = '', at = 0] = room.handoff ?? []
  const handoff = room.handoff === null ? null : { adder: fromHex(adder), newcomer: fromHex(newcomer), at }
  return { committedAt: room.committed_at, isWhole: room.is_whole ? 1 : 0, decisions: await Promise.all(known), arrivals, handoff }
}

/** Objects come as maps; what a name like `__proto__` would do to a real object does not happen. */
const plain = (value: Json): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  return value instanceof Map ? [...value].map(([name, each]) => [name, plain(each)]) : value
}

const doors: Readonly<Record<string, (octets: Uint8Array, it: Case) => Promise<string>>> = {
  // In characters as Python counts them, so that both read the same texts and numbers.
  json: async (octets) => `${[...JSON.stringify(plain(parseStrictJson(octets)))].length}`,
  envelope: async (octets) => {
    const envelope = parseEnvelope(octets)
    return `${envelope.payloadType} ${toHex(await documentDigest(envelope))} ${envelope.signatures.map(toHex).join()}`
  },
  bundle: async (octets, it) => {
    const state = await judged({ ...it, bundle: toHex(octets) })
    return `${freshness(state, it.at ?? 0)} ${toHex(encodeMemory(state.memory))}`
  },
  credential: async (octets, it) => {
    const { credId, name, person, device, leafKey, kind } = await judgeCredential(await believed(it), octets, asked(it))
    return [credId, name, person, device, toHex(leafKey), kind].join('|')
  },
  decision: async (octets, it) => {
    const { claims, digest } = await verifyDecision(decodeAs(SIGNED, octets), fromHex(it.customer ?? ''))
    const terms = readTerms(fromHex(it.terms ?? ''))
    const admission = { conversation: fromHex(it.conversation ?? ''), terms, at: it.at ?? 0 }
    return `${toHex(digest)} ${covers(claims, credentialFields(fromHex(it.credential ?? '')), admission)}`
  },
  hello: async (octets) => toHex(decodeAs(HELLO_CLAIMS, octets).device),
  terms: async (octets) => toHex(readTerms(octets).root),
  note: async (octets) => `${readNote(octets).committedAt}`,
  'key package': async (octets) => toHex(parseKeyPackage(octets).initKey),
  'commit parsed': async (octets) => toHex(parseCommit(octets).framedContent),
  commit: async (octets, it) => {
    const room = rooms[it.room ?? 0]
    if (room === undefined) throw new Error('no such room')
    const context = { group: factsIn(room), memory: await memoryIn(room), trust: await believed(it) }
    // As the session does: what cannot be parsed is no frame.
    const verdict = await judgeCommit(parsed(octets), context)
    return [verdict.added.map(({ device }) => toHex(device)).join(), verdict.removed.map(({ leaf }) => leaf).join()].join('|')
  },
}

const parsed = (octets: Uint8Array) => {
  try {
    return parseCommit(octets)
  } catch (error) {
    if (error instanceof Untrusted) throw new Refused('bad_frame')
    throw error
  }
}

/** `ok` and what was understood, or the code of the refusal. Anything else that is thrown is told as what it is. */
async function verdictOn(it: Case): Promise<string> {
  try {
    const door = doors[it.door]
    if (door === undefined) throw new Error(`no door ${it.door}`)
    return `ok ${await door(fromHex(it.octets), it)}`
  } catch (error) {
    if (error instanceof Refused) return error.code
    if (error instanceof Untrusted) return it.door === 'commit' ? 'untrusted' : error.reason
    if (error instanceof BadFrame) return 'malformed'
    return `fault ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`.slice(0, 400)
  }
}

async function answer(line: string): Promise<readonly string[]> {
  const batch = JSON.parse(line) as { readonly rooms?: readonly RoomText[]; readonly cases?: readonly Case[] }
  rooms.push(...(batch.rooms ?? []))
  const verdicts: string[] = []
  const cases = batch.cases ?? []
  for (let at = 0; at < cases.length; at += AT_ONCE) verdicts.push(...(await Promise.all(cases.slice(at, at + AT_ONCE).map(verdictOn))))
  return verdicts
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
