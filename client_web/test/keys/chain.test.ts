import { describe, expect, test } from 'vitest'
import vectors from '../../../tests/vectors/groups.json'
import { judgeChain, judgeContinues } from '../../src/keys/chain.ts'
import { readTerms } from '../../src/keys/terms.ts'
import { Untrusted } from '../../src/keys/untrusted.ts'
import { fromBase64Url } from '../../src/wire/octets.ts'

const octets = (text: string): Uint8Array => fromBase64Url(text) ?? new Uint8Array()
const named = <T extends { readonly name: string }>(cases: readonly T[]) => cases.map((each) => [each.name, each] as const)

const answer = async (judged: () => unknown): Promise<string> => {
  try {
    await judged()
    return 'follows'
  } catch (error) {
    if (error instanceof Untrusted) return error.reason
    throw error
  }
}

describe('each group hands over to the next under its customer’s key', () => {
  test.each(named(vectors.chains))('%s', async (_, { terms, conversation, number, expect: wanted }) => {
    expect(await answer(() => judgeChain(readTerms(octets(terms)), { conversation: octets(conversation), number }))).toBe(wanted)
  })
})

describe('who knows an earlier group follows its own customer’s word only', () => {
  test.each(named(vectors.successions))('%s', async (_, { terms, earlier, expect: wanted }) => {
    expect(await answer(() => judgeContinues(readTerms(octets(terms)), readTerms(octets(earlier))))).toBe(wanted)
  })
})
