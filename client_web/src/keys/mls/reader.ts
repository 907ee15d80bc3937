/** Strict reading of the TLS presentation language as MLS uses it (RFC 9420, section 2.1). Knows no message. */

import { Malformed } from '../untrusted.ts'

/** Variable-length integers have a shortest form, and only that one is read: a commit has one encoding (RFC 9420, 2.1.2). */
const SHORTEST: readonly number[] = [0, 0x40, 0x4000]

/** Walks one byte string from left to right. Every read refuses with `Malformed` instead of running over the end. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get position(): number {
    return this.#at
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The bytes read since `start`. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#at)
  }

  take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Malformed('cut short')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  /** Unsigned, big-endian. */
  uint(bytes: 1 | 2 | 4): number {
    return this.take(bytes).reduce((value, byte) => value * 256 + byte, 0)
  }

  /** Refuses what JavaScript cannot count exactly; no epoch of ours comes near. */
  uint64(): number {
    const value = this.roughly64()
    if (!Number.isSafeInteger(value)) throw new Malformed('number too large')
    return value
  }

  /** Rounded where JavaScript cannot count exactly: for times, which are only compared, and for what is read past. */
  roughly64(): number {
    return this.uint(4) * 2 ** 32 + this.uint(4)
  }

  /** `opaque x<V>`. */
  opaque(): Uint8Array {
    return this.take(this.#length())
  }

  /** `T xs<V>`. */
  list<T>(read: (reader: Reader) => T): T[] {
    const inner = new Reader(this.opaque())
    const items: T[] = []
    while (!inner.done) items.push(read(inner))
    return items
  }

  /** `optional<T>`; a presence octet other than 0 and 1 is refused. */
  optional<T>(read: (reader: Reader) => T): T | null {
    const present = this.uint(1)
    if (present > 1) throw new Malformed('presence octet')
    return present === 1 ? read(this) : null
  }

  /** Call last: what is left over belongs to nobody. */
  end(): void {
    if (!this.done) throw new Malformed('trailing bytes')
  }

  #length(): number {
    const first = this.uint(1)
    const form = first >> 6
    const shortest = SHORTEST[form]
    if (shortest === undefined) throw new Malformed('length prefix')
    let value = first & 0x3f
    for (let more = (1 << form) - 1; more > 0; more--) value = value * 256 + this.uint(1)
    if (value < shortest) throw new Malformed('length not in its shortest form')
    return value
  }
}

/** Reads `bytes` whole with `read`; refuses anything left over. */
export function readWhole<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(bytes)
  const value = read(reader)
  reader.end()
  return value
}
