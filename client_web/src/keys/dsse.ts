/** DSSE v1 with Ed25519: the one envelope for everything signed (docs/protocol.md 2). Verifies first; what the payload means is read elsewhere. */
import { SIGNED, type Signed } from '../wire/generated/claims.ts'
import { concat, fromBase64, type Octets, toHex, utf8 } from '../wire/octets.ts'
import { encodeAs } from '../wire/shape.ts'
import { sha256 } from './digest.ts'
import { listOf, textOf, withExactly } from './documentFields.ts'
import { mustVerify, type Signer, verifies } from './ed25519.ts'
import { parseStrictJson } from './strictJson.ts'
import { BadSignature, Malformed } from './untrusted.ts'

export const PAYLOAD_TYPE = {
  root: 'application/vnd.sotto.root.v1+json',
  trust: 'application/vnd.sotto.trust.v1+json',
  credential: 'application/vnd.sotto.credential.v1+json',
  receipt: 'application/vnd.sotto.receipt.v1+json',
  receiptBundle: 'application/vnd.sotto.receipt-bundle.v1+json',
  incident: 'application/vnd.sotto.incident.v1+json',
  request: 'application/vnd.sotto.request.v1+json',
  event: 'application/vnd.sotto.event.v1+json',
  hello: 'application/vnd.sotto.hello.v1+msgpack',
  decision: 'application/vnd.sotto.decision.v1+msgpack',
  predecessor: 'application/vnd.sotto.predecessor.v1+msgpack',
  withdraw: 'application/vnd.sotto.withdraw.v1+msgpack',
} as const

/** Twice the keys a role may have: two generations of officers sign one root. */
const MAX_SIGNATURES = 16
const HINT_LENGTH = 128

export type PayloadType = (typeof PAYLOAD_TYPE)[keyof typeof PAYLOAD_TYPE]

/** An envelope taken apart; nothing in it is proven yet. */
export interface Envelope {
  readonly payloadType: string
  readonly payload: Octets
  readonly signatures: readonly Octets[]
}

/** `PAE(type, payload)`: the bytes that are signed. */
export const pae = (type: string, payload: Uint8Array): Octets => {
  const name = utf8(type)
  return concat(utf8(`DSSEv1 ${name.length} `), name, utf8(` ${payload.length} `), payload)
}

/** The JSON form. `keyid` is a hint that is not used: every key is tried. */
export const parseEnvelope = (octets: Uint8Array): Envelope => {
  const object = withExactly(parseStrictJson(octets), ['payloadType', 'payload', 'signatures'])
  const signatures = listOf(object.get('signatures'), (item) => {
    const signature = withExactly(item, ['keyid', 'sig'])
    textOf(signature.get('keyid'), HINT_LENGTH)
    return base64Of(textOf(signature.get('sig'), HINT_LENGTH))
  })
  if (signatures.length < 1 || signatures.length > MAX_SIGNATURES) throw new Malformed('signatures')
  return {
    payloadType: textOf(object.get('payloadType'), HINT_LENGTH),
    payload: base64Of(textOf(object.get('payload'), Infinity)),
    signatures,
  }
}

/**
 * The payload, when at least `threshold` distinct `keys` signed it as `type`; else `BadSignature`.
 * Counts keys and not signatures: one key that signs twice is one.
 */
export const verifyEnvelope = async (
  envelope: Envelope,
  { type, keys, threshold }: { readonly type: PayloadType; readonly keys: readonly Uint8Array[]; readonly threshold: number },
): Promise<Octets> => {
  if (envelope.payloadType !== type) throw new BadSignature('another type')
  if (threshold < 1) throw new BadSignature('no threshold')
  const signed = pae(type, envelope.payload)
  const distinct = new Map(keys.map((key) => [toHex(key), key]))
  let count = 0
  for (const key of distinct.values()) {
    const tried = await Promise.all(envelope.signatures.map((signature) => verifies(key, signature, signed)))
    count += tried.includes(true) ? 1 : 0
  }
  if (count < threshold) throw new BadSignature('threshold')
  return envelope.payload
}

/** Compact form: the claims' bytes when `key` signed them as `type`. */
export const verifyCompact = async (
  signed: Signed,
  { type, key }: { readonly type: PayloadType; readonly key: Uint8Array },
): Promise<Uint8Array> => {
  await mustVerify(key, signed.signature, pae(type, signed.claims))
  return signed.claims
}

export const signCompact = async (
  claims: Uint8Array,
  { type, signer }: { readonly type: PayloadType; readonly signer: Signer },
): Promise<Signed> => ({
  claims,
  signature: await signer.sign(pae(type, claims)),
})

export const encodeSigned = (signed: Signed): Octets => encodeAs(SIGNED, signed)

/** A document's name: SHA-256 of its payload, the bytes that were signed. */
export const documentDigest = (envelope: Envelope): Promise<Octets> => sha256(envelope.payload)

const base64Of = (text: string): Octets => {
  const octets = fromBase64(text)
  if (octets === null) throw new Malformed('base64')
  return octets
}
