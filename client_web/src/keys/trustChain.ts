/** What this client believes about an organisation: client rules 1-8 (docs/architecture.md, Trust) as decisions without I/O. */
import { ROOT_HOPS } from '../wire/generated/limits.ts'
import { fromBase64Url, fromHex, type Octets, sameOctets, toHex } from '../wire/octets.ts'
import { bytes, decodeAs, encodeAs, struct, whole } from '../wire/shape.ts'
import { type Credential, openCredential } from './credential.ts'
import { listOf, withExactly } from './documentFields.ts'
import { documentDigest, parseEnvelope } from './dsse.ts'
import { dropsIssuingKeyAfter, type RootChain, walkRoots } from './rootChain.ts'
import { type Json, parseStrictJson } from './strictJson.ts'
import { openTrust, type TrustDocument } from './trust.ts'
import { Forked, Inconsistent, Lapsed, Malformed, Replayed, UnknownCredential } from './untrusted.ts'

/** Existing conversations may still send for an hour after expiry (rule 7): time for an officer, not for an attacker. */
const GRACE_MS = 3600 * 1000

/** `grace`: no new conversation, nobody new let in; existing ones show it and may send. `expired`: nothing is sent. */
export type Freshness = 'fresh' | 'grace' | 'expired'

/** What a client keeps (sealed) between runs, so that nobody can show it an older world. Belongs to one pinned root. */
export interface TrustMemory {
  readonly pinned: Uint8Array
  readonly rootVersion: number
  readonly rootDigest: Uint8Array
  readonly trustVersion: number
  readonly trustDigest: Uint8Array
  /** The newest signed time seen: no clock is believed that is behind it. */
  readonly lastSignedMs: number
}

export const TRUST_MEMORY = struct<TrustMemory>('TrustMemory', null, [
  ['pinned', bytes(32, 32)],
  ['rootVersion', whole(0, Number.MAX_SAFE_INTEGER)],
  ['rootDigest', bytes(32, 32)],
  ['trustVersion', whole(0, Number.MAX_SAFE_INTEGER)],
  ['trustDigest', bytes(32, 32)],
  ['lastSignedMs', whole(0, Number.MAX_SAFE_INTEGER)],
])

/** A verified chain of roots and the trust document in force. */
export interface TrustState {
  readonly roots: RootChain
  readonly trust: TrustDocument
  readonly memory: TrustMemory
}

/** Envelopes as they were published, not yet believed. */
export interface TrustBundle {
  readonly roots: readonly Octets[]
  readonly trust: Octets
}

export const encodeMemory = (memory: TrustMemory): Octets => encodeAs(TRUST_MEMORY, memory)
export const decodeMemory = (octets: Uint8Array): TrustMemory => decodeAs(TRUST_MEMORY, octets)

/** A bundle taken apart; `Malformed`, or `Forked` for more roots than a chain may have. */
export const parseBundle = (octets: Uint8Array): TrustBundle => {
  const fields = withExactly(parseStrictJson(octets), ['roots', 'trust'])
  const texts = listOf(fields.get('roots'), textIn)
  const trust = textIn(fields.get('trust'))
  if (texts.length === 0) throw new Malformed('no root')
  if (texts.length > ROOT_HOPS + 1) throw new Forked('too many roots')
  return { roots: texts.map(base64UrlOf), trust: base64UrlOf(trust) }
}

/**
 * Believe a bundle, or refuse it and keep what was believed before. A memory of another pinned root says nothing here: whoever edits
 * the snippet starts a new chain (rule 8). Expiry is not judged here but by `freshness`.
 */
export const judgeBundle = async (
  bundle: TrustBundle,
  { pinned, memory }: { readonly pinned: Uint8Array; readonly memory: TrustMemory | null },
): Promise<TrustState> => {
  const roots = await walkRoots(toHex(pinned), bundle.roots.map(parseEnvelope))
  const remembered = memory !== null && sameOctets(memory.pinned, pinned) ? memory : null
  if (remembered !== null) refuseOlderRoots(roots, remembered)
  const envelope = parseEnvelope(bundle.trust)
  const { document: root, digest } = roots.newest
  const trust = await openTrust(envelope, root)
  if (trust.org !== root.org || trust.rootVersion > root.version) throw new Inconsistent('trust of another organisation or a later root')
  const trustDigest = await documentDigest(envelope)
  // Rule 5: a stolen issuing key could sign version 2^31, or the year 3000, and lock everybody out for ever.
  const floor = remembered === null || dropsIssuingKeyAfter(roots, remembered.rootVersion) ? null : remembered
  if (floor !== null) refuseOlderTrust(trust, { digest: trustDigest, floor })
  const lastSignedMs = Math.max(trust.issued, floor?.lastSignedMs ?? 0)
  const seen = { rootVersion: root.version, rootDigest: fromHex(digest), trustVersion: trust.version, trustDigest, lastSignedMs }
  return { roots, trust, memory: { pinned, ...seen } }
}

