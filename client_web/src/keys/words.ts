/** Words two people can compare by voice or eye: of an organisation, a conversation's epoch, a device (docs/protocol.md 6). */
import wordlist from '../../../keys/sotto_keys/shared/wordlist.txt?raw'
import { utf8 } from '../wire/octets.ts'
import { expandOnce } from './digest.ts'

const WORDS = wordlist.trim().split('\n')
const BITS_PER_WORD = 11

/** Four words of the pinned root's digest. They recognise an organisation; the fingerprint identifies it. */
export const organisationWords = (pinnedRoot: Uint8Array): Promise<readonly string[]> =>
  spell(pinnedRoot, { label: 'sotto organisation words', count: 4 })

/** Six words of the MLS epoch authenticator (RFC 9420, 8.7): the same on every screen of the same epoch. */
export const conversationWords = (epochAuthenticator: Uint8Array): Promise<readonly string[]> =>
  spell(epochAuthenticator, { label: 'sotto words', count: 6 })

/** Six words of a device's public key, read out by its owner to the officer who issues its credential. */
export const deviceWords = (leafKey: Uint8Array): Promise<readonly string[]> => spell(leafKey, { label: 'sotto device words', count: 6 })

/** HKDF-Expand (RFC 5869, SHA-256, first block) of a 32-byte key under `label`; its first `count` groups of 11 bits, as words. */
export const spell = async (
  key: Uint8Array,
  { label, count }: { readonly label: string; readonly count: number },
): Promise<readonly string[]> => {
  const block = await expandOnce(key, utf8(label))
  const bits = Array.from(block, (octet) => octet.toString(2).padStart(8, '0')).join('')
  return Array.from({ length: count }, (_, index) => {
    const place = Number.parseInt(bits.slice(index * BITS_PER_WORD, (index + 1) * BITS_PER_WORD), 2)
    return WORDS[place] ?? ''
  })
}
