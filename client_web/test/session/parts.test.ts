import { describe, expect, test } from 'vitest'
import words from '../../../tests/vectors/words.json'
import type { LinkEvent, LinkPort } from '../../src/core/ports.ts'
import { sha256 } from '../../src/keys/digest.ts'
import { conversationWords, deviceWords, organisationWords } from '../../src/keys/words.ts'
import { requestCode } from '../../src/session/deviceRequest.ts'
import { Link, LinkLost, waitFor } from '../../src/session/link.ts'
import { piecesOf } from '../../src/session/outbox.ts'
import { startNotice } from '../../src/session/policy.ts'
import { serial } from '../../src/session/serial.ts'
import { FROM_CLIENT, FROM_RELAY, type FromClient, type FromRelay } from '../../src/wire/generated/frames.ts'
import { fromHex, toHex, utf8 } from '../../src/wire/octets.ts'
import { Refused } from '../../src/wire/refused.ts'
import { decodeAs, encodeAs } from '../../src/wire/shape.ts'
import { POLICY } from './organisation.ts'
import { newClock } from './world.ts'

describe('words', () => {
  test.each(words.cases.map((each) => [each.key, each] as const))('of %s are those of Python', async (key, each) => {
    expect(await organisationWords(fromHex(key))).toEqual(each.organisation)
    expect(await conversationWords(fromHex(key))).toEqual(each.conversation)
    expect(await deviceWords(fromHex(key))).toEqual(each.device)
  })
})

describe('a device’s request', () => {
  test('is the code that the officer’s program reads', async () => {
    const leafKey = Uint8Array.from({ length: 32 }, (_, index) => index)
    expect(await requestCode({ org: 'kettle', person: 'ana', device: 'Browser a-b', leafKey })).toBe(
      'SOTTO-SUA2M-23FOR-2GYZN-DMFXG-DK2CO-JXXO4-3FOIQ-GCLLC-YQQAA-AICAM-CAKBQ-HBAEQ-UCYMB-UHA6E-ARCIJ-RIFIW-C4MBS-GQ3DQ-OR4HY-2M2UX-A',
    )
  })
})

describe('a notice', () => {
  const digest = async (octets: Uint8Array): Promise<string> => toHex(await sha256(octets))
  const policy = new TextDecoder().decode(POLICY)

  test('is digested as it is shown', async () => {
    const notice = await startNotice(POLICY, { digest: await digest(POLICY), desk: 'support', languages: ['en'] })
    const shown = [...notice.view.paragraphs, ...notice.view.more]
    expect(shown[0]).toBe("You'll be talking to Kettle & Cup Ltd.")
    expect(toHex(notice.noticeDigest)).toBe(await digest(utf8(shown.join('\n\n'))))
    expect(notice).toMatchObject({ purpose: 'support', view: { controller: 'Kettle & Cup Ltd', contact: 'privacy@kettle.example' } })
  })

  test.each([
    ['no TOML', 'a = ='],
    ['another schema', policy.replace('sotto-privacy/1', 'sotto-privacy/2')],
    ['no start notice', policy.replace('id = "start"', 'id = "stop"')],
    ['no purpose that the chat needs', policy.replaceAll('required_for_chat = true', 'required_for_chat = false')],
    ['no such desk', policy.replace('[[desks]]\nid = "support"', '[[desks]]\nid = "returns"')],
    ['no text in its own language', policy.replace('[notices.text]\nen =', '[notices.text]\nfr =')],
  ])('of a policy with %s is not shown', async (_, text) => {
    const octets = utf8(text)
    await expect(startNotice(octets, { digest: await digest(octets), desk: 'support', languages: ['en'] })).rejects.toMatchObject({
      reason: 'malformed',
    })
  })

  test('of other bytes than trust names is not shown', async () => {
    await expect(startNotice(POLICY, { digest: '0'.repeat(64), desk: 'support', languages: ['en'] })).rejects.toMatchObject({
      reason: 'inconsistent',
    })
  })
})

