/** The words of a notice exactly as they are shown and digested: its texts, with placeholders filled from the tables of the same file. */
import phraseBooks from '../../../keys/sotto_keys/shared/policy/notice_words.json'
import { type Octets, utf8 } from '../wire/octets.ts'
import { sha256 } from './digest.ts'
import { categoriesOf, maxDaysOf, type Policy, type Purpose, type Recipient, recipientsOf } from './policy.ts'
import { Malformed } from './untrusted.ts'

/** The notice before everything; it speaks for all purposes that a chat cannot do without. Any other has the id of its purpose. */
export const START = 'start'

export interface NoticeText {
  /** Shown at once. */
  readonly first: readonly string[]
  /** One step behind. */
  readonly more: readonly string[]
}

interface PhraseBook extends Omit<(typeof phraseBooks)['en'], 'rights' | 'countries'> {
  readonly rights: Readonly<Record<string, string>>
  readonly countries: Readonly<Record<string, string>>
}

/** Whom a card is about: the name in the credential, and the desk it is of. */
export interface Newcomer {
  readonly name: string
  readonly desk: string
}

export interface Told {
  readonly notice: string
  readonly desk: string
  readonly language: string
  readonly newcomer?: Newcomer
}

interface Telling {
  readonly policy: Policy
  readonly language: string
  readonly desk: string
  readonly newcomer: Newcomer
  readonly purposes: readonly Purpose[]
  readonly phrases: PhraseBook
}

const BOOKS: Readonly<Record<string, PhraseBook>> = phraseBooks
const NOBODY: Newcomer = { name: '', desk: '' }
const PARAGRAPH = '\n\n'
const HOLE = /\{([a-z_]+)\}/g
/** Languages disagree about what else is white. */
const EDGES = /^[ \t\r\n]+|[ \t\r\n]+$/g

/** `Malformed` for a notice, desk or language that the policy does not have, or a placeholder that nobody knows. */
export const noticeText = (policy: Policy, { notice, desk, language, newcomer = NOBODY }: Told): NoticeText => {
  const found = policy.notices.find((each) => each.id === notice)
  const label = policy.desks.find((each) => each.id === desk)?.label.get(language)
  const phrases = BOOKS[language]
  const text = found?.text.get(language)
  if (found === undefined || label === undefined || phrases === undefined || text === undefined) throw new Malformed(`notice ${notice}`)
  const telling = { policy, language, desk: label, newcomer, purposes: purposesTold(policy, notice), phrases }
  return { first: filled(text, telling), more: filled(found.more.get(language) ?? '', telling) }
}

/** SHA-256 of all paragraphs joined by an empty line, UTF-8. */
export const noticeDigest = ({ first, more }: NoticeText): Promise<Octets> => sha256(utf8([...first, ...more].join(PARAGRAPH)))

/** The purposes a notice speaks about. */
export const purposesTold = (policy: Policy, notice: string): readonly Purpose[] =>
  policy.purposes.filter((each) => (notice === START ? each.requiredForChat : each.id === notice))

const filled = (text: string, telling: Telling): readonly string[] => {
  if (/[{}]/.test(text.replaceAll(HOLE, ''))) throw new Malformed('unbalanced braces')
  // Split before filling: a table must not be able to make a paragraph of its own.
  return text
    .split(PARAGRAPH)
    .map((paragraph) => paragraph.replaceAll(HOLE, (_, name: string) => filling(name, telling)).replaceAll(EDGES, ''))
    .filter((paragraph) => paragraph !== '')
}

const filling = (name: string, telling: Telling): string => {
  const { policy, phrases } = telling
  switch (name) {
    case 'controller':
      return policy.controller.name
    case 'contact':
      return policy.controller.contact
    case 'desk':
      return telling.desk
    case 'purposes':
      return telling.purposes.map((each) => each.label.get(telling.language) ?? each.id).join(phrases.separator)
    case 'categories':
      return categoryWords(telling)
    case 'recipients':
      return recipientWords(telling)
    case 'retention':
      return retentionWords(telling)
    case 'rights':
      return rightsWords(telling)
    case 'authority':
      return authorityWords(telling)
    case 'withdraw':
      return phrases.withdraw
    case 'newcomer':
      return telling.newcomer.name
    case 'newcomer_desk':
      return newcomerDesk(telling)
    default:
      throw new Malformed(`placeholder ${name}`)
  }
}

const newcomerDesk = ({ policy, language, newcomer, desk }: Telling): string =>
  policy.desks.find(({ id }) => id === newcomer.desk)?.label.get(language) || newcomer.desk || desk

const put = (form: string, words: Readonly<Record<string, string>>): string =>
  Object.entries(words).reduce((text, [name, word]) => text.replace(`{${name}}`, () => word), form)

const categoryWords = ({ policy, purposes, language, phrases }: Telling): string => {
  const labels = new Map<string, string>()
  const needed = new Set<string>()
  for (const purpose of purposes) {
    for (const category of categoriesOf(policy, purpose)) {
      labels.set(category.id, category.label.get(language) ?? category.id)
      if (!purpose.optionalCategories.includes(category.id)) needed.add(category.id)
    }
  }
  return [...labels].map(([id, label]) => (needed.has(id) ? label : put(phrases.optional, { label }))).join(phrases.separator)
}

const recipientWords = ({ policy, purposes, phrases }: Telling): string => {
  const found = new Map(purposes.flatMap((purpose) => recipientsOf(policy, purpose)).map((each) => [each.id, each]))
  const words = [...found.values()].map((each) => recipientLine(each, phrases))
  return words.join(phrases.separator) || phrases.nobody
}

const recipientLine = ({ name, country, sees }: Recipient, phrases: PhraseBook): string =>
  put(sees === 'plaintext' ? phrases.recipient_plaintext : phrases.recipient, { country: phrases.countries[country] ?? country, name })

const retentionWords = ({ policy, purposes, language, phrases }: Telling): string => {
  const periods = purposes.map((purpose) => periodWords(maxDaysOf(policy, purpose), phrases))
  if (periods.length === 1) return periods[0] ?? ''
  const labels = purposes.map((purpose) => purpose.label.get(language) ?? purpose.id)
  return periods.map((period, index) => put(phrases.each, { period, label: labels[index] ?? '' })).join(phrases.separator)
}

const periodWords = (days: number | null, phrases: PhraseBook): string => {
  if (days === null) return phrases.no_end
  if (days === 0) return phrases.not_kept
  return days === 1 ? phrases.day : put(phrases.days, { n: String(days) })
}

const rightsWords = ({ policy, phrases }: Telling): string => {
  const families = new Set(policy.profiles.map((each) => each.split('@')[0] ?? ''))
  return [...families].flatMap((family) => phrases.rights[family] ?? []).join(' ')
}

const authorityWords = ({ policy, phrases }: Telling): string => {
  const { authority } = policy.controller
  return authority === null ? '' : put(phrases.authority, { url: authority.url, name: authority.name })
}
