/** The card of a moment, from a policy file: its exact words, its purpose, how long an answer counts (docs/protocol.md 2.5). */
import type { Credential } from '../keys/credential.ts'
import { noticeDigest, noticeText } from '../keys/noticeText.ts'
import { languageFor, type Policy, type Purpose } from '../keys/policy.ts'
import { MOMENTS, type Moment, type Row } from '../wire/generated/moments.ts'
import type { Octets } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'

const DAY_MS = 24 * 3600 * 1000
const CONSENT = 'consent'

export interface Card {
  readonly moment: Moment
  readonly row: Row
  readonly purpose: string
  /** Shown at once. */
  readonly paragraphs: readonly string[]
  /** One step behind. */
  readonly more: readonly string[]
  readonly noticeDigest: Octets
  /** How long a yes counts; null: for the conversation. */
  readonly validForMs: number | null
}

export interface About {
  readonly moment: string
  readonly desk: string
  readonly newcomer: Credential
  readonly languages: readonly string[]
}

/** The moment of that name; null for a name that none has. */
export const momentNamed = (name: string): Moment | null => (isMoment(name) ? name : null)

/** The questions this policy allows, in the order of the table. */
export const momentsOf = (policy: Policy): readonly Moment[] =>
  Object.keys(MOMENTS).filter((name): name is Moment => isMoment(name) && purposeFor(policy, name) !== null)

/** The words of this moment for this newcomer; `Refused('not_offered')` where it may not be asked. */
export const cardOf = async (policy: Policy, { moment, desk, newcomer, languages }: About): Promise<Card> => {
  const known = momentNamed(moment)
  const purpose = known === null ? null : purposeFor(policy, known)
  if (known === null || purpose === null) throw new Refused('not_offered', moment)
  const row = MOMENTS[known]
  const language = languageFor(policy, languages)
  const about = { name: newcomer.name, desk: newcomer.desks[0] ?? '' }
  const text = noticeText(policy, { notice: known, desk, language, newcomer: about })
  const days = row.purpose === null ? null : (purpose.consent?.validityDays ?? null)
  return {
    moment: known,
    row,
    purpose: purpose.id,
    paragraphs: text.first,
    more: text.more,
    noticeDigest: await noticeDigest(text),
    validForMs: days === null ? null : days * DAY_MS,
  }
}

const isMoment = (name: string): name is Moment => Object.hasOwn(MOMENTS, name)

/** The purpose it is asked under; null where the moment lets nobody in, is not there yet, or the policy lacks its words or purpose. */
const purposeFor = (policy: Policy, moment: Moment): Purpose | null => {
  const row = MOMENTS[moment]
  const hasWords = policy.notices.some(({ id }) => id === moment)
  if (!row.isOffered || row.guest === null || !hasWords) return null
  return policy.purposes.find((purpose) => isPurposeOf(row, purpose)) ?? null
}

const isPurposeOf = (row: Row, { id, requiredForChat, lawfulBasis }: Purpose): boolean =>
  row.purpose === null ? requiredForChat : id === row.purpose && lawfulBasis === CONSENT