describe('long text', () => {
  test('is sent as several messages, no character cut in two', () => {
    const text = '🫖'.repeat(8001)
    expect(piecesOf(text).map((piece) => [...piece].length)).toEqual([8000, 1])
    expect(piecesOf(text).join('')).toBe(text)
    expect(piecesOf('  \n ')).toEqual([])
  })
})

describe('in order', () => {
  test('a task that fails does not stop the next', async () => {
    const order: number[] = []
    const { run } = serial()
    const failing = run(async () => {
      order.push(1)
      throw new Error('no')
    })
    const next = run(async () => {
      order.push(2)
    })
    await expect(failing).rejects.toThrow('no')
    await next
    expect(order).toEqual([1, 2])
  })
})

const CHALLENGE: FromRelay = { tag: 'challenge', connection: 'c', nonce: new Uint8Array(32), serverTime: 1, oldestProtocol: 1 }
const WELCOMED: FromRelay = {
  tag: 'welcomed',
  serverTime: 1,
  agent: null,
  deviceState: 'customer',
  credential: null,
  keyPackages: 0,
  lastResortUntil: 0,
  conversations: [],
}

const until = async (look: () => boolean): Promise<void> => {
  while (!look()) await Promise.resolve()
}

const line = () => {
  const said: FromClient[] = []
  const told: string[] = []
  const clock = newClock(0)
  let hear: (event: LinkEvent) => void = () => undefined
  let connects = 0
  const port: LinkPort = {
    connect: () => {
      connects += 1
    },
    send: (bytes) => said.push(decodeAs(FROM_CLIENT, bytes)),
    close: () => told.push('close'),
    listen: (fn) => {
      hear = fn
    },
  }
  const link = new Link(
    { port, clock, entropy: (bytes) => new Uint8Array(bytes) },
    {
      hello: async () => ({ tag: 'hello', hello: { claims: Uint8Array.of(1), signature: new Uint8Array(64) } }),
      welcomed: () => told.push('welcomed'),
      frame: (frame) => told.push(frame.tag),
      state: (state) => told.push(state),
      ended: (code, refusal) => told.push(`ended ${code} ${refusal}`),
    },
  )
  const relay = (frame: FromRelay): void => hear({ kind: 'frame', bytes: encodeAs(FROM_RELAY, frame) })
  const online = async (): Promise<void> => {
    link.start()
    relay(CHALLENGE)
    await Promise.resolve()
    await Promise.resolve()
    relay(WELCOMED)
  }
  return {
    link,
    relay,
    online,
    said,
    told,
    clock,
    connects: () => connects,
    closed: (code: number) => hear({ kind: 'closed', code }),
    raw: hear,
  }
}

