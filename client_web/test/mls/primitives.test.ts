/** Both providers of X25519 and Ed25519 answer alike, and refuse alike; the signer signs four labels; HPKE opens what it sealed. */

import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { concat, opaque } from '../../src/keys/mls/bytes.ts'
import { nobleEd25519, webCryptoEd25519 } from '../../src/keys/mls/ed25519.ts'
import { expand, extract } from '../../src/keys/mls/hkdf.ts'
import { open, seal } from '../../src/keys/mls/hpke.ts'
import { paddedLength } from '../../src/keys/mls/padding.ts'
import { signerFromSeed, signMlsContent } from '../../src/keys/mls/signer.ts'
import { type Agreement, findAgreement, nobleAgreement, webCryptoAgreement } from '../../src/keys/mls/x25519.ts'
import { Untrusted } from '../../src/keys/untrusted.ts'
import { hex, text, unhex } from './member.ts'

const agreements: [string, Agreement][] = [
  ['WebCrypto', webCryptoAgreement],
  ['noble', nobleAgreement],
]

describe.each(agreements)('X25519 of %s', (_name, agreement) => {
  test('agrees as RFC 7748 section 5.2 says', async () => {
    const secret = unhex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4')
    const peer = unhex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c')
    expect(hex(await agreement.agree(secret, peer))).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
  })

  test.each(['00'.repeat(32), `01${'00'.repeat(31)}`])('refuses a public key of small order, %s', async (peer) => {
    const secret = await agreement.generate()
    await expect(agreement.agree(secret, unhex(peer))).rejects.toThrow()
  })

  test('carries HPKE, and what was changed does not open', async () => {
    const privateKey = await agreement.generate()
    const sealed = await seal(agreement, await agreement.publicOf(privateKey), { info: text('info'), plaintext: text('hello') })
    expect(await open(agreement, privateKey, { ...sealed, info: text('info') })).toEqual(text('hello'))
    await expect(open(agreement, privateKey, { ...sealed, info: text('other') })).rejects.toThrow(Untrusted)
  })
})

test('a working provider is found', async () => {
  const agreement = await findAgreement()
  expect(await agreement.publicOf(await agreement.generate())).toHaveLength(32)
})

describe.each([
  ['WebCrypto', webCryptoEd25519],
  ['noble', nobleEd25519],
] as const)('Ed25519 of %s', (_name, provider) => {
  test('takes the right signature and answers no to everything else', async () => {
    const seed = new Uint8Array(32).fill(1)
    const [publicKey, signature] = [ed25519.getPublicKey(seed), ed25519.sign(text('said'), seed)]
    expect(await provider.verify(publicKey, text('said'), signature)).toBe(true)
    expect(await provider.verify(publicKey, text('not said'), signature)).toBe(false)
    expect(await provider.verify(publicKey, text('said'), signature.slice(1))).toBe(false)
    expect(await provider.verify(publicKey.slice(1), text('said'), signature)).toBe(false)
    expect(await provider.verify(new Uint8Array(32), text('said'), new Uint8Array(64))).toBe(false)
  })
})

test('HKDF is that of RFC 5869, appendix A.1 and A.3', async () => {
  const material = new Uint8Array(22).fill(0x0b)
  const prk = await extract(unhex('000102030405060708090a0b0c'), material)
  expect(hex(prk)).toBe('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
  expect(hex(await expand(prk, unhex('f0f1f2f3f4f5f6f7f8f9'), 42))).toBe(
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  )
  expect(hex(await extract(new Uint8Array(), material))).toBe('19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04')
})

describe('the device key, as MLS may use it', () => {
  const signer = signerFromSeed(new Uint8Array(32).fill(2))
  const content = (label: string): Uint8Array => concat(opaque(text(label)), opaque(text('content')))

  test.each(['LeafNodeTBS', 'KeyPackageTBS', 'FramedContentTBS', 'GroupInfoTBS'])('signs %s', async (label) => {
    const signature = await signMlsContent(signer, content(`MLS 1.0 ${label}`))
    expect(await nobleEd25519.verify(signer.publicKey, content(`MLS 1.0 ${label}`), signature)).toBe(true)
  })

  test.each(['MLS 1.0 Anything', 'LeafNodeTBS', ''])('does not sign %s', async (label) => {
    await expect(signMlsContent(signer, content(label))).rejects.toThrow('asked for a signature')
  })

  test('does not sign a decision, whatever the library hands over', async () => {
    const decision = text('DSSEv1 44 application/vnd.sotto.decision.v1+msgpack 1 x')
    await expect(signMlsContent(signer, decision)).rejects.toThrow()
  })
})

test.each([
  [0, 256],
  [188, 256],
  [189, 512],
  [16_000, 16_128],
])('a plaintext of %i bytes is padded to %i', (length, padded) => {
  expect(paddedLength(length)).toBe(padded)
})
