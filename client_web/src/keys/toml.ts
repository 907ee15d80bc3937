/** TOML, read strictly: each value of the type that is asked for, or `Malformed` with its place. */
import { parse, type TomlTable, type TomlValue } from 'smol-toml'
import { fromUtf8 } from '../wire/octets.ts'
import { Malformed } from './untrusted.ts'

export type { TomlTable }

export const readToml = (octets: Uint8Array): TomlTable => {
  const text = fromUtf8(octets)
  if (text === null) throw new Malformed('not UTF-8')
  try {
    // Python's parser reads CRLF as LF; a notice has one digest.
    return parse(text.replaceAll('\r\n', '\n'))
  } catch {
    throw new Malformed('not TOML')
  }
}

export const tableAt = (table: TomlTable, name: string): TomlTable => tableOf(table[name], name)

export const textAt = (table: TomlTable, name: string, absent?: string): string => {
  const value = table[name] ?? absent
  if (typeof value !== 'string' || (value === '' && absent === undefined)) throw new Malformed(name)
  return value
}

export const flagAt = (table: TomlTable, name: string, absent?: boolean): boolean => {
  const value = table[name] ?? absent
  if (typeof value !== 'boolean') throw new Malformed(name)
  return value
}

export const wholeAt = (table: TomlTable, name: string): number => {
  const value = table[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Malformed(name)
  return value
}

export const wholeOrNullAt = (table: TomlTable, name: string): number | null => (table[name] === undefined ? null : wholeAt(table, name))

export const tablesAt = (table: TomlTable, name: string): readonly TomlTable[] => {
  const value = table[name] ?? []
  if (!Array.isArray(value)) throw new Malformed(name)
  return value.map((each) => tableOf(each, name))
}

export const textsAt = (table: TomlTable, name: string): readonly string[] => {
  const value = table[name] ?? []
  if (!Array.isArray(value)) throw new Malformed(name)
  return value.map((each) => {
    if (typeof each !== 'string') throw new Malformed(name)
    return each
  })
}

/** A table of texts, such as one for each language. */
export const wordsAt = (table: TomlTable, name: string): ReadonlyMap<string, string> => {
  const words = table[name] === undefined ? {} : tableAt(table, name)
  return new Map(Object.keys(words).map((key) => [key, textAt(words, key)]))
}

const tableOf = (value: TomlValue | undefined, name: string): TomlTable => {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) throw new Malformed(name)
  return value
}