describe('the link', () => {
  test('greets, and matches answers to requests by number', async () => {
    const { link, relay, online, said } = line()
    await online()
    const [first, second] = [link.ask({ tag: 'watch', desk: 'a' }), link.ask({ tag: 'watch', desk: 'b' })]
    expect(said.map(({ tag }) => tag)).toEqual(['hello', 'watch', 'watch'])
    relay({ tag: 'refused', ref: 2, code: 'too_fast', retryAfterMs: 5, notice: null, reference: null })
    relay({ tag: 'done', ref: 1 })
    expect(await first).toEqual({ tag: 'done', ref: 1 })
    await expect(second).rejects.toMatchObject({ code: 'too_fast', retryAfterMs: 5 })
    await expect(second).rejects.toBeInstanceOf(Refused)
  })

  test('asks again what was refused for now, where it must have an answer', async () => {
    const { link, relay, online, said, clock } = line()
    await online()
    const asked = link.insist({ tag: 'watch', desk: 'a' })
    relay({ tag: 'refused', ref: 1, code: 'unavailable', retryAfterMs: null, notice: null, reference: 'ab' })
    await until(() => {
      clock.advance(2000)
      return said.length === 3
    })
    relay({ tag: 'done', ref: 2 })
    expect(await asked).toEqual({ tag: 'done', ref: 2 })
    const other = link.insist({ tag: 'watch', desk: 'b' })
    relay({ tag: 'refused', ref: 3, code: 'not_found', retryAfterMs: null, notice: null, reference: null })
    await expect(other).rejects.toMatchObject({ code: 'not_found' })
  })

  test('tells who asked that the line was lost, and connects again', async () => {
    const { link, online, closed, clock, connects, told } = line()
    await online()
    const asked = link.ask({ tag: 'watch', desk: 'a' })
    closed(1006)
    await expect(asked).rejects.toBeInstanceOf(LinkLost)
    await expect(link.ask({ tag: 'watch', desk: 'a' })).rejects.toBeInstanceOf(LinkLost)
    clock.advance(249)
    expect(connects()).toBe(1)
    clock.advance(1)
    expect(connects()).toBe(2)
    expect(told).toEqual(['connecting', 'online', 'welcomed', 'offline', 'connecting'])
  })

  test('waits longer each time, half a minute at most, never all at once', () => {
    const [least, most] = [new Uint8Array(4), new Uint8Array(4).fill(255)]
    expect([0, 1, 2, 3].map((failures) => waitFor(failures, { code: 1006, random: least }))).toEqual([250, 500, 1000, 2000])
    expect(waitFor(50, { code: 1006, random: least })).toBe(15_000)
    expect(Math.round(waitFor(50, { code: 1006, random: most }))).toBe(30_000)
    // A relay that says that it goes away is met over four seconds, the first time.
    expect(waitFor(0, { code: 1001, random: least })).toBe(250)
    expect(Math.round(waitFor(0, { code: 1001, random: most }))).toBe(4000)
    expect(Math.round(waitFor(1, { code: 1001, random: most }))).toBe(1000)
  })

  test.each([4400, 4401, 4403, 4406, 4409])('does not connect again after %i', async (code) => {
    const { online, closed, clock, connects, told } = line()
    await online()
    closed(code)
    clock.advance(60_000)
    expect(connects()).toBe(1)
    expect(told.at(-1)).toBe(`ended ${code} null`)
  })

  test('says why a hello was refused', async () => {
    const { link, relay, closed, told } = line()
    link.start()
    relay(CHALLENGE)
    relay({ tag: 'refused', ref: null, code: 'not_signed_in', retryAfterMs: null, notice: null, reference: null })
    closed(4401)
    expect(told.at(-1)).toBe('ended 4401 not_signed_in')
  })

  test('closes on what is no frame, on a second challenge, on a newer protocol and on anything before welcomed', async () => {
    const garbage = line()
    await garbage.online()
    garbage.raw({ kind: 'frame', bytes: Uint8Array.of(0xc1) })
    expect(garbage.told.at(-1)).toBe('close')
    const twice = line()
    await twice.online()
    twice.relay(CHALLENGE)
    expect(twice.told).toContain('ended 4400 null')
    const newer = line()
    newer.link.start()
    newer.relay({ ...CHALLENGE, oldestProtocol: 2 })
    expect(newer.told).toContain('ended 4400 null')
    const early = line()
    early.link.start()
    early.relay({ tag: 'done', ref: 1 })
    expect(early.told.at(-1)).toBe('close')
  })

  test('says nothing any more once it was stopped', async () => {
    const { link, online, relay, said, told } = line()
    await online()
    link.stop()
    link.tell({ tag: 'ack', conversation: new Uint8Array(16), seq: 1 })
    relay({ tag: 'delivered', conversation: new Uint8Array(16), seq: 1 })
    expect(said.map(({ tag }) => tag)).toEqual(['hello'])
    expect(told.slice(-2)).toEqual(['close', 'offline'])
  })
})
