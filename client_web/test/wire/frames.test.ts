import { describe, expect, test } from 'vitest'
import vectors from '../../../tests/vectors/frames.json'
import { FROM_CLIENT, FROM_RELAY } from '../../src/wire/generated/frames'
import { fromHex, toHex } from '../../src/wire/octets'
import { BadFrame, decodeAs, encodeAs, type Shape } from '../../src/wire/shape'

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return { bytes: toHex(value) }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
  return value
}

const ends: readonly Shape<{ readonly tag: string }>[] = [FROM_CLIENT, FROM_RELAY] as never

const readers = (octets: Uint8Array) =>
  ends.flatMap((end) => {
    try {
      return [{ end, frame: decodeAs(end, octets) }]
    } catch (error) {
      if (error instanceof BadFrame) return []
      throw error
    }
  })

describe('frames', () => {
  test.each(vectors.good.map((vector) => [vector.name, vector] as const))(
    '%s reads as Python wrote it and writes the same bytes',
    (_, vector) => {
      const read = readers(fromHex(vector.hex))
      expect(read.map(({ frame }) => plain(frame))).toEqual([vector.fields])
      for (const { end, frame } of read) expect(encodeAs(end, frame)).toEqual(fromHex(vector.hex))
    },
  )

  test.each(vectors.bad.map((vector) => [vector.why, vector] as const))('%s is refused', (_, vector) => {
    expect(readers(fromHex(vector.hex))).toEqual([])
  })

  test('a number in a longer encoding than it needs is refused', () => {
    expect(readers(fromHex('92a4646f6e65cd0001'))).toEqual([])
  })

  test('an unknown union member cannot be written', () => {
    expect(() => encodeAs(FROM_CLIENT, { tag: 'undo' } as never)).toThrow(BadFrame)
  })
})
