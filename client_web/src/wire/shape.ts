/** Runs the generated shapes: MessagePack arrays to frozen values and back, refusing what msgspec refuses. Knows no frame. */
import { decode, encode } from '@msgpack/msgpack'

/** What arrived is not a value of the contract. Carries no part of what was sent. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame'
  readonly code = 'bad_frame'
}

export interface Shape<T> {
  readonly tag: string | null
  /** The value, or `BadFrame`. */
  read(raw: unknown): T
  write(value: T): unknown
}

type Field = readonly [name: string, shape: Shape<never>]

const bad = (what: string): never => {
  throw new BadFrame(what)
}

const plain = <T>(check: (raw: unknown) => raw is T, what: string): Shape<T> => ({
  tag: null,
  read: (raw) => (check(raw) ? raw : bad(what)),
  write: (value) => value,
})

export const whole = (low: number, high: number): Shape<number> =>
  plain((raw): raw is number => typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= low && raw <= high, 'whole number')

export const bytes = (low: number, high: number): Shape<Uint8Array> =>
  plain((raw): raw is Uint8Array => raw instanceof Uint8Array && raw.length >= low && raw.length <= high, 'bytes')

/** Lengths count code points, as Python does. */
export const text = (low: number, high: number, pattern?: RegExp): Shape<string> =>
  plain((raw): raw is string => {
    if (typeof raw !== 'string' || LONE_SURROGATE.test(raw)) return false
    const length = raw.length > high ? [...raw].length : raw.length
    return length >= low && length <= high && (pattern === undefined || pattern.test(raw))
  }, 'text')

const LONE_SURROGATE = /\p{Surrogate}/u

export const nothing = (): Shape<null> => plain((raw): raw is null => raw === null, 'nothing')

export const oneOf = <const V extends string | number>(values: readonly V[]): Shape<V> =>
  plain((raw): raw is V => values.some((value) => value === raw), 'one of a list')

export const orNone = <T>(shape: Shape<T>): Shape<T | null> => ({
  tag: null,
  read: (raw) => (raw === null ? null : shape.read(raw)),
  write: (value) => (value === null ? null : shape.write(value)),
})

export const list = <T>(shape: Shape<T>, low: number, high: number): Shape<readonly T[]> => ({
  tag: null,
  read: (raw) => (Array.isArray(raw) && raw.length >= low && raw.length <= high ? raw.map((each) => shape.read(each)) : bad('list')),
  write: (values) => values.map((value) => shape.write(value)),
})

/** A struct as an array of its fields in order, after its tag if it has one. */
export const struct = <T extends object>(
  name: string,
  tag: string | null,
  fields: readonly (readonly [keyof T & string, Shape<never> | Shape<unknown>])[],
): Shape<T> => {
  const table = fields as readonly Field[]
  const skip = tag === null ? 0 : 1
  return {
    tag,
    read: (raw) => {
      if (!Array.isArray(raw) || raw.length !== table.length + skip || (tag !== null && raw[0] !== tag)) return bad(name)
      const entries = table.map(([field, shape], index) => [field, (shape as Shape<unknown>).read(raw[index + skip])] as const)
      return Object.fromEntries(tag === null ? entries : [['tag', tag], ...entries]) as T
    },
    write: (value) => {
      const written = table.map(([field, shape]) => (shape as Shape<unknown>).write((value as Record<string, unknown>)[field]))
      return tag === null ? written : [tag, ...written]
    },
  }
}

/** One of several tagged structs. */
export const union = <T extends { readonly tag: string }>(
  name: string,
  members: readonly Shape<never>[] | readonly Shape<unknown>[],
): Shape<T> => {
  const byTag = new Map(members.map((member) => [member.tag, member as unknown as Shape<T>]))
  const of = (tag: unknown): Shape<T> => byTag.get(typeof tag === 'string' ? tag : null) ?? bad(name)
  return {
    tag: null,
    read: (raw) => of(Array.isArray(raw) ? raw[0] : null).read(raw),
    write: (value) => of(value.tag).write(value),
  }
}

/** The one encoding of a value. */
export const encodeAs = <T>(shape: Shape<T>, value: T): Uint8Array<ArrayBuffer> =>
  encode(shape.write(value), { ignoreUndefined: false }).slice()

/**
 * The value in its one encoding, or `BadFrame`. Re-encoding must give the same bytes: two encodings of one meaning would be two
 * digests of one decision, and it also refuses floats, extension types and broken UTF-8, which the decoder lets through.
 */
export const decodeAs = <T>(shape: Shape<T>, octets: Uint8Array): T => {
  const value = shape.read(unpack(octets))
  return sameBytes(encodeAs(shape, value), octets) ? value : bad('not the one encoding')
}

const unpack = (octets: Uint8Array): unknown => {
  try {
    return decode(octets)
  } catch {
    return bad('not MessagePack')
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((octet, index) => octet === b[index])
