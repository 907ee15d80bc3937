/** Reads the policy file that the trust document names, and builds the start notice exactly as it is digested. */
import { parse, type TomlTable, type TomlValue } from 'smol-toml'
import type { NoticeView } from '../core/views.ts'
import { sha256 } from '../keys/digest.ts'
import type { PolicyEntry } from '../keys/trust.ts'
import { effectiveTime, type TrustState } from '../keys/trustChain.ts'
import { Inconsistent, Malformed } from '../keys/untrusted.ts'
import { fromHex, fromUtf8, type Octets, sameOctets, utf8 } from '../wire/octets.ts'

export interface StartNotice {
  readonly view: NoticeView
  readonly purpose: string
  readonly policyDigest: Octets
  /** SHA-256 of the paragraphs as shown, joined by an empty line. */
  readonly noticeDigest: Octets
}

const START = 'start'
const SCHEMA = 'sotto-privacy/1'

/** The policy in force, the newest where several are; null where none is. */
export const policyInForce = (state: TrustState, now: number): PolicyEntry | null => {
  const at = effectiveTime(state, now)
  const inForce = state.trust.policies.filter((policy) => policy.nbf <= at && at < policy.exp)
  return inForce.sort((a, b) => b.nbf - a.nbf)[0] ?? null
}

/** The start notice of a policy file; `Inconsistent` where its bytes are not those the trust document names, `Malformed` where it lacks something. */
export const startNotice = async (
  octets: Uint8Array,
  { digest, desk }: { readonly digest: string; readonly desk: string },
): Promise<StartNotice> => {
  const policyDigest = await sha256(octets)
  if (!sameOctets(policyDigest, fromHex(digest))) throw new Inconsistent('other bytes than the trust document names')
  const policy = tomlOf(octets)
  if (policy['schema'] !== SCHEMA) throw new Malformed('schema')
  const language = textAt(tableAt(policy, 'languages'), 'default')
  const controller = tableAt(policy, 'controller')
  const label = textAt(tableAt(entryOf(policy, 'desks', desk), 'label'), language)
  const text = textAt(tableAt(entryOf(policy, 'notices', START), 'text'), language)
  const paragraphs = paragraphsOf(text, { controller: textAt(controller, 'name'), desk: label })
  const view = { controller: textAt(controller, 'name'), deskLabel: label, paragraphs, contact: textAt(controller, 'contact') }
  return { view, purpose: purposeOf(policy), policyDigest, noticeDigest: await sha256(utf8(paragraphs.join('\n\n'))) }
}

const paragraphsOf = (text: string, words: { readonly controller: string; readonly desk: string }): readonly string[] =>
  text
    .replaceAll('{controller}', () => words.controller)
    .replaceAll('{desk}', () => words.desk)
    .split('\n\n')
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')

const purposeOf = (policy: TomlTable): string => {
  const required = listAt(policy, 'purposes').find((purpose) => purpose['required_for_chat'] === true)
  if (required === undefined) throw new Malformed('no purpose')
  return textAt(required, 'id')
}

const tomlOf = (octets: Uint8Array): TomlTable => {
  const text = fromUtf8(octets)
  if (text === null) throw new Malformed('not UTF-8')
  try {
    return parse(text)
  } catch {
    throw new Malformed('not TOML')
  }
}

const isTable = (value: TomlValue | undefined): value is TomlTable =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)

const tableAt = (table: TomlTable, name: string): TomlTable => {
  const value = table[name]
  if (!isTable(value)) throw new Malformed(name)
  return value
}

const textAt = (table: TomlTable, name: string): string => {
  const value = table[name]
  if (typeof value !== 'string' || value === '') throw new Malformed(name)
  return value
}

const listAt = (table: TomlTable, name: string): readonly TomlTable[] => {
  const value = table[name]
  if (!Array.isArray(value) || !value.every(isTable)) throw new Malformed(name)
  return value
}

const entryOf = (table: TomlTable, list: string, id: string): TomlTable => {
  const entry = listAt(table, list).find((each) => each['id'] === id)
  if (entry === undefined) throw new Malformed(`${list}.${id}`)
  return entry
}
