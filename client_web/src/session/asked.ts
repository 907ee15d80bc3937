/** A question as the customer's device judges it, before anything is shown: who it is about, under which words, and whether it may be asked. */
import type { Credential } from '../keys/credential.ts'
import { documentDigest, parseEnvelope } from '../keys/dsse.ts'
import { verifyKeyPackage } from '../keys/mls/keyPackage.ts'
import { parseKeyPackage } from '../keys/mls/parse.ts'
import { type Policy, recipientsOf } from '../keys/policy.ts'
import { fits, mayServe } from '../keys/purposes.ts'
import { openRequest } from '../keys/request.ts'
import { judgeCredential, type TrustState } from '../keys/trustChain.ts'
import { Inconsistent, Lapsed } from '../keys/untrusted.ts'
import type { CustomerAsked } from '../wire/generated/frames.ts'
import { OPTIONAL_EVERY_MS, OPTIONAL_PER_CONVERSATION } from '../wire/generated/limits.ts'
import { MOMENTS } from '../wire/generated/moments.ts'
import { sameOctets } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { type Card, cardOf, momentNamed } from './cards.ts'
import { type Conversation, readerOf } from './conversation.ts'
import type { DecisionRecord } from './decisionRecords.ts'

const THIRD_PARTY = 'third_party'

/** One that may be shown. */
export interface Question {
  readonly request: Uint8Array
  readonly digest: Uint8Array
  readonly keyPackage: Uint8Array
  readonly newcomer: Credential
  readonly card: Card
  readonly askedAt: number
  readonly endsAt: number
}

export interface Judging {
  readonly conversation: Conversation
  readonly policy: Policy
  readonly languages: readonly string[]
  readonly trust: TrustState
  readonly now: number
  readonly answered: readonly DecisionRecord[]
  /** Purposes that another policy has ended in this conversation. */
  readonly ended: ReadonlySet<string>
  /** The browser asks sites not to share: nobody is asked for a purpose that gives something to a third party. */
  readonly optsOut: boolean
}

/** The relay's word is believed in nothing: `Untrusted` or `Refused` where anything does not hold. */
export const judgeAsked = async (frame: CustomerAsked, judging: Judging): Promise<Question> => {
  const { conversation, policy, languages, trust, now } = judging
  const { terms } = conversation.facts
  const envelope = parseEnvelope(frame.request)
  const request = await openRequest(envelope, trust.trust)
  const isOurs = sameOctets(request.conversation, conversation.id) && sameOctets(request.policyDigest, terms.policyDigest)
  if (!isOurs || request.org !== trust.trust.org) throw new Inconsistent('a request of another conversation or policy')
  if (now >= request.expiresAt) throw new Lapsed('a request that is over')
  const keyPackage = parseKeyPackage(frame.keyPackage)
  const { signatureKey, identity } = keyPackage.leafNode
  const at = Math.max(now, conversation.memory.committedAt)
  await verifyKeyPackage(keyPackage, at)
  const newcomer = await judgeCredential(trust, identity, { at, leafKey: signatureKey })
  const isTheOne = newcomer.credId === request.credential && sameOctets(newcomer.leafKey, request.leafKey)
  if (!isTheOne || readerOf(conversation, signatureKey) !== null) throw new Inconsistent('a request about another device')
  const card = await cardOf(policy, { moment: request.moment, desk: terms.desk, newcomer, languages })
  const { guest } = card.row
  const mayCome = guest !== null && fits(guest, newcomer, terms.desk) && mayServe(card.purpose, newcomer)
  if (!mayCome || card.purpose !== request.purpose) throw new Refused('not_admitted', 'not whom the moment lets in')
  checkTerms(card, judging)
  checkCount(card, judging)
  const digest = await documentDigest(envelope)
  const { requestedAt: askedAt, expiresAt: endsAt } = request
  return { request: frame.request, digest, keyPackage: frame.keyPackage, newcomer, card, askedAt, endsAt }
}

const checkTerms = ({ purpose }: Card, { ended, optsOut, policy }: Judging): void => {
  if (ended.has(purpose)) throw new Refused('not_offered', 'the policy in force asks for more')
  const told = policy.purposes.filter(({ id }) => id === purpose).flatMap((each) => recipientsOf(policy, each))
  if (optsOut && told.some(({ role }) => role === THIRD_PARTY)) throw new Refused('not_offered', 'the browser asks not to share')
}

/** Questions that the chat can do without are rare, whatever the relay says (EDPB 03/2022: overloading). */
const checkCount = ({ row }: Card, { answered, now }: Judging): void => {
  if (!row.isOptional) return
  const optional = answered.filter(({ moment }) => isOptional(moment))
  const isTooSoon = optional.some(({ askedAt }) => now - askedAt < OPTIONAL_EVERY_MS)
  if (isTooSoon || optional.length >= OPTIONAL_PER_CONVERSATION) throw new Refused('too_fast', 'asked often enough')
}

const isOptional = (name: string): boolean => {
  const moment = momentNamed(name)
  return moment !== null && MOMENTS[moment].isOptional
}
