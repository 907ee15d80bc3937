/** The `credential` document: whose device a leaf key is, in which roles, for which desks. Revocation is judged in `trustChain.ts`. */
import type { Octets } from '../wire/octets.ts'
import { countOf, inOrder, listOf, publicKeyOf, shownNameOf, slugOf, withExactly } from './documentFields.ts'
import { type Envelope, PAYLOAD_TYPE, verifyEnvelope } from './dsse.ts'
import { keysOf, type RootDocument } from './root.ts'
import { type Json, parseStrictJson } from './strictJson.ts'
import { Malformed } from './untrusted.ts'

/** `device` is a label, `leafKey` the device; valid from `nbf` until before `exp`. */
export interface Credential {
  readonly org: string
  readonly credId: string
  readonly person: string
  readonly device: string
  readonly leafKey: Octets
  readonly name: string
  readonly kind: 'human' | 'bot'
  readonly roles: readonly string[]
  readonly desks: readonly string[]
  readonly nbf: number
  readonly exp: number
}

const FIELDS = ['org', 'cred_id', 'person', 'device', 'leaf_key', 'name', 'kind', 'roles', 'desks', 'nbf', 'exp']
const MAX_SLUGS = 32

/** The credential that `root`'s issuing keys signed: a removed issuing key voids all it signed. `BadSignature` first, then `Malformed`. */
export const openCredential = async (envelope: Envelope, root: RootDocument): Promise<Credential> => {
  const { threshold } = root.issuing
  const payload = await verifyEnvelope(envelope, { type: PAYLOAD_TYPE.credential, keys: keysOf(root, root.issuing), threshold })
  return credentialFields(payload)
}

/** A credential's payload, or `Malformed`. Nothing is proven by it. */
export const credentialFields = (payload: Uint8Array): Credential => {
  const fields = withExactly(parseStrictJson(payload), FIELDS)
  const [nbf, exp] = [countOf(fields.get('nbf')), countOf(fields.get('exp'))]
  inOrder(nbf, exp)
  return {
    org: slugOf(fields.get('org')),
    credId: slugOf(fields.get('cred_id')),
    person: slugOf(fields.get('person')),
    device: shownNameOf(fields.get('device')),
    leafKey: publicKeyOf(fields.get('leaf_key')),
    name: shownNameOf(fields.get('name')),
    kind: kindOf(fields.get('kind')),
    roles: listOf(fields.get('roles'), slugOf, MAX_SLUGS),
    desks: listOf(fields.get('desks'), slugOf, MAX_SLUGS),
    nbf,
    exp,
  }
}

const kindOf = (value: Json | undefined): 'human' | 'bot' => {
  if (value !== 'human' && value !== 'bot') throw new Malformed('kind')
  return value
}

/** Whether this is a person's device that answers for the desk and is on call for it. */
export const isOnCall = ({ kind, roles, desks }: Credential, desk: string): boolean =>
  kind === 'human' && roles.includes('agent') && roles.includes('on_call') && desks.includes(desk)
