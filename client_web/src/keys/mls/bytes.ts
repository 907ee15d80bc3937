/** Small operations on byte strings that the standard library lacks. */

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Not in constant time: for public bytes only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

/** A copy on a buffer of its own, as WebCrypto wants it. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

export function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** Unsigned, big-endian. */
export function uint(value: number, length: 1 | 2 | 4): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256)
}

/** `opaque x<V>` (RFC 9420, 2.1.2). */
export function opaque(content: Uint8Array): Uint8Array {
  const { length } = content
  if (length < 0x40) return concat(uint(length, 1), content)
  if (length < 0x4000) return concat(uint(length + 0x4000, 2), content)
  return concat(uint(length + 0x80000000, 4), content)
}
