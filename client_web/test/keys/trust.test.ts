import { describe, expect, test } from 'vitest'
import vectors from '../../../tests/vectors/trust.json'
import { credentialFields } from '../../src/keys/credential.ts'
import { covers, verifyDecision } from '../../src/keys/decision.ts'
import { judgeIncident } from '../../src/keys/incident.ts'
import { parseStrictJson } from '../../src/keys/strictJson.ts'
import { readTerms } from '../../src/keys/terms.ts'
import { type Asked, freshness, judgeBundle, judgeCredential, parseBundle, type TrustMemory } from '../../src/keys/trustChain.ts'
import { Untrusted } from '../../src/keys/untrusted.ts'
import { SIGNED } from '../../src/wire/generated/claims.ts'
import { fromBase32, fromBase64Url, fromHex, toHex, utf8 } from '../../src/wire/octets.ts'
import { BadFrame, decodeAs } from '../../src/wire/shape.ts'

interface MemoryJson {
  readonly pinned: string
  readonly root_version: number
  readonly root_digest: string
  readonly trust_version: number
  readonly trust_digest: string
  readonly last_signed_ms: number
}

const octets = (text: string): Uint8Array => fromBase64Url(text) ?? new Uint8Array()
const documents = new Map(Object.entries(vectors.documents))
const documentOf = (name: string): string => documents.get(name) ?? name
const bundleOf = ({ roots, trust }: { readonly roots: readonly string[]; readonly trust: string }): Uint8Array =>
  utf8(JSON.stringify({ roots: roots.map(documentOf), trust: documentOf(trust) }))

const memoryOf = (memory: MemoryJson | null): TrustMemory | null =>
  memory && {
    pinned: fromHex(memory.pinned),
    rootVersion: memory.root_version,
    rootDigest: fromHex(memory.root_digest),
    trustVersion: memory.trust_version,
    trustDigest: fromHex(memory.trust_digest),
    lastSignedMs: memory.last_signed_ms,
  }

const memoryJson = (memory: TrustMemory): MemoryJson => ({
  pinned: toHex(memory.pinned),
  root_version: memory.rootVersion,
  root_digest: toHex(memory.rootDigest),
  trust_version: memory.trustVersion,
  trust_digest: toHex(memory.trustDigest),
  last_signed_ms: memory.lastSignedMs,
})

const orRefused = async (outcome: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await outcome()
  } catch (error) {
    if (error instanceof Untrusted) return { refused: error.reason }
    if (error instanceof BadFrame) return { refused: 'malformed' }
    throw error
  }
}

const named = <T extends { readonly name: string }>(cases: readonly T[]) => cases.map((each) => [each.name, each] as const)

describe('a bundle', () => {
  test.each(named(vectors.chains))('%s', async (_, { pinned, bundle, memory, now, expect: wanted }) => {
    const outcome = await orRefused(async () => {
      const pin = fromBase32(pinned) ?? new Uint8Array()
      const state = await judgeBundle(parseBundle(bundleOf(bundle)), { pinned: pin, memory: memoryOf(memory) })
      return {
        state: freshness(state, now),
        root_version: state.roots.newest.document.version,
        trust_version: state.trust.version,
        clock_is_behind: now < state.memory.lastSignedMs,
        memory: memoryJson(state.memory),
      }
    })
    expect(outcome).toEqual(wanted)
  })
})

describe('a credential', () => {
  test.each(named(vectors.credentials))('%s', async (_, { pinned, bundle, credential, at, leaf_key, desk, role, kind, expect: wanted }) => {
    const pin = fromBase32(pinned) ?? new Uint8Array()
    const state = await judgeBundle(parseBundle(bundleOf(bundle)), { pinned: pin, memory: null })
    const asked = {
      at,
      ...(leaf_key === null ? {} : { leafKey: octets(leaf_key) }),
      ...(desk === null ? {} : { desk }),
      ...(role === null ? {} : { role }),
      ...(kind === null ? {} : { kind }),
    } as Asked
    const outcome = await orRefused(async () => ({ cred_id: (await judgeCredential(state, octets(credential), asked)).credId }))
    expect(outcome).toEqual(wanted)
  })
})

describe('a notice of an incident', () => {
  test.each(named(vectors.incidents))('%s', async (_, { pinned, bundle, notice, at, opened, expect: wanted }) => {
    const state = await judgeBundle(parseBundle(bundleOf(bundle)), { pinned: fromBase32(pinned) ?? new Uint8Array(), memory: null })
    const [earliest = 0, latest = 0] = opened ?? []
    const asked = { now: at, opened: opened === null ? null : ([earliest, latest] as const) }
    const outcome = await orRefused(async () => ({ incident: (await judgeIncident(state, octets(notice), asked)).incident }))
    expect(outcome).toEqual(wanted)
  })
})

describe('a decision', () => {
  test.each(named(vectors.decisions))('%s', async (_, { signed, customer_key, conversation, terms, credential, at, expect: wanted }) => {
    const outcome = await orRefused(async () => {
      const decision = await verifyDecision(decodeAs(SIGNED, octets(signed)), octets(customer_key))
      const admission = { conversation: octets(conversation), terms: readTerms(octets(terms)), at }
      return { covers: covers(decision.claims, credentialFields(utf8(credential)), admission), digest: toHex(decision.digest) }
    })
    expect(outcome).toEqual(wanted)
  })
})

describe('strict JSON', () => {
  test.each(named(vectors.strict_json))('%s', async (_, { octets: raw, repeat, ok }) => {
    const bytes = repeat === null ? octets(raw ?? '') : utf8(repeat.before + repeat.letter.repeat(repeat.count) + repeat.after)
    const outcome = await orRefused(() => Promise.resolve(parseStrictJson(bytes)).then(() => ({ ok: true })))
    expect(outcome).toEqual(ok ? { ok: true } : { refused: 'malformed' })
  })
})
