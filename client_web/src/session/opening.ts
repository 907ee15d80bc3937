/** Opening a conversation at the customer's device: what is checked before anything is stored or sent, and what Start makes. */
import type { PageConfig, Ports, StoredKeys } from '../core/ports.ts'
import type { Problem } from '../core/views.ts'
import { signDecision } from '../keys/decision.ts'
import { sha256 } from '../keys/digest.ts'
import { newKeyPair, type Signer, signerFromCryptoKey } from '../keys/ed25519.ts'
import { createGroup, groupInfo } from '../keys/mls/library.ts'
import { wholeMemory } from '../keys/mls/memory.ts'
import { customerIdentity, encodeTerms, groupIdOf } from '../keys/terms.ts'
import { freshness, type TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { newSealingKey } from '../store/sealed.ts'
import type { DecisionClaims, GroupTerms, Predecessor } from '../wire/generated/claims.ts'
import { CONVERSATION_LIFE_MS } from '../wire/generated/limits.ts'
import { type Conversation, withState } from './conversation.ts'
import { policyInForce, type StartNotice, startNotice } from './policy.ts'
import type { CustomerRecord } from './records.ts'

const CONVERSATION_BYTES = 16
const NONCE_BYTES = 16
const FIRST_GROUP = 1

export type Noticed = { readonly kind: 'notice'; readonly notice: StartNotice } | { readonly kind: 'stopped'; readonly problem: Problem }

/** The notice to show, from documents that verified. */
export const prepareNotice = async (
  trust: TrustState,
  { ports, page }: { readonly ports: Pick<Ports, 'documents' | 'clock' | 'languages'>; readonly page: PageConfig },
): Promise<Noticed> => {
  const now = ports.clock.now()
  if (freshness(trust, now) !== 'fresh') return stopped('trust_expired', 'lapsed')
  const policy = policyInForce(trust, now)
  if (policy === null) return stopped('policy_unlisted', 'none')
  let octets: Uint8Array
  try {
    octets = await ports.documents.policy(policy.digest)
  } catch {
    return stopped('relay_unreachable', 'policy')
  }
  try {
    return { kind: 'notice', notice: await startNotice(octets, { digest: policy.digest, desk: page.desk, languages: ports.languages }) }
  } catch (error) {
    if (error instanceof Untrusted) return stopped('policy_unlisted', error.reason)
    throw error
  }
}

export interface Made {
  readonly keys: StoredKeys
  readonly signer: Signer
  readonly record: CustomerRecord
  readonly conversation: Conversation
}

/** What one click on Start makes: the customer key, the signed team admission and the group that names both. Nothing is stored or sent yet. */
export const makeConversation = async (
  ports: Ports,
  {
    page,
    root,
    trust,
    notice,
    now,
  }: {
    readonly page: PageConfig
    readonly root: Uint8Array
    readonly trust: TrustState
    readonly notice: StartNotice
    /** Unix milliseconds of the relay's clock, as far as it is known. */
    readonly now: number
  },
): Promise<Made> => {
  const { pair, publicKey } = await newKeyPair()
  const keys = { sealing: await newSealingKey(), device: pair, devicePublic: publicKey }
  const signer = signerFromCryptoKey(pair.privateKey, publicKey)
  const id = ports.entropy(CONVERSATION_BYTES)
  const claims: DecisionClaims = {
    conversation: id,
    customerKey: publicKey,
    answer: 'given',
    admits: { tag: 'team', desk: page.desk },
    purpose: notice.purpose,
    history: 'new_messages',
    policyDigest: notice.policyDigest,
    noticeDigest: notice.noticeDigest,
    decidedAt: now,
    expiresAt: now + CONVERSATION_LIFE_MS,
    nonce: ports.entropy(NONCE_BYTES),
    request: null,
  }
  const { deskLabel } = notice.view
  return { keys, signer, ...(await makeGroup(claims, { site: page.site, root, trust, signer, chain: [], deskLabel })) }
}

export interface Grounds {
  readonly site: string
  readonly root: Uint8Array
  readonly trust: TrustState
  readonly signer: Signer
  /** The lines of the groups before. */
  readonly chain: readonly Predecessor[]
  readonly deskLabel: string
}

/** The group of epoch 0 in which this start decision stands, after the groups of `chain`. */
export const makeGroup = async (claims: DecisionClaims, grounds: Grounds): Promise<Pick<Made, 'record' | 'conversation'>> => {
  const { signer, trust, chain, deskLabel } = grounds
  const { conversation: id, decidedAt: now } = claims
  const start = await signDecision(claims, signer)
  const startDigest = await sha256(start.claims)
  const terms = encodeTerms(termsOf(claims, { ...grounds, startDigest }))
  const group = chain.length + 1
  const state = await createGroup({ groupId: groupIdOf(id, group), identity: customerIdentity(signer.publicKey), signer, terms, now })
  const made = { conversation: id, start, startDigest, groupInfo: await groupInfo(state, signer), receipt: null }
  const memory = wholeMemory([{ digest: startDigest, claims }])
  const conversation = await withState({ ...blank(id, now), group, memory }, { state, trust })
  return { record: { ...made, deskLabel, ahead: 0, onCall: [], chain }, conversation }
}

const termsOf = (
  { customerKey, policyDigest, admits }: DecisionClaims,
  { site, root, chain, startDigest }: Grounds & { readonly startDigest: Uint8Array },
): GroupTerms => ({
  version: 1,
  root,
  site,
  desk: admits.tag === 'team' ? admits.desk : '',
  customerKey,
  recoveryKey: null,
  policyDigest,
  chain,
  standing: [startDigest],
})

/** A conversation in which nothing has happened. */
export const blank = (id: Uint8Array, now: number) =>
  ({
    id,
    group: FIRST_GROUP,
    stage: 'waiting',
    openedAt: now,
    closesAt: now + CONVERSATION_LIFE_MS,
    cursor: 0,
    number: 0,
    delivered: 0,
    unread: 0,
    isOld: 0,
    broken: null,
    admission: null,
    outbox: [],
    entries: [],
    counters: [],
    unanswered: [],
    earlier: [],
    goesOnIn: 0,
    withdrawn: [],
    answered: [],
    pending: null,
  }) as const

export const stopped = (code: Problem['code'], detail: string): Noticed & { kind: 'stopped' } => ({
  kind: 'stopped',
  problem: { code, detail },
})
