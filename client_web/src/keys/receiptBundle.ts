/** The file that a customer saves of their decisions: written and signed here, proven by `sotto receipt verify` (docs/protocol.md 2.7). */
import type { Signed } from '../wire/generated/claims.ts'
import { concat, type Octets, toBase64, toBase64Url, toHex, utf8 } from '../wire/octets.ts'
import { sha256 } from './digest.ts'
import { PAYLOAD_TYPE, pae } from './dsse.ts'
import type { Signer } from './ed25519.ts'

export interface SavedStatement {
  readonly signed: Signed
  /** The relay's receipt, if one came. */
  readonly receipt: Uint8Array | null
}

export interface SavedDecision {
  readonly decided: SavedStatement
  /** Every paragraph that stood on the screen. */
  readonly shown: readonly string[]
  /** Of a decision about one device: the question, and the device's credential; of a longer time the moment alone; of the start neither. */
  readonly about: { readonly moment: string; readonly credential: Uint8Array | null } | null
  readonly withdrawn: SavedStatement | null
}

export interface Saved {
  readonly savedAt: number
  readonly conversation: Uint8Array
  /** The trust documents as the relay served them, and the policy file. */
  readonly trust: Uint8Array
  readonly policy: Uint8Array
  /** The start decision first. */
  readonly decisions: readonly SavedDecision[]
  readonly readers: readonly { readonly credential: Uint8Array; readonly since: number }[]
}

/** The file's bytes, signed by the customer key. */
export const signReceiptBundle = async (saved: Saved, signer: Signer): Promise<Octets> => {
  const payload = utf8(
    JSON.stringify({
      profile: 'sotto-receipts/1',
      saved_at: saved.savedAt,
      conversation: toBase64Url(saved.conversation),
      customer_key: toBase64Url(signer.publicKey),
      trust: toBase64Url(saved.trust),
      policies: [toBase64Url(saved.policy)],
      decisions: saved.decisions.map(decisionOf),
      readers: saved.readers.map(({ credential, since }) => ({ credential: toBase64Url(credential), since })),
    }),
  )
  const signature = await signer.sign(pae(PAYLOAD_TYPE.receiptBundle, payload))
  const keyid = toHex(await sha256(signer.publicKey))
  const envelope = {
    payloadType: PAYLOAD_TYPE.receiptBundle,
    payload: toBase64(payload),
    signatures: [{ keyid, sig: toBase64(signature) }],
  }
  return concat(utf8(JSON.stringify(envelope)))
}

const decisionOf = ({ decided, shown, about, withdrawn }: SavedDecision) => ({
  decided: statementOf(decided),
  shown,
  moment: about?.moment ?? null,
  credential: about === null || about.credential === null ? null : toBase64Url(about.credential),
  withdrawn: withdrawn === null ? null : statementOf(withdrawn),
})

const statementOf = ({ signed, receipt }: SavedStatement) => ({
  claims: toBase64Url(signed.claims),
  signature: toBase64Url(signed.signature),
  receipt: receipt === null ? null : toBase64Url(receipt),
})
