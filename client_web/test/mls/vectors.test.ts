/** The official vectors of RFC 9420 on the fixed library: with its own providers, and for suite 3 also with ours, twice. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { type CiphersuiteId, type CiphersuiteImpl, getCiphersuiteFromId } from 'ts-mls/crypto/ciphersuite.js'
import { getCiphersuiteImpl } from 'ts-mls/crypto/getCiphersuiteImpl.js'
import { describe, expect, test } from 'vitest'
import { nobleEd25519, webCryptoEd25519 } from '../../src/keys/mls/ed25519.ts'
import { type Primitives, suiteOf } from '../../src/keys/mls/suite.ts'
import { nobleAgreement, webCryptoAgreement } from '../../src/keys/mls/x25519.ts'
import { checks } from './vectorChecks.ts'
import { casesOf, hasVectors } from './vectorFiles.ts'

/**
 * The NIST curves take a minute and concern nobody who uses Sotto: `vitest run --mode every-suite` adds them.
 * X448 and Ed448 (suites 4 and 6) want packages that we do not install.
 */
const LIBRARY_SUITES: readonly CiphersuiteId[] = import.meta.env.MODE === 'every-suite' ? [1, 2, 3, 5, 7] : [1, 3]

/** Ours signs only through a handle and only four labels; the vectors hand over raw keys. */
function ours(primitives: Primitives): CiphersuiteImpl {
  const suite = suiteOf(primitives, null)
  const sign = async (key: Uint8Array, content: Uint8Array) => ed25519.sign(content, key)
  return { ...suite, signature: { ...suite.signature, sign } } as unknown as CiphersuiteImpl
}

const providers: readonly { readonly name: string; readonly suite: number; readonly open: () => Promise<CiphersuiteImpl> }[] = [
  ...LIBRARY_SUITES.map((suite) => ({ name: `suite ${suite}`, suite, open: () => getCiphersuiteImpl(getCiphersuiteFromId(suite)) })),
  { name: 'suite 3, ours over WebCrypto', suite: 3, open: async () => ours({ agreement: webCryptoAgreement, ed25519: webCryptoEd25519 }) },
  { name: 'suite 3, ours over noble', suite: 3, open: async () => ours({ agreement: nobleAgreement, ed25519: nobleEd25519 }) },
]

if (!hasVectors) {
  test('the official vectors are NOT HERE and were not run', ({ skip }) => skip('no ../shared/mls-vectors beside this checkout'))
}

describe.runIf(hasVectors)('official vectors', () => {
  for (const [file, { check, everySuite }] of Object.entries(checks)) {
    const chosen = everySuite ? providers : providers.slice(0, 1)
    for (const { name, suite, open } of chosen) {
      test(`${file}, ${everySuite ? name : 'any suite'}`, { timeout: 120_000 }, async () => {
        const cases = (await casesOf<{ cipher_suite?: number }>(file)).filter((one) => !everySuite || one.cipher_suite === suite)
        const cs = await open()
        for (const [index, one] of cases.entries()) await check(one as never, cs, `${file} ${index}`)
        expect(cases.length).toBeGreaterThan(0)
      })
    }
  }
})
