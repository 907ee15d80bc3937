/** What a decision binds of a purpose: its fields in a fixed order, one a line (docs/protocol.md 2.4). */
import { type Octets, utf8 } from '../wire/octets.ts'
import { sha256 } from './digest.ts'
import { type Category, categoriesOf, maxDaysOf, type Policy, type Purpose, recipientsOf } from './policy.ts'

const NONE = '-'

export const purposeDigest = (policy: Policy, purpose: Purpose): Promise<Octets> => sha256(purposeProjection(policy, purpose))

export const purposeProjection = (policy: Policy, purpose: Purpose): Octets => {
  const { controller } = policy
  const lines = [
    'sotto-purpose/1',
    `controller ${controller.name}`,
    `legal_id ${controller.legalId || NONE}`,
    `purpose ${purpose.id} ${purpose.dpv}`,
    ...[...purpose.label].sort(byName).map(([language, label]) => `label ${language} ${label}`),
    `basis ${purpose.lawfulBasis}`,
    ...[...categoriesOf(policy, purpose)].sort(byId).map((each) => `category ${categoryWords(each, purpose)}`),
    ...[...recipientsOf(policy, purpose)].sort(byId).map((each) => `recipient ${each.id} ${each.role} ${each.country} ${each.sees}`),
    `max_days ${maxDaysOf(policy, purpose) ?? NONE}`,
    `automated ${purpose.automated}`,
    `validity_days ${purpose.consent?.validityDays ?? NONE}`,
  ]
  return utf8(lines.map((line) => `${line}\n`).join(''))
}

const categoryWords = (category: Category, purpose: Purpose): string => {
  const need = purpose.optionalCategories.includes(category.id) ? 'optional' : 'needed'
  return `${category.id} ${category.dpv} ${category.special ? 'special' : 'plain'} ${category.e2ee ? 'e2ee' : 'open'} ${need}`
}

/** By code unit, never by locale: ids and languages are ASCII, so this is Python's order. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byId = (a: { readonly id: string }, b: { readonly id: string }): number => compare(a.id, b.id)
const byName = (a: readonly [string, string], b: readonly [string, string]): number => compare(a[0], b[0])
