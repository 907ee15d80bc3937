/** Questions to the customer of a stage, signed by a statement key of its organisation, about devices that the test made. */
import type { CustomerView } from '../../src/core/views.ts'
import { sha256 } from '../../src/keys/digest.ts'
import { PAYLOAD_TYPE } from '../../src/keys/dsse.ts'
import * as mls from '../../src/keys/mls/library.ts'
import { type Signer, signerFromSeed } from '../../src/keys/mls/signer.ts'
import { toBase64Url, toHex, utf8 } from '../../src/wire/octets.ts'
import { type Key, newKey, sealed } from './organisation.ts'
import { type Chat, isChat, type Stage } from './stage.ts'

const DAY = 24 * 3600 * 1000
export const BOT = { cred_id: 'steam-1', person: 'steam', name: 'Steam', kind: 'bot', roles: ['assistant'], desks: ['support'] }
export const HELPER = { cred_id: 'ben-1', person: 'ben', name: 'Ben' }
const PURPOSE = { ai_assistant: 'ai_assistant', second_agent: 'support' }

export interface Newcomer {
  readonly signer: Signer
  readonly credential: string
  readonly keyPackage: Uint8Array
}

export class Questions {
  readonly stage: Stage
  readonly #statement: Key

  private constructor(stage: Stage, statement: Key) {
    this.stage = stage
    this.#statement = statement
  }

  /** The organisation's trust names a statement key of this relay from now on. */
  static async on(stage: Stage): Promise<Questions> {
    const statement = await newKey()
    const { now } = stage.organisation
    const entry = { keyid: statement.keyid, public: toBase64Url(statement.publicKey), nbf: now - DAY, exp: now + DAY }
    stage.organisation.publish({ statement_keys: [entry] })
    return new Questions(stage, statement)
  }

  async newcomer(credential: Readonly<Record<string, unknown>> & { readonly cred_id: string }): Promise<Newcomer> {
    const signer = signerFromSeed(crypto.getRandomValues(new Uint8Array(32)))
    const { now } = this.stage.organisation
    const identity = this.stage.organisation.credential(signer.publicKey, credential)
    const { keyPackage } = await mls.createKeyPackage({ identity, signer, now, notAfter: now + DAY })
    return { signer, credential: credential.cred_id, keyPackage }
  }

  /** The relay shows it; the name that the card has is the answer. */
  async ask(moment: keyof typeof PURPOSE, newcomer: Newcomer): Promise<string> {
    const { relay, organisation, clock } = this.stage
    const [held] = relay.conversations.values()
    if (held === undefined) throw new Error('no conversation')
    const request = {
      org: 'kettle',
      conversation: toBase64Url(held.id),
      moment,
      purpose: PURPOSE[moment],
      credential: newcomer.credential,
      leaf_key: toBase64Url(newcomer.signer.publicKey),
      asked_by: 'ana-1',
      history: 'new_messages',
      policy_digest: organisation.policyDigest,
      requested_at: clock.now(),
      expires_at: clock.now() + DAY,
      nonce: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
    }
    const envelope = sealed(request, { type: PAYLOAD_TYPE.request, by: this.#statement })
    relay.tellEverybody({ tag: 'asked', conversation: held.id, request: envelope, keyPackage: newcomer.keyPackage })
    return toHex(await sha256(utf8(JSON.stringify(request))))
  }
}

/** The card is on the customer's screen. */
export const isAsked =
  (id: string) =>
  (view: CustomerView): view is Chat =>
    isChat(view) && view.prompt?.id === id

export const readsAlong =
  (name: string) =>
  (view: CustomerView): view is Chat =>
    isChat(view) && view.readers.some((reader) => reader.name === name)
