/** Another policy in force: what it changes and ends, found out from the two files alone. */
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/keys/digest.ts'
import { readPolicy } from '../../src/keys/policy.ts'
import { endedPurposes, PolicyNews } from '../../src/session/policyNews.ts'
import { fromHex, fromUtf8, toHex, utf8 } from '../../src/wire/octets.ts'
import { POLICY } from './organisation.ts'

const edited = (before: string, after: string): Uint8Array => {
  const text = fromUtf8(POLICY) ?? ''
  expect(text).toContain(before)
  return utf8(text.replace(before, after))
}
const OTHER_COMPANY = edited('legal_id = "IE 612345"', 'legal_id = "IE 999999"')
const OTHER_PHONE = edited('+353 21 555 0100', '+353 21 555 0199')

const newsOf = async (...newer: readonly Uint8Array[]) => {
  const files = new Map<string, Uint8Array>()
  for (const file of [POLICY, ...newer]) files.set(toHex(await sha256(file)), file)
  const asked: string[] = []
  const policies = [...files.keys()].map((digest, index) => ({ digest, nbf: 1000 * index, exp: 1_000_000 }))
  const inForce = () => policies.at(-1) ?? null
  const state = { isDown: false }
  const policy = async (digest: string): Promise<Uint8Array> => {
    asked.push(digest)
    const file = files.get(digest)
    if (state.isDown || file === undefined) throw new Error('relay')
    return file
  }
  const news = new PolicyNews({ documents: { policy }, languages: ['en'], inForce, changed: () => undefined })
  return { news, asked, files, state, terms: fromHex(toHex(await sha256(POLICY))) }
}

describe('another policy', () => {
  test('of another company ends every purpose that rests on consent, and nothing else', () => {
    const consent = readPolicy(POLICY).purposes.filter(({ lawfulBasis }) => lawfulBasis === 'consent')
    expect(endedPurposes(readPolicy(POLICY), readPolicy(OTHER_COMPANY))).toEqual(consent.map(({ id }) => id))
  })

  test('that widens nothing ends nothing', () => {
    expect(endedPurposes(readPolicy(POLICY), readPolicy(OTHER_PHONE))).toEqual([])
  })

  test('that no longer has a purpose ends it', () => {
    const gone = edited('id = "ai_assistant"\ndpv', 'id = "ai_helper"\ndpv')
    expect(endedPurposes(readPolicy(POLICY), readPolicy(gone))).toEqual(['ai_assistant'])
  })

  test('is compared once, and told in the words of the file', async () => {
    const { news, asked, terms } = await newsOf(OTHER_COMPANY)
    expect(news.view).toBeNull()
    expect((await news.look(terms)).has('ai_assistant')).toBe(true)
    await news.look(terms)
    expect(asked).toHaveLength(2)
    expect(news.view?.changedAt).toBe(1000)
    const assistant = news.view?.changes.find(({ purpose }) => purpose.includes('AI assistant'))
    expect(assistant).toMatchObject({ isEnded: true, ways: [{ kind: 'controller', about: '' }] })
    expect(news.view?.changes.find(({ purpose }) => purpose === 'Answer your question')?.isEnded).toBe(false)
  })

  test('is looked at again when its file could not be had', async () => {
    const { news, state, terms } = await newsOf(OTHER_COMPANY)
    state.isDown = true
    expect((await news.look(terms)).size).toBe(0)
    state.isDown = false
    expect((await news.look(terms)).size).toBeGreaterThan(0)
  })

  test('is not believed when its bytes are others than trust names', async () => {
    const { news, files, terms } = await newsOf(OTHER_COMPANY)
    files.set(toHex(await sha256(OTHER_COMPANY)), OTHER_PHONE)
    expect((await news.look(terms)).size).toBe(0)
    expect([news.view, news.isKnown(terms)]).toEqual([null, false])
    files.set(toHex(await sha256(OTHER_COMPANY)), OTHER_COMPANY)
    expect((await news.look(terms)).has('ai_assistant')).toBe(true)
    expect(news.isKnown(terms)).toBe(true)
  })

  test('is no news where the terms are still those of the conversation', async () => {
    const { news, asked, terms } = await newsOf()
    expect((await news.look(terms)).size).toBe(0)
    expect(asked).toEqual([])
  })
})
