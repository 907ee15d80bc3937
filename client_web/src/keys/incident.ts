/** The incident notice: what an organisation tells the people whom a breach concerns. Signed by the issuing key; the relay's never suffices. */
import { INCIDENT_BYTES } from '../wire/generated/limits.ts'
import { countOf, inOrder, languageOf, plainTextOf, slugOf, tableOf, withExactly } from './documentFields.ts'
import { PAYLOAD_TYPE, parseEnvelope, verifyEnvelope } from './dsse.ts'
import { keysOf } from './root.ts'
import { type Json, parseStrictJson } from './strictJson.ts'
import { effectiveTime, type TrustState } from './trustChain.ts'
import { Inconsistent, Lapsed, Malformed } from './untrusted.ts'

/** Nature, likely consequences, measures, and what the reader can do: Art. 34(2), in this order. */
export type Parts = readonly [string, string, string, string]

/** It concerns conversations opened from `affectsFrom` until before `affectsTo`, and is shown until before `expires`. */
export interface Incident {
  readonly org: string
  readonly incident: string
  readonly issuedAt: number
  readonly affectsFrom: number
  readonly affectsTo: number
  readonly texts: ReadonlyMap<string, Parts>
  readonly contact: string
  readonly expires: number
}

export interface AskedOfIncident {
  readonly now: number
  /** The conversation was opened at some time from the first to the second. */
  readonly opened: readonly [earliest: number, latest: number] | null
}

const FIELDS = ['org', 'incident', 'issued_at', 'affects_from', 'affects_to', 'texts', 'contact', 'expires']
const PARTS = ['what_happened', 'consequences', 'what_we_did', 'what_you_can_do'] as const
const PART_CHARACTERS = 2_000
const CONTACT_CHARACTERS = 200
const LANGUAGES = 24
const LONGEST_LIFE_MS = 366 * 24 * 3600 * 1000

/**
 * The notice, if the organisation stands by it now and it concerns what was opened. `Malformed`, `BadSignature` (a removed issuing key
 * voids all it signed), `Inconsistent` (another organisation, or another conversation's), `Lapsed` (its time is over).
 */
export const judgeIncident = async (state: TrustState, envelope: Uint8Array, { now, opened }: AskedOfIncident): Promise<Incident> => {
  if (envelope.length > INCIDENT_BYTES) throw new Malformed('too large for a notice')
  const root = state.roots.newest.document
  const { threshold } = root.issuing
  const wanted = { type: PAYLOAD_TYPE.incident, keys: keysOf(root, root.issuing), threshold }
  const incident = incidentFields(await verifyEnvelope(parseEnvelope(envelope), wanted))
  if (incident.org !== state.trust.org) throw new Inconsistent('a notice of another organisation')
  if (effectiveTime(state, now) >= incident.expires) throw new Lapsed('the notice is over')
  if (opened !== null && (incident.affectsFrom > opened[1] || opened[0] >= incident.affectsTo)) {
    throw new Inconsistent('a notice that does not concern this conversation')
  }
  return incident
}

const incidentFields = (payload: Uint8Array): Incident => {
  const fields = withExactly(parseStrictJson(payload), FIELDS)
  const [issuedAt, expires] = [countOf(fields.get('issued_at')), countOf(fields.get('expires'))]
  const [affectsFrom, affectsTo] = [countOf(fields.get('affects_from')), countOf(fields.get('affects_to'))]
  inOrder(affectsFrom, affectsTo)
  inOrder(issuedAt, expires)
  if (expires > issuedAt + LONGEST_LIFE_MS) throw new Malformed('longer than a year')
  const texts = tableOf(fields.get('texts'), languageOf, partsOf)
  if (texts.size < 1 || texts.size > LANGUAGES) throw new Malformed('languages')
  return {
    org: slugOf(fields.get('org')),
    incident: slugOf(fields.get('incident')),
    issuedAt,
    affectsFrom,
    affectsTo,
    texts,
    contact: plainTextOf(fields.get('contact'), { limit: CONTACT_CHARACTERS, allowed: '' }),
    expires,
  }
}

const partsOf = (value: Json): Parts => {
  const fields = withExactly(value, PARTS)
  const part = (name: (typeof PARTS)[number]): string => plainTextOf(fields.get(name), { limit: PART_CHARACTERS, allowed: '\n' })
  return [part(PARTS[0]), part(PARTS[1]), part(PARTS[2]), part(PARTS[3])]
}
