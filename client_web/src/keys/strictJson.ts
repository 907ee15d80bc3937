/** JSON read strictly: no duplicate keys, floats or depth beyond 16, at most 256 KiB. Signatures are checked before this looks (trust.md 2.3). */
import { DOCUMENT_BYTES } from '../wire/generated/limits.ts'
import { fromUtf8 } from '../wire/octets.ts'
import { Malformed } from './untrusted.ts'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = ReadonlyMap<string, Json>

const DEPTH = 16
const SPACE = /[ \t\n\r]*/uy
const WHOLE = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/uy
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 forbids raw control characters in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const LONE_SURROGATE = /\p{Surrogate}/u
const WORDS = new Map<string, Json>([
  ['null', null],
  ['true', true],
  ['false', false],
])

/** The value in `octets` (UTF-8, no byte order mark), or `Malformed`. Objects come as maps, so that `__proto__` is a name like any other. */
export const parseStrictJson = (octets: Uint8Array): Json => {
  if (octets.length > DOCUMENT_BYTES) throw new Malformed('too large')
  const text = fromUtf8(octets)
  if (text === null) throw new Malformed('not UTF-8')
  const scan = new Scan(text)
  const value = scan.value(0)
  scan.end()
  return value
}

class Scan {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): Json {
    this.#take(SPACE)
    const char = this.#text[this.#at]
    const value = char === '{' ? this.#object(depth) : char === '[' ? this.#list(depth) : char === '"' ? this.#string() : this.#scalar()
    this.#take(SPACE)
    return value
  }

  end(): void {
    if (this.#at !== this.#text.length) throw new Malformed('trailing text')
  }

  #object(depth: number): JsonObject {
    if (depth >= DEPTH) throw new Malformed('too deep')
    const entries = new Map<string, Json>()
    this.#at += 1
    this.#take(SPACE)
    if (this.#skip('}')) return entries
    do {
      this.#take(SPACE)
      const key = this.#string()
      if (entries.has(key)) throw new Malformed('the same key twice')
      this.#take(SPACE)
      this.#need(':')
      entries.set(key, this.value(depth + 1))
    } while (this.#skip(','))
    this.#need('}')
    return entries
  }

  #list(depth: number): readonly Json[] {
    if (depth >= DEPTH) throw new Malformed('too deep')
    const items: Json[] = []
    this.#at += 1
    this.#take(SPACE)
    if (this.#skip(']')) return items
    do {
      items.push(this.value(depth + 1))
    } while (this.#skip(','))
    this.#need(']')
    return items
  }

  #string(): string {
    const raw = this.#take(STRING)
    if (raw === null) throw new Malformed('string')
    const value: unknown = JSON.parse(raw)
    if (typeof value !== 'string' || LONE_SURROGATE.test(value)) throw new Malformed('string')
    return value
  }

  #scalar(): Json {
    const whole = this.#take(WHOLE)
    if (whole !== null) return safe(Number(whole))
    for (const [word, value] of WORDS) {
      if (this.#skip(word)) return value
    }
    throw new Malformed('value')
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? null
    this.#at += found?.length ?? 0
    return found
  }

  #skip(word: string): boolean {
    const there = this.#text.startsWith(word, this.#at)
    if (there) this.#at += word.length
    return there
  }

  #need(char: string): void {
    if (!this.#skip(char)) throw new Malformed(`no ${char}`)
  }
}

const safe = (value: number): number => {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new Malformed('number')
  return value
}