/** The earlier end of newest root and trust document: only the final root's expiry counts (rule 1). */
export const expiresAt = ({ trust, roots }: TrustState): number => Math.min(trust.expires, roots.newest.document.expires)

/** The later of the clock and the last signed time (rule 3). */
export const effectiveTime = (state: TrustState, now: number): number => Math.max(now, state.memory.lastSignedMs)

export const freshness = (state: TrustState, now: number): Freshness => {
  const at = effectiveTime(state, now)
  const end = expiresAt(state)
  return at < end ? 'fresh' : at < end + GRACE_MS ? 'grace' : 'expired'
}

/** Whether this policy's notices may be shown at `at`. */
export const hasPolicy = (state: TrustState, digest: Uint8Array, at: number): boolean => {
  const wanted = toHex(digest)
  return state.trust.policies.some((policy) => policy.digest === wanted && policy.nbf <= at && at < policy.exp)
}

/** Revoked by name, or issued before its person's cut-off, with effect at `at`. */
export const isRevoked = ({ trust }: TrustState, credential: Credential, at: number): boolean => {
  const cutOff = trust.revokeBefore.get(credential.person)
  const byPerson = cutOff !== undefined && credential.nbf < cutOff && cutOff <= at
  return byPerson || trust.revoked.some((revoked) => revoked.credId === credential.credId && revoked.at <= at)
}

export interface Asked {
  readonly at: number
  readonly leafKey?: Uint8Array
  readonly desk?: string
  readonly role?: string
  readonly kind?: 'human' | 'bot'
}

/**
 * The credential, if the organisation stands by it at `at` and it fits what is asked. `Malformed`, `BadSignature`, `Inconsistent` (another
 * organisation), `Lapsed` (outside its time), `UnknownCredential` (revoked, or not of this leaf key, desk, role or kind).
 */
export const judgeCredential = async (state: TrustState, envelope: Uint8Array, asked: Asked): Promise<Credential> => {
  const credential = await openCredential(parseEnvelope(envelope), state.roots.newest.document)
  if (credential.org !== state.trust.org) throw new Inconsistent('a credential of another organisation')
  if (asked.at < credential.nbf || asked.at >= credential.exp) throw new Lapsed('credential outside its time')
  if (isRevoked(state, credential, asked.at)) throw new UnknownCredential('revoked')
  if (!fits(credential, asked)) throw new UnknownCredential('not of this leaf key, desk, role or kind')
  return credential
}

const fits = (credential: Credential, { leafKey, desk, role, kind }: Asked): boolean =>
  (leafKey === undefined || sameOctets(leafKey, credential.leafKey)) &&
  (desk === undefined || credential.desks.includes(desk)) &&
  (role === undefined || credential.roles.includes(role)) &&
  (kind === undefined || credential.kind === kind)

const refuseOlderRoots = (roots: RootChain, remembered: TrustMemory): void => {
  if (roots.newest.document.version < remembered.rootVersion) throw new Replayed('an older root')
  const same = roots.links.find((link) => link.document.version === remembered.rootVersion)
  if (same?.digest !== toHex(remembered.rootDigest)) throw new Forked('another root of a version already seen')
}

const refuseOlderTrust = (trust: TrustDocument, { digest, floor }: { readonly digest: Uint8Array; readonly floor: TrustMemory }): void => {
  if (trust.version < floor.trustVersion) throw new Replayed('an older trust document')
  if (trust.version === floor.trustVersion && !sameOctets(digest, floor.trustDigest)) {
    throw new Forked('two trust documents of one version')
  }
}

const textIn = (value: Json | undefined): string => {
  if (typeof value !== 'string') throw new Malformed('text')
  return value
}

const base64UrlOf = (value: string): Octets => {
  const octets = fromBase64Url(value)
  if (octets === null) throw new Malformed('base64url')
  return octets
}
