/** The `trust` document: what is revoked and what is in force. Whether it may replace the one we have is `trustChain.ts`'s question. */
import { type Octets, toHex } from '../wire/octets.ts'
import { sha256 } from './digest.ts'
import { countOf, hexOf, inOrder, listOf, publicKeyOf, slugOf, tableOf, textOf, versionOf, withExactly } from './documentFields.ts'
import { type Envelope, PAYLOAD_TYPE, verifyEnvelope } from './dsse.ts'
import { keysOf, type RootDocument } from './root.ts'
import { type Json, parseStrictJson } from './strictJson.ts'
import { Malformed } from './untrusted.ts'

const SRI = /^sha384-[A-Za-z0-9+/]{64}$/u

/** One credential that no longer counts, from `at` on. */
export interface Revoked {
  readonly credId: string
  readonly at: number
}

export interface StatementKey {
  readonly keyid: string
  readonly key: Octets
  readonly nbf: number
  readonly exp: number
}

export interface PolicyEntry {
  /** Hex. */
  readonly digest: string
  readonly nbf: number
  readonly exp: number
}

export interface TrustDocument {
  readonly org: string
  readonly version: number
  readonly rootVersion: number
  readonly issued: number
  readonly expires: number
  readonly revoked: readonly Revoked[]
  readonly revokeBefore: ReadonlyMap<string, number>
  readonly statementKeys: readonly StatementKey[]
  readonly policies: readonly PolicyEntry[]
}

const FIELDS = [
  'org',
  'version',
  'root_version',
  'issued',
  'expires',
  'revoked',
  'revoke_before',
  'statement_keys',
  'site_keys',
  'releases',
  'policies',
  'log_origin',
]

/** The trust document that `root`'s issuing keys signed. `BadSignature` first, `Malformed` after. */
export const openTrust = async (envelope: Envelope, root: RootDocument): Promise<TrustDocument> => {
  const { threshold } = root.issuing
  const payload = await verifyEnvelope(envelope, { type: PAYLOAD_TYPE.trust, keys: keysOf(root, root.issuing), threshold })
  const document = readTrust(payload)
  for (const { keyid, key } of document.statementKeys) {
    if (toHex(await sha256(key)) !== keyid) throw new Malformed('statement key')
  }
  return document
}

const readTrust = (payload: Uint8Array): TrustDocument => {
  const fields = withExactly(parseStrictJson(payload), FIELDS)
  const issued = countOf(fields.get('issued'))
  const expires = countOf(fields.get('expires'))
  inOrder(issued, expires)
  listOf(fields.get('releases'), checkRelease, 256)
  // Keys of the customers' websites; none until identified customers exist.
  listOf(fields.get('site_keys'), () => null, 0)
  textOf(fields.get('log_origin'))
  return {
    org: slugOf(fields.get('org')),
    version: versionOf(fields.get('version')),
    rootVersion: versionOf(fields.get('root_version')),
    issued,
    expires,
    revoked: listOf(fields.get('revoked'), revokedOf, 2000),
    revokeBefore: tableOf(fields.get('revoke_before'), slugOf, countOf),
    statementKeys: listOf(fields.get('statement_keys'), statementKeyOf, 64),
    policies: listOf(fields.get('policies'), policyOf, 64),
  }
}

const revokedOf = (value: Json): Revoked => {
  const fields = withExactly(value, ['cred_id', 'at', 'reason'])
  textOf(fields.get('reason'))
  return { credId: slugOf(fields.get('cred_id')), at: countOf(fields.get('at')) }
}

const statementKeyOf = (value: Json): StatementKey => {
  const fields = withExactly(value, ['keyid', 'public', 'nbf', 'exp'])
  const [nbf, exp] = [countOf(fields.get('nbf')), countOf(fields.get('exp'))]
  inOrder(nbf, exp)
  return { keyid: hexOf(fields.get('keyid')), key: publicKeyOf(fields.get('public')), nbf, exp }
}

const policyOf = (value: Json): PolicyEntry => {
  const fields = withExactly(value, ['digest', 'nbf', 'exp'])
  const [nbf, exp] = [countOf(fields.get('nbf')), countOf(fields.get('exp'))]
  inOrder(nbf, exp)
  return { digest: hexOf(fields.get('digest')), nbf, exp }
}

const checkRelease = (value: Json): null => {
  const fields = withExactly(value, ['version', 'loader_sri', 'app_sri'])
  textOf(fields.get('version'))
  if (!SRI.test(textOf(fields.get('loader_sri'))) || !SRI.test(textOf(fields.get('app_sri')))) throw new Malformed('release')
  return null
}
