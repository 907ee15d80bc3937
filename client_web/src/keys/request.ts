/** What the relay signs when it puts a question to a customer. Evidence: whether to show it is judged from the credential and the policy. */
import { fromBase64Url, type Octets } from '../wire/octets.ts'
import { countOf, digestOf, publicKeyOf, slugOf, withExactly } from './documentFields.ts'
import { type Envelope, PAYLOAD_TYPE, verifyEnvelope } from './dsse.ts'
import { type Json, parseStrictJson } from './strictJson.ts'
import type { TrustDocument } from './trust.ts'
import { Lapsed, Malformed } from './untrusted.ts'

export interface AskedRequest {
  readonly org: string
  readonly conversation: Octets
  readonly moment: string
  readonly purpose: string
  readonly credential: string
  readonly leafKey: Octets
  readonly askedBy: string
  readonly policyDigest: Octets
  readonly requestedAt: number
  readonly expiresAt: number
}

const BYTES16 = 16
const FIELDS = [
  'org',
  'conversation',
  'moment',
  'purpose',
  'credential',
  'leaf_key',
  'asked_by',
  'history',
  'policy_digest',
  'requested_at',
  'expires_at',
  'nonce',
]

/** The request that a statement key of `trust` signed within that key's time: `BadSignature`, `Malformed` or `Lapsed` otherwise. */
export const openRequest = async (envelope: Envelope, { statementKeys }: TrustDocument): Promise<AskedRequest> => {
  const type = PAYLOAD_TYPE.request
  const payload = await verifyEnvelope(envelope, { type, keys: statementKeys.map(({ key }) => key), threshold: 1 })
  const request = requestFields(payload)
  const at = request.requestedAt
  const inTime = statementKeys.filter(({ nbf, exp }) => nbf <= at && at < exp).map(({ key }) => key)
  try {
    await verifyEnvelope(envelope, { type, keys: inTime, threshold: 1 })
  } catch {
    throw new Lapsed('statement key outside its time')
  }
  return request
}

const requestFields = (payload: Uint8Array): AskedRequest => {
  const fields = withExactly(parseStrictJson(payload), FIELDS)
  if (fields.get('history') !== 'new_messages') throw new Malformed('history')
  bytes16Of(fields.get('nonce'))
  return {
    org: slugOf(fields.get('org')),
    conversation: bytes16Of(fields.get('conversation')),
    moment: slugOf(fields.get('moment')),
    purpose: slugOf(fields.get('purpose')),
    credential: slugOf(fields.get('credential')),
    leafKey: publicKeyOf(fields.get('leaf_key')),
    askedBy: slugOf(fields.get('asked_by')),
    policyDigest: digestOf(fields.get('policy_digest')),
    requestedAt: countOf(fields.get('requested_at')),
    expiresAt: countOf(fields.get('expires_at')),
  }
}

const bytes16Of = (value: Json | undefined): Octets => {
  const octets = typeof value === 'string' ? fromBase64Url(value) : null
  if (octets?.length !== BYTES16) throw new Malformed('16 bytes')
  return octets
}
