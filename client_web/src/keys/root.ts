/** The `root` document: which keys an organisation trusts for what. How one root follows another is `trustChain.ts`'s. */
import { type Octets, toHex } from '../wire/octets.ts'
import { sha256 } from './digest.ts'
import { countOf, hexOf, listOf, publicKeyOf, shownNameOf, slugOf, tableOf, textOf, versionOf, withExactly } from './documentFields.ts'
import { type Envelope, PAYLOAD_TYPE, verifyEnvelope } from './dsse.ts'
import { type Json, parseStrictJson } from './strictJson.ts'
import { Malformed } from './untrusted.ts'

const MAX_KEYS_OF_A_ROLE = 8

/** Who may sign, and how many of them must. */
export interface Role {
  readonly keyids: readonly string[]
  readonly threshold: number
}

export interface RootDocument {
  readonly org: string
  readonly name: string
  readonly version: number
  readonly expires: number
  /** Digest (hex) of the previous root's payload, empty in version 1. */
  readonly prevSha256: string
  readonly keys: ReadonlyMap<string, Octets>
  readonly root: Role
  readonly issuing: Role
}

/** A root's payload, or `Malformed`. Nothing is proven by it. */
export const parseRoot = async (payload: Uint8Array): Promise<RootDocument> => {
  const fields = withExactly(parseStrictJson(payload), ['org', 'name', 'version', 'expires', 'prev_sha256', 'keys', 'roles'])
  const roles = withExactly(fields.get('roles'), ['root', 'issuing'])
  const previous = textOf(fields.get('prev_sha256'))
  const document: RootDocument = {
    org: slugOf(fields.get('org')),
    name: shownNameOf(fields.get('name')),
    version: versionOf(fields.get('version')),
    expires: countOf(fields.get('expires')),
    prevSha256: previous === '' ? previous : hexOf(previous),
    keys: tableOf(fields.get('keys'), hexOf, publicKeyOf),
    root: roleOf(roles.get('root')),
    issuing: roleOf(roles.get('issuing')),
  }
  await check(document)
  return document
}

export const keysOf = (document: RootDocument, role: Role): readonly Octets[] =>
  role.keyids.flatMap((keyid) => document.keys.get(keyid) ?? [])

/** Refuses (`BadSignature`) unless `by`'s root keys signed the envelope, in the number that `by` asks for. */
export const verifyRoot = async (envelope: Envelope, by: RootDocument): Promise<void> => {
  await verifyEnvelope(envelope, { type: PAYLOAD_TYPE.root, keys: keysOf(by, by.root), threshold: by.root.threshold })
}

const roleOf = (value: Json | undefined): Role => {
  const fields = withExactly(value, ['keyids', 'threshold'])
  const keyids = listOf(fields.get('keyids'), hexOf, MAX_KEYS_OF_A_ROLE)
  const threshold = countOf(fields.get('threshold'))
  if (threshold < 1 || threshold > keyids.length || new Set(keyids).size !== keyids.length) throw new Malformed('role')
  return { keyids, threshold }
}

const check = async (document: RootDocument): Promise<void> => {
  const named = new Set([...document.root.keyids, ...document.issuing.keyids])
  // An issuing key lives on a machine that is switched on every day; it must never count as a root key.
  const apart = named.size === document.root.keyids.length + document.issuing.keyids.length
  const complete = named.size === document.keys.size && [...named].every((keyid) => document.keys.has(keyid))
  if (!apart || !complete || (document.version === 1) !== (document.prevSha256 === '')) throw new Malformed('root')
  for (const [keyid, key] of document.keys) {
    if (toHex(await sha256(key)) !== keyid) throw new Malformed('key id')
  }
}
