/** Whether a key package is well made (RFC 9420, 10.1): abilities, keys, lifetime and both signatures. Whose device it is, is judged elsewhere. */
import { sameOctets } from '../../wire/octets.ts'
import { verifies } from '../ed25519.ts'
import { BadSignature, Inconsistent, Lapsed, Malformed } from '../untrusted.ts'
import { ascii, concat, opaque } from './bytes.ts'
import { SUITE, TERMS_EXTENSION } from './constants.ts'
import type { ParsedExtension, ParsedKeyPackage, ParsedLeafNode } from './parsedTypes.ts'

const MLS10 = 1
const BASIC = 1
const KEY_BYTES = 32
/** Types that everybody supports and nobody lists (7.2). */
const LAST_OF_ALL = 5

/** `Untrusted` unless it could be added at `at` (Unix milliseconds; its lifetime counts seconds). */
export const verifyKeyPackage = async (keyPackage: ParsedKeyPackage, at: number): Promise<void> => {
  const { leafNode } = keyPackage
  if (!isCapable(keyPackage)) throw new Inconsistent('key package')
  if (!listsAll(leafNode, [...keyPackage.extensions, ...leafNode.extensions])) throw new Malformed('an extension that is not listed')
  judgeLifetime(leafNode, at)
  await mustBeSigned('LeafNodeTBS', leafNode, leafNode.signatureKey)
  await mustBeSigned('KeyPackageTBS', keyPackage, leafNode.signatureKey)
}

const isCapable = ({ cipherSuite, initKey, leafNode: { capabilities, encryptionKey, source } }: ParsedKeyPackage): boolean =>
  cipherSuite === SUITE &&
  capabilities.versions.includes(MLS10) &&
  capabilities.cipherSuites.includes(SUITE) &&
  capabilities.credentials.includes(BASIC) &&
  capabilities.extensions.includes(TERMS_EXTENSION) &&
  source.kind === 'key_package' &&
  initKey.length === KEY_BYTES &&
  encryptionKey.length === KEY_BYTES &&
  !sameOctets(initKey, encryptionKey)

const listsAll = ({ capabilities }: ParsedLeafNode, extensions: readonly ParsedExtension[]): boolean =>
  extensions.every(({ type }) => (type >= 1 && type <= LAST_OF_ALL) || capabilities.extensions.includes(type))

const judgeLifetime = ({ source }: ParsedLeafNode, at: number): void => {
  const seconds = Math.floor(at / 1000)
  const isAlive = source.kind === 'key_package' && source.notBefore <= seconds && seconds <= source.notAfter
  if (!isAlive) throw new Lapsed('key package outside its time')
}

interface SignedBytes {
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

/** What is signed is everything before the signature, under its label (5.1.2). */
const mustBeSigned = async (label: string, { bytes, signature }: SignedBytes, key: Uint8Array): Promise<void> => {
  const content = bytes.slice(0, bytes.length - opaque(signature).length)
  const signed = concat(opaque(ascii(`MLS 1.0 ${label}`)), opaque(content))
  if (!(await verifies(key, signature, signed))) throw new BadSignature(label)
}
