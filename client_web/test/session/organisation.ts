/** A real organisation for tests: keys, signed documents and a policy, made in the test itself. */
import { ed25519 } from '@noble/curves/ed25519.js'
import demoPolicy from '../../../demo/policy.example.toml?raw'
import { sha256 } from '../../src/keys/digest.ts'
import { PAYLOAD_TYPE, type PayloadType, pae } from '../../src/keys/dsse.ts'
import { toBase32, toBase64Url, toHex, utf8 } from '../../src/wire/octets.ts'

const DAY = 24 * 3600 * 1000

export const POLICY = utf8(demoPolicy)

export interface Key {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly keyid: string
}

export const newKey = async (): Promise<Key> => {
  const secret = ed25519.utils.randomSecretKey()
  const publicKey = ed25519.getPublicKey(secret)
  return { secret, publicKey, keyid: toHex(await sha256(publicKey)) }
}

const base64 = (octets: Uint8Array): string => btoa(String.fromCharCode(...octets))

export const sealed = (document: unknown, { type, by }: { readonly type: PayloadType; readonly by: Key }): Uint8Array => {
  const payload = utf8(JSON.stringify(document))
  const sig = base64(ed25519.sign(pae(type, payload), by.secret))
  return utf8(JSON.stringify({ payloadType: type, payload: base64(payload), signatures: [{ keyid: by.keyid, sig }] }))
}

export interface Organisation {
  readonly now: number
  readonly fingerprint: string
  readonly policyDigest: string
  /** The bundle in force; changes with `publish`. */
  bundle(): Uint8Array
  publish(changes: Readonly<Record<string, unknown>>): void
  credential(device: Uint8Array, changes?: Readonly<Record<string, unknown>>): Uint8Array
  readonly issuing: Key
  /** Another root, with another issuing key in the place of the old. */
  rotate(): Promise<void>
}

export const newOrganisation = async (now: number): Promise<Organisation> => {
  const rootKey = await newKey()
  let issuing = await newKey()
  const root = {
    org: 'kettle',
    name: 'Kettle & Cup',
    version: 1,
    expires: now + 180 * DAY,
    prev_sha256: '',
    keys: { [rootKey.keyid]: toBase64Url(rootKey.publicKey), [issuing.keyid]: toBase64Url(issuing.publicKey) },
    roles: { root: { keyids: [rootKey.keyid], threshold: 1 }, issuing: { keyids: [issuing.keyid], threshold: 1 } },
  }
  const policyDigest = toHex(await sha256(POLICY))
  let trust: Record<string, unknown> = {
    org: 'kettle',
    version: 1,
    root_version: 1,
    issued: now - DAY,
    expires: now + 30 * DAY,
    revoked: [],
    revoke_before: {},
    statement_keys: [],
    site_keys: [],
    releases: [],
    policies: [{ digest: policyDigest, nbf: now - DAY, exp: now + 365 * DAY }],
    log_origin: 'relay.example',
  }
  const roots = [sealed(root, { type: PAYLOAD_TYPE.root, by: rootKey })]
  return {
    now,
    policyDigest,
    get issuing() {
      return issuing
    },
    fingerprint: toBase32(await sha256(utf8(JSON.stringify(root)))),
    bundle: () =>
      utf8(
        JSON.stringify({
          roots: roots.map(toBase64Url),
          trust: toBase64Url(sealed(trust, { type: PAYLOAD_TYPE.trust, by: issuing })),
        }),
      ),
    publish: (changes) => {
      trust = { ...trust, version: Number(trust['version']) + 1, ...changes }
    },
    rotate: async () => {
      issuing = await newKey()
      const keys = { [rootKey.keyid]: toBase64Url(rootKey.publicKey), [issuing.keyid]: toBase64Url(issuing.publicKey) }
      const roles = { ...root.roles, issuing: { keyids: [issuing.keyid], threshold: 1 } }
      const next = { ...root, version: 2, prev_sha256: toHex(await sha256(utf8(JSON.stringify(root)))), keys, roles }
      roots.push(sealed(next, { type: PAYLOAD_TYPE.root, by: rootKey }))
      trust = { ...trust, version: Number(trust['version']) + 1, root_version: 2 }
    },
    credential: (device, changes = {}) => {
      const fields = {
        org: 'kettle',
        cred_id: 'ana-1',
        person: 'ana',
        device: 'laptop',
        leaf_key: toBase64Url(device),
        name: 'Ana',
        kind: 'human',
        roles: ['agent'],
        desks: ['support'],
        nbf: now - DAY,
        exp: now + 30 * DAY,
      }
      return sealed({ ...fields, ...changes }, { type: PAYLOAD_TYPE.credential, by: issuing })
    },
  }
}
