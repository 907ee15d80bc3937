/** What a customer's device puts into the file of their decisions: what rests here, and the policy whose words were shown. */
import type { CustomerPorts } from '../core/ports.ts'
import { parseKeyPackage } from '../keys/mls/parse.ts'
import { noticeDigest, noticeText, START } from '../keys/noticeText.ts'
import type { Policy } from '../keys/policy.ts'
import { type SavedDecision, signReceiptBundle } from '../keys/receiptBundle.ts'
import { Inconsistent } from '../keys/untrusted.ts'
import { DECISION_CLAIMS } from '../wire/generated/claims.ts'
import { type Octets, sameOctets, toHex } from '../wire/octets.ts'
import { decodeAs } from '../wire/shape.ts'
import { type Conversation, readerOf, type Situation } from './conversation.ts'
import type { DecisionRecord } from './decisionRecords.ts'
import { LONGER } from './keepingOpen.ts'
import type { KeptOpenRecord } from './keptOpenRecords.ts'
import { policyNamed } from './policy.ts'
import type { CustomerRecord } from './records.ts'

const FILE = 'sotto-decisions.json'

export interface Kept {
  readonly record: CustomerRecord
  readonly conversation: Conversation
  /** Of the group that runs. */
  readonly decisions: readonly DecisionRecord[]
  readonly keptOpen: readonly KeptOpenRecord[]
  /** The bundle that was believed last. */
  readonly trust: Uint8Array | null
}

/** Fetches the policy, and gives the file to the person. Rejects as the port does, or as `receiptsOf`. */
export const saveReceipts = async (
  { documents, files }: Pick<CustomerPorts, 'documents' | 'files'>,
  kept: Kept,
  by: Pick<Situation, 'signer' | 'now'>,
): Promise<void> => {
  const policy = await documents.policy(toHex(kept.conversation.facts.terms.policyDigest))
  files.save(FILE, await receiptsOf(kept, { ...by, policy }))
}

/** The file. `Untrusted` where these bytes are not the policy that was signed, or do not hold the words that were shown. */
export const receiptsOf = async (
  kept: Kept,
  { policy: octets, signer, now }: Pick<Situation, 'signer' | 'now'> & { readonly policy: Uint8Array },
): Promise<Octets> => {
  const { record, conversation, decisions, keptOpen, trust } = kept
  if (trust === null) throw new Inconsistent('nothing is believed yet')
  const policy = await policyNamed(octets, toHex(conversation.facts.terms.policyDigest))
  const start: SavedDecision = {
    decided: { signed: record.start, receipt: record.receipt },
    shown: await startParagraphs(kept, policy),
    about: null,
    withdrawn: null,
  }
  const others = conversation.facts.roster.filter(({ signatureKey }) => !sameOctets(signatureKey, signer.publicKey))
  const readers = others.map(({ identity, signatureKey }) => ({
    credential: identity,
    since: readerOf(conversation, signatureKey)?.since ?? conversation.openedAt,
  }))
  const saved = { savedAt: now, conversation: conversation.id, trust, policy: octets, readers }
  return signReceiptBundle({ ...saved, decisions: [start, ...keptOpen.map(longer), ...decisions.map(answered)] }, signer)
}

const longer = ({ decision, receipt, paragraphs }: KeptOpenRecord): SavedDecision => ({
  decided: { signed: decision, receipt },
  shown: paragraphs,
  about: { moment: LONGER, credential: null },
  withdrawn: null,
})

const answered = (record: DecisionRecord): SavedDecision => ({
  decided: { signed: record.decision, receipt: record.receipt },
  shown: record.paragraphs,
  about: { moment: record.moment, credential: parseKeyPackage(record.keyPackage).leafNode.identity },
  withdrawn: record.withdrawal === null ? null : { signed: record.withdrawal, receipt: record.withdrawalReceipt },
})

/** In the language in which the customer read them. */
const startParagraphs = async ({ record, conversation }: Kept, policy: Policy): Promise<readonly string[]> => {
  const { noticeDigest: wanted } = decodeAs(DECISION_CLAIMS, record.start.claims)
  for (const language of policy.languages.available) {
    const text = noticeText(policy, { notice: START, desk: conversation.facts.terms.desk, language })
    if (sameOctets(await noticeDigest(text), wanted)) return [...text.first, ...text.more]
  }
  throw new Inconsistent('a policy without the words that were shown')
}
