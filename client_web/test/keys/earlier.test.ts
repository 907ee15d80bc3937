import { describe, expect, test } from 'vitest'
import vectors from '../../../tests/vectors/earlier.json'
import { infoOf, newestThatFit, openWith } from '../../src/keys/earlier.ts'
import { encryptAead, open } from '../../src/keys/mls/hpke.ts'
import { findPrimitives } from '../../src/keys/mls/suite.ts'
import { Untrusted } from '../../src/keys/untrusted.ts'
import { SHARED_BYTES } from '../../src/wire/generated/limits.ts'
import { EARLIER, type Line, SHARED } from '../../src/wire/generated/payload.ts'
import { fromHex, toHex } from '../../src/wire/octets.ts'
import { decodeAs, encodeAs } from '../../src/wire/shape.ts'

const place = { groupId: fromHex(vectors.place.group_id), epoch: vectors.place.epoch, leaf: vectors.place.leaf }

const opened = async (shared: string): Promise<unknown> => {
  const { agreement } = await findPrimitives()
  const privateKey = fromHex(vectors.private)
  return openWith((sealed) => open(agreement, privateKey, sealed), { shared: decodeAs(SHARED, fromHex(shared)), place })
}

describe('earlier messages', () => {
  test('are sealed for one group, epoch and leaf', () => {
    expect(toHex(infoOf(place))).toBe(vectors.place.info)
    expect(toHex(infoOf({ ...place, epoch: 2 ** 40 + 1 })).slice(-24)).toBe('000001000000000100000002')
  })

  test.each(vectors.cases.map((each) => [each.name, each] as const))('%s', async (_, { shared, expect: wanted }) => {
    if (wanted !== 'opens') {
      const refused = await opened(shared).catch((error: unknown) => error)
      // Where the secret would be everybody's, an engine may refuse in its own words.
      if (wanted === 'malformed') expect(refused).toMatchObject({ reason: 'malformed' })
      else expect(refused).toBeInstanceOf(Error)
      return
    }
    const { left_out: leftOut, lines } = vectors.earlier
    expect(await opened(shared)).toEqual({ leftOut, lines })
  })

  test('that do not fit are left out and counted, the oldest first', () => {
    const lines = Array.from(
      { length: 20 },
      (_, index): Line => ({ whose: 'customer', name: '', text: `${index}`.padEnd(8000, 'x'), at: 1 }),
    )
    const earlier = newestThatFit(lines)
    expect(earlier).toEqual({ leftOut: 13, lines: lines.slice(13) })
    expect(encodeAs(EARLIER, earlier).length).toBeLessThanOrEqual(SHARED_BYTES)
    const short = newestThatFit(Array.from({ length: 5000 }, (): Line => ({ whose: 'person', name: 'Ana', text: 'x', at: 2 ** 41 })))
    expect(short.leftOut + short.lines.length).toBe(5000)
    expect(encodeAs(EARLIER, short).length).toBeGreaterThan(SHARED_BYTES - 40)
    expect(encodeAs(EARLIER, short).length).toBeLessThanOrEqual(SHARED_BYTES)
  })

  test('with a name that hides something are refused', async () => {
    const key = new Uint8Array(32)
    const line: Line = { whose: 'person', name: 'Ana\u202e', text: 'x', at: 1 }
    const blob = encryptAead(
      { key, nonce: new Uint8Array(12), associated: infoOf(place) },
      encodeAs(EARLIER, { leftOut: 0, lines: [line] }),
    )
    const shared = { tag: 'shared', device: key, kemOutput: key, sealedKey: new Uint8Array(48), blob } as const
    await expect(openWith(async () => key, { shared, place })).rejects.toBeInstanceOf(Untrusted)
  })
})
