/** The file that a customer saves: what it holds. That it proves itself is `sotto receipt verify`'s to say, in the browser tests. */
import { beforeEach, expect, test } from 'vitest'
import { fromBase64, fromBase64Url, fromUtf8, toHex } from '../../src/wire/octets.ts'
import { chatSays, newStage, type Stage } from './stage.ts'
import { until } from './world.ts'

let stage: Stage

beforeEach(async () => {
  stage = await newStage()
})

interface Written {
  readonly profile: string
  readonly conversation: string
  readonly decisions: readonly { readonly decided: { readonly receipt: string | null }; readonly shown: readonly string[] }[]
  readonly readers: readonly { readonly credential: string }[]
}

const written = (content: Uint8Array | undefined): Written => {
  const envelope: { payload: string } = JSON.parse(fromUtf8(content ?? new Uint8Array()) ?? '')
  return JSON.parse(fromUtf8(fromBase64(envelope.payload) ?? new Uint8Array()) ?? '')
}

test('holds the start decision with the words that were shown, its receipt, and who can read; and no message', async () => {
  const { shopper, ana, conversation } = await stage.talking()
  ana.intend({ kind: 'send', conversation, text: 'nobody else is to read this' })
  await until(shopper, chatSays('nobody else is to read this'))
  shopper.intend({ kind: 'saveReceipts' })
  await expect.poll(() => stage.saved.map(({ name }) => name)).toEqual(['sotto-decisions.json'])
  const content = stage.saved[0]?.content
  const file = written(content)
  expect(toHex(fromBase64Url(file.conversation) ?? new Uint8Array())).toBe(conversation)
  expect(file.decisions).toHaveLength(1)
  expect(file.decisions[0]?.decided.receipt).not.toBeNull()
  expect(file.decisions[0]?.shown.length).toBeGreaterThan(0)
  const [reader] = file.readers.map(({ credential }) => fromUtf8(fromBase64Url(credential) ?? new Uint8Array()) ?? '')
  const named: { payload: string } = JSON.parse(reader ?? '')
  expect(fromUtf8(fromBase64(named.payload) ?? new Uint8Array())).toContain('"name":"Ana"')
  expect(JSON.stringify(file)).not.toContain('nobody else')
})

test('can still be saved from the screen of a chat that has ended', async () => {
  const { shopper, ana, conversation } = await stage.talking()
  ana.intend({ kind: 'close', conversation })
  await until(shopper, (view): view is typeof view => view.kind === 'chat' && view.stage === 'closed')
  shopper.intend({ kind: 'saveReceipts' })
  await expect.poll(() => stage.saved).toHaveLength(1)
})
