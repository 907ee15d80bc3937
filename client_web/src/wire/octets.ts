/** Octets as text and back, and the few things done with them everywhere. No cryptography. */

export type Octets = Uint8Array<ArrayBuffer>

const HEX = /^(?:[0-9a-f]{2})*$/u
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

export const sameOctets = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((octet, index) => octet === b[index])

export const concat = (...parts: readonly Uint8Array[]): Octets => {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const utf8 = (text: string): Octets => new TextEncoder().encode(text).slice()

/** The text, or null where the octets are not UTF-8. A byte order mark stays. */
export const fromUtf8 = (octets: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return null
  }
}

export const toHex = (octets: Uint8Array): string => Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('')

/** Lower-case hex only; anything else throws `RangeError`. */
export const fromHex = (text: string): Octets => {
  if (!HEX.test(text)) throw new RangeError('not lower-case hex')
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16))
}

export const toBase64 = (octets: Uint8Array): string => btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''))

export const toBase64Url = (octets: Uint8Array): string => toBase64(octets).replace(/\+/gu, '-').replace(/\//gu, '_').replace(/[=]+$/u, '')

/** Standard alphabet with padding, in its one form, or null. */
export const fromBase64 = (text: string): Octets | null => {
  try {
    const octets = Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
    return toBase64(octets) === text ? octets : null
  } catch {
    return null
  }
}

/** The URL alphabet without padding, in its one form, or null. */
export const fromBase64Url = (text: string): Octets | null => {
  if (!/^[A-Za-z0-9_-]*$/u.test(text)) return null
  const standard = text.replace(/-/gu, '+').replace(/_/gu, '/')
  return fromBase64(standard + '='.repeat((4 - (standard.length % 4)) % 4))
}

export const toBase32 = (octets: Uint8Array): string => {
  const bits = Array.from(octets, (octet) => octet.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/gu) ?? []).map((five) => BASE32.charAt(Number.parseInt(five.padEnd(5, '0'), 2))).join('')
}

/** Lower-case base32 without padding, in its one form, or null. */
export const fromBase32 = (text: string): Octets | null => {
  if (!/^[a-z2-7]*$/u.test(text)) return null
  const bits = Array.from(text, (char) => BASE32.indexOf(char).toString(2).padStart(5, '0')).join('')
  const octets = Uint8Array.from(bits.match(/.{8}/gu) ?? [], (eight) => Number.parseInt(eight, 2))
  return toBase32(octets) === text ? octets : null
}
