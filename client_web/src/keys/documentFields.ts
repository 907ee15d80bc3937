/** Reads the fields of a strictly parsed document: each once, of its kind, and none unknown. Meaning belongs to the documents. */
import { fromBase64Url, fromHex, type Octets } from '../wire/octets.ts'
import type { Json, JsonObject } from './strictJson.ts'
import { Malformed } from './untrusted.ts'

type Value = Json | undefined

const SLUG = /^[a-z0-9][a-z0-9_.-]{0,63}$/u
const LANGUAGE = /^[a-z]{2,3}(-[A-Z]{2})?$/u
const HEX32 = /^[0-9a-f]{64}$/u
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u
/** Persian and Hindi are misspelt without them. */
const JOINERS = '\u200c\u200d'
const VERSION_LIMIT = 2 ** 31
const NAME_CHARACTERS = 80

export const objectOf = (value: Value): JsonObject => {
  if (!(value instanceof Map)) throw new Malformed('object')
  return value
}

/** The object, when its keys are exactly `names`. */
export const withExactly = (value: Value, names: readonly string[]): JsonObject => {
  const object = objectOf(value)
  if (object.size !== names.length || names.some((name) => !object.has(name))) throw new Malformed('fields')
  return object
}

export const listOf = <T>(value: Value, read: (item: Json) => T, limit = Infinity): readonly T[] => {
  if (!Array.isArray(value) || value.length > limit) throw new Malformed('list')
  return value.map((item: Json) => read(item))
}

/** An object whose keys are all of one kind, as a map. */
export const tableOf = <T>(value: Value, key: (name: Json) => string, read: (item: Json) => T): ReadonlyMap<string, T> =>
  new Map([...objectOf(value)].map(([name, item]) => [key(name), read(item)]))

/** Lengths count code points, as Python does. */
export const textOf = (value: Value, limit = 200): string => {
  if (typeof value !== 'string' || (value.length > limit && [...value].length > limit)) throw new Malformed('text')
  return value
}

const matching = (value: Value, pattern: RegExp): string => {
  if (typeof value !== 'string' || !pattern.test(value)) throw new Malformed('text')
  return value
}

/** A short name for machines: organisation, person, desk, role, credential id. */
export const slugOf = (value: Value): string => matching(value, SLUG)

export const hexOf = (value: Value): string => matching(value, HEX32)

export const digestOf = (value: Value): Octets => fromHex(hexOf(value))

/** A name shown to people: 1 to 80 characters that can be seen, so none that turns or hides its neighbours (T35). */
export const shownNameOf = (value: Value): string => {
  const name = textOf(value, NAME_CHARACTERS)
  if (name === '' || name !== name.trim() || UNSEEN.test(name)) throw new Malformed('name')
  return name
}

/** As in a policy file. */
export const languageOf = (value: Value): string => matching(value, LANGUAGE)

/** Text that people read: none that turns or hides its neighbours (T35), but for those `allowed` and what joins letters. */
export const plainTextOf = (value: Value, { limit, allowed }: { readonly limit: number; readonly allowed: string }): string => {
  const text = textOf(value, limit)
  const isUnseen = (each: string): boolean => UNSEEN.test(each) && !(allowed + JOINERS).includes(each)
  if (text === '' || text !== text.trim() || [...text].some(isUnseen)) throw new Malformed('text')
  return text
}

/** A whole number from 0; times are Unix milliseconds. */
export const countOf = (value: Value): number => {
  if (typeof value !== 'number' || value < 0) throw new Malformed('count')
  return value
}

/** Rule 6: a version above 2^31 would lock clients out for ever. */
export const versionOf = (value: Value): number => {
  const version = countOf(value)
  if (version < 1 || version > VERSION_LIMIT) throw new Malformed('version')
  return version
}

export const publicKeyOf = (value: Value): Octets => {
  const key = typeof value === 'string' ? fromBase64Url(value) : null
  if (key === null || key.length !== 32) throw new Malformed('public key')
  return key
}

/** `from` before `until`, as every document with two times has it. */
export const inOrder = (from: number, until: number): void => {
  if (from >= until) throw new Malformed('times')
}
