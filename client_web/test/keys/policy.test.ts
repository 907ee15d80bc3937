/** The browser reads the demo's policy as Python does: projections, notices, and what an edit widens (tests/vectors/policy_cases.py). */
import { describe, expect, test } from 'vitest'
import demoPolicy from '../../../demo/policy.example.toml?raw'
import vectors from '../../../tests/vectors/policy.json'
import { noticeDigest, noticeText } from '../../src/keys/noticeText.ts'
import { languageFor, type Policy, type Purpose, readPolicy } from '../../src/keys/policy.ts'
import { purposeDigest, purposeProjection } from '../../src/keys/purposeDigest.ts'
import { Malformed } from '../../src/keys/untrusted.ts'
import { widened } from '../../src/keys/widened.ts'
import { toHex, utf8 } from '../../src/wire/octets.ts'

const policy = readPolicy(utf8(demoPolicy))

const purposeIn = (from: Policy, id: string): Purpose => {
  const found = from.purposes.find((each) => each.id === id)
  if (found === undefined) throw new Error(id)
  return found
}

describe('a purpose', () => {
  test.each(vectors.purposes.map((each) => [each.id, each] as const))('%s has the digest that Python computes', async (id, each) => {
    const purpose = purposeIn(policy, id)
    expect(new TextDecoder().decode(purposeProjection(policy, purpose))).toBe(each.projection)
    expect(toHex(await purposeDigest(policy, purpose))).toBe(each.digest)
  })

  test.each(vectors.edits.map((each) => [each.why, each] as const))('with %s widens as Python says', (_, edit) => {
    const text = edit.replace.reduce((before, [from, to]) => before.replaceAll(from ?? '', () => to ?? ''), demoPolicy)
    const next = readPolicy(utf8(text))
    const old = { policy, purpose: purposeIn(policy, edit.purpose) }
    expect(widened(old, { policy: next, purpose: purposeIn(next, edit.purpose) })).toEqual(edit.widened)
  })
})

describe('a notice', () => {
  test.each(vectors.notices.map((each) => [`${each.notice} in ${each.language}`, each] as const))(
    '%s reads as Python writes it',
    async (_, each) => {
      const text = noticeText(policy, { notice: each.notice, desk: 'support', language: each.language })
      expect(text).toEqual({ first: each.first, more: each.more })
      expect(toHex(await noticeDigest(text))).toBe(each.digest)
    },
  )

  test('has one digest whatever the line endings of the file', () => {
    const dos = readPolicy(utf8(demoPolicy.replaceAll('\n', '\r\n')))
    const inOf = (from: Policy) => noticeText(from, { notice: 'start', desk: 'support', language: 'en' })
    expect(inOf(dos)).toEqual(inOf(policy))
  })

  test.each([
    ['a placeholder that nobody knows', '{controller}', '{owner}'],
    ['a brace too many', '{controller}', '{controller}}'],
    ['a placeholder that is a name of ours', '{controller}', '{constructor}'],
  ])('with %s is not shown', (_, from, to) => {
    const broken = readPolicy(utf8(demoPolicy.replaceAll(from, to)))
    expect(() => noticeText(broken, { notice: 'start', desk: 'support', language: 'en' })).toThrow(Malformed)
  })

  test.each([
    [['de-AT', 'en'], 'de'],
    [['fr', 'de'], 'de'],
    [['fr'], 'en'],
    [[], 'en'],
  ])('is read by somebody who reads %j in %s', (wanted, language) => {
    expect(languageFor(policy, wanted)).toBe(language)
  })
})

describe('a policy file', () => {
  test.each([
    ['a flag that is a number', 'special = false', 'special = 0'],
    ['days that are a text', 'max_days = 7', 'max_days = "7"'],
    ['days that are a fraction', 'max_days = 7', 'max_days = 7.5'],
    ['a table that is a text', '[languages]', 'x = 1\n[languagez]'],
    ['a list that is a text', 'available = ["en", "de"]', 'available = "en"'],
    ['a list of numbers', 'available = ["en", "de"]', 'available = [1]'],
    ['purposes that are no tables', '[[categories]]', '[categories]\n[[categories.x]]'],
    ['an empty name', 'name = "Kettle & Cup Ltd"', 'name = ""'],
  ])('with %s is refused', (_, from, to) => {
    expect(() => readPolicy(utf8(demoPolicy.replaceAll(from, to)))).toThrow(Malformed)
  })

  test('that is not text is refused', () => {
    expect(() => readPolicy(Uint8Array.of(0xff))).toThrow(Malformed)
  })
})
