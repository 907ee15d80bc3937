/** The policy file, as far as a client needs it (docs/protocol.md 2.3). Whether the rest is in order is the officer's and the relay's to check. */
import { flagAt, readToml, type TomlTable, tableAt, tablesAt, textAt, textsAt, wholeAt, wholeOrNullAt, wordsAt } from './toml.ts'
import { Malformed } from './untrusted.ts'

export type Words = ReadonlyMap<string, string>

export interface Category {
  readonly id: string
  readonly dpv: string
  readonly label: Words
  readonly e2ee: boolean
  readonly special: boolean
}

export interface Recipient {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly country: string
  readonly sees: string
}

export interface Retention {
  /** Null: no end is named. */
  readonly maxDays: number | null
  readonly clock: string
}

export interface Consent {
  readonly validityDays: number | null
  readonly granularity: string
  readonly reaskAfterRefusalDays: number
  readonly explicit: boolean
}

export interface Purpose {
  readonly id: string
  readonly dpv: string
  readonly label: Words
  readonly lawfulBasis: string
  readonly requiredForChat: boolean
  readonly categories: readonly string[]
  readonly optionalCategories: readonly string[]
  readonly recipients: readonly string[]
  readonly retention: string
  readonly automated: boolean
  readonly consent: Consent | null
}

export interface Notice {
  readonly id: string
  readonly version: number
  readonly text: Words
  readonly more: Words
}

export interface Policy {
  readonly controller: {
    readonly name: string
    readonly legalId: string
    readonly contact: string
    readonly authority: { readonly name: string; readonly url: string } | null
  }
  readonly profiles: readonly string[]
  readonly honoursGpc: boolean
  readonly languages: { readonly default: string; readonly available: readonly string[] }
  readonly desks: readonly { readonly id: string; readonly label: Words }[]
  readonly categories: readonly Category[]
  readonly purposes: readonly Purpose[]
  readonly retention: ReadonlyMap<string, Retention>
  readonly recipients: readonly Recipient[]
  readonly notices: readonly Notice[]
  /** Which role may be let in for which purposes. */
  readonly roles: ReadonlyMap<string, readonly string[]>
}

const SCHEMA = 'sotto-privacy/1'
const REASK_DAYS = 180

/** The policy in these bytes, or `Malformed`. */
export const readPolicy = (octets: Uint8Array): Policy => {
  const file = readToml(octets)
  if (file['schema'] !== SCHEMA) throw new Malformed('schema')
  const jurisdictions = tableAt(file, 'jurisdictions')
  const languages = tableAt(file, 'languages')
  return {
    controller: controllerOf(tableAt(file, 'controller')),
    profiles: textsAt(jurisdictions, 'profiles'),
    honoursGpc: jurisdictions['ccpa'] !== undefined && flagAt(tableAt(jurisdictions, 'ccpa'), 'honour_gpc'),
    languages: { default: textAt(languages, 'default'), available: textsAt(languages, 'available') },
    desks: tablesAt(file, 'desks').map((desk) => ({ id: textAt(desk, 'id'), label: wordsAt(desk, 'label') })),
    categories: tablesAt(file, 'categories').map(categoryOf),
    purposes: tablesAt(file, 'purposes').map(purposeOf),
    retention: tablesIn(tableAt(file, 'retention'), retentionOf),
    recipients: tablesAt(file, 'recipients').map(recipientOf),
    notices: tablesAt(file, 'notices').map(noticeOf),
    roles: rolesOf(tableAt(tableAt(file, 'access'), 'roles')),
  }
}

/** The first of the wanted languages that the policy has (`de-AT` finds `de`), else its default. */
export const languageFor = (policy: Policy, wanted: readonly string[]): string => {
  return languageAmong(policy.languages.available, wanted) ?? policy.languages.default
}

export const languageAmong = (available: readonly string[], wanted: readonly string[]): string | undefined => {
  for (const each of wanted) {
    const found = available.find((one) => one === each) ?? available.find((one) => one === each.split('-')[0])
    if (found !== undefined) return found
  }
  return undefined
}

/** In the order of the file; ids that name nothing are left out, the officer's check reports them. */
export const categoriesOf = (policy: Policy, purpose: Purpose): readonly Category[] =>
  policy.categories.filter((each) => purpose.categories.includes(each.id))

export const recipientsOf = (policy: Policy, purpose: Purpose): readonly Recipient[] =>
  policy.recipients.filter((each) => purpose.recipients.includes(each.id))

/** Null where no end is named. */
export const maxDaysOf = (policy: Policy, purpose: Purpose): number | null => policy.retention.get(purpose.retention)?.maxDays ?? null

const controllerOf = (table: TomlTable): Policy['controller'] => {
  const authority = table['authority'] === undefined ? null : tableAt(table, 'authority')
  return {
    name: textAt(table, 'name'),
    legalId: textAt(table, 'legal_id', ''),
    contact: textAt(table, 'contact'),
    authority: authority && { name: textAt(authority, 'name'), url: textAt(authority, 'url') },
  }
}

const categoryOf = (table: TomlTable): Category => ({
  id: textAt(table, 'id'),
  dpv: textAt(table, 'dpv'),
  label: wordsAt(table, 'label'),
  e2ee: flagAt(table, 'e2ee'),
  special: flagAt(table, 'special'),
})

const purposeOf = (table: TomlTable): Purpose => ({
  id: textAt(table, 'id'),
  dpv: textAt(table, 'dpv'),
  label: wordsAt(table, 'label'),
  lawfulBasis: textAt(table, 'lawful_basis', ''),
  requiredForChat: flagAt(table, 'required_for_chat'),
  categories: textsAt(table, 'categories'),
  optionalCategories: textsAt(table, 'optional_categories'),
  recipients: textsAt(table, 'recipients'),
  retention: textAt(table, 'retention'),
  automated: flagAt(table, 'automated', false),
  consent: table['consent'] === undefined ? null : consentOf(tableAt(table, 'consent')),
})

const consentOf = (table: TomlTable): Consent => ({
  validityDays: wholeOrNullAt(table, 'validity_days'),
  granularity: textAt(table, 'granularity', 'per_conversation'),
  reaskAfterRefusalDays: wholeOrNullAt(table, 'reask_after_refusal_days') ?? REASK_DAYS,
  explicit: flagAt(table, 'explicit', false),
})

const retentionOf = (table: TomlTable): Retention => ({ maxDays: wholeOrNullAt(table, 'max_days'), clock: textAt(table, 'clock') })

const recipientOf = (table: TomlTable): Recipient => ({
  id: textAt(table, 'id'),
  name: textAt(table, 'name'),
  role: textAt(table, 'role'),
  country: textAt(table, 'country'),
  sees: textAt(table, 'sees'),
})

const noticeOf = (table: TomlTable): Notice => ({
  id: textAt(table, 'id'),
  version: wholeAt(table, 'version'),
  text: wordsAt(table, 'text'),
  more: wordsAt(table, 'more'),
})

const rolesOf = (table: TomlTable): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.keys(table).map((role) => [role, textsAt(table, role)]))

const tablesIn = <T>(table: TomlTable, read: (one: TomlTable) => T): ReadonlyMap<string, T> =>
  new Map(Object.keys(table).map((name) => [name, read(tableAt(table, name))]))
