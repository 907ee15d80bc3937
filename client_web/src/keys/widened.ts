/** Whether a purpose asks for more than what somebody agreed to. Until it does, an earlier decision stays current. */
import { categoriesOf, maxDaysOf, type Policy, type Purpose, recipientsOf } from './policy.ts'

const CONSENT = 'consent'

interface Use {
  readonly policy: Policy
  readonly purpose: Purpose
}

/** Every way in which the new goes beyond the old; empty where a decision on the old stays current. */
export const widened = (old: Use, next: Use): readonly string[] => [
  ...(sameController(old.policy, next.policy) ? [] : ['controller']),
  ...(next.purpose.dpv === old.purpose.dpv ? [] : ['purpose']),
  ...((next.purpose.lawfulBasis === CONSENT) === (old.purpose.lawfulBasis === CONSENT) ? [] : ['basis']),
  ...categoriesWidened(old, next),
  ...recipientsWidened(old, next),
  ...(daysOf(next) > daysOf(old) ? ['kept_longer'] : []),
  ...(next.purpose.automated && !old.purpose.automated ? ['automated'] : []),
]

const sameController = (a: Policy, b: Policy): boolean =>
  a.controller.name === b.controller.name && a.controller.legalId === b.controller.legalId

/** A class that is missing or has no end counts as for ever. */
const daysOf = ({ policy, purpose }: Use): number => maxDaysOf(policy, purpose) ?? Number.POSITIVE_INFINITY

const categoriesWidened = (old: Use, next: Use): readonly string[] =>
  sorted(categoriesOf(next.policy, next.purpose)).flatMap((category) => {
    const before = categoriesOf(old.policy, old.purpose).find((each) => each.id === category.id)
    if (before === undefined) return [`category ${category.id}`]
    const wasOptional = old.purpose.optionalCategories.includes(category.id)
    const isOptional = next.purpose.optionalCategories.includes(category.id)
    return [
      ...(wasOptional && !isOptional ? [`category_needed ${category.id}`] : []),
      ...(category.special && !before.special ? [`category_special ${category.id}`] : []),
      ...(before.e2ee && !category.e2ee ? [`category_open ${category.id}`] : []),
    ]
  })

const recipientsWidened = (old: Use, next: Use): readonly string[] =>
  sorted(recipientsOf(next.policy, next.purpose)).flatMap((recipient) => {
    const before = recipientsOf(old.policy, old.purpose).find((each) => each.id === recipient.id)
    if (before === undefined) return [`recipient ${recipient.id}`]
    const isChanged = recipient.role !== before.role || recipient.country !== before.country
    const nowReads = recipient.sees === 'plaintext' && before.sees !== 'plaintext'
    return [...(isChanged ? [`recipient_changed ${recipient.id}`] : []), ...(nowReads ? [`recipient_plaintext ${recipient.id}`] : [])]
  })

const sorted = <T extends { readonly id: string }>(items: readonly T[]): readonly T[] =>
  [...items].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
