import { expect, test } from 'vitest'

import { HANDOVER, parseHandover, parseToApp, parseToLoader, type ToApp, type ToLoader } from '../../frame/bridge.ts'
import type { StoredKeys } from '../../src/core/ports.ts'

const bytes = new Uint8Array([1, 2, 3])
const digest = '0f'.repeat(32)
const page = { root: 'a'.repeat(52), site: 'shop', desk: 'support', origin: 'https://shop.example', build: 'sha384-x' }

async function someKeys(): Promise<StoredKeys> {
  const sealing = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  return { sealing, device: { privateKey: pair.privateKey, publicKey: pair.publicKey }, devicePublic: new Uint8Array(32) }
}

const keys = await someKeys()

const toLoader: readonly ToLoader[] = [
  { kind: 'connect' },
  { kind: 'disconnect' },
  { kind: 'closePanel' },
  { kind: 'send', bytes },
  { kind: 'unread', count: 2 },
  { kind: 'file', name: 'sotto-decisions.json', bytes },
  { kind: 'ask', id: 1, ask: { kind: 'lock', steal: true } },
  { kind: 'ask', id: 2, ask: { kind: 'loadKeys' } },
  { kind: 'ask', id: 3, ask: { kind: 'saveKeys', keys, changes: new Map([['state', bytes]]) } },
  { kind: 'ask', id: 4, ask: { kind: 'load', name: 'state' } },
  {
    kind: 'ask',
    id: 5,
    ask: {
      kind: 'save',
      changes: new Map([
        ['state', bytes],
        ['old', null],
      ]),
    },
  },
  { kind: 'ask', id: 6, ask: { kind: 'wipe' } },
  { kind: 'ask', id: 7, ask: { kind: 'trustBundle' } },
  { kind: 'ask', id: 8, ask: { kind: 'policy', digest } },
]

test.each(toLoader.map((message) => [message.kind === 'ask' ? message.ask.kind : message.kind, message]))(
  'the loader reads %s as it was written',
  (_name, message) => {
    expect(parseToLoader(message)).toEqual(message)
  },
)

test.each([
  null,
  'connect',
  [],
  { kind: 'eval', code: '1' },
  { kind: 'send', bytes: 'text' },
  { kind: 'unread', count: -1 },
  { kind: 'unread', count: 1.5 },
  { kind: 'ask', id: 1, ask: { kind: 'fetch', url: 'https://evil.example' } },
  { kind: 'ask', id: 'x', ask: { kind: 'wipe' } },
  { kind: 'ask', id: 1, ask: { kind: 'policy', digest: '../../v1/sign-in' } },
  { kind: 'ask', id: 1, ask: { kind: 'load', name: '' } },
  { kind: 'ask', id: 1, ask: { kind: 'save', changes: { state: bytes } } },
  { kind: 'ask', id: 1, ask: { kind: 'save', changes: new Map([['state', 'text']]) } },
  { kind: 'ask', id: 1, ask: { kind: 'saveKeys', keys: { ...keys, sealing: {} }, changes: new Map() } },
  { kind: 'ask', id: 1, ask: { kind: 'saveKeys', keys: { ...keys, devicePublic: new Uint8Array(31) }, changes: new Map() } },
  { kind: 'ask', id: 1, ask: { kind: 'saveKeys', keys } },
])('the loader drops what it does not know: %j', (data) => {
  expect(parseToLoader(data)).toBeNull()
})

const toApp: readonly ToApp[] = [
  { kind: 'lockLost' },
  { kind: 'panel', open: true, heightPx: 600 },
  { kind: 'link', event: { kind: 'open' } },
  { kind: 'link', event: { kind: 'frame', bytes } },
  { kind: 'link', event: { kind: 'closed', code: 1006 } },
  { kind: 'answer', id: 1, value: null },
  { kind: 'answer', id: 1, value: true },
  { kind: 'answer', id: 1, value: bytes },
  { kind: 'answer', id: 1, value: keys },
  { kind: 'failed', id: 1, reason: 'http_404' },
]

test.each(toApp.map((message) => [message.kind, message]))('the app reads %s as it was written', (_name, message) => {
  expect(parseToApp(message)).toEqual(message)
})

test.each([
  null,
  { kind: 'panel', open: 1, heightPx: 3 },
  { kind: 'link', event: { kind: 'frame' } },
  { kind: 'answer', id: 1, value: 'text' },
  { kind: 'failed', id: 1 },
])('the app drops what it does not know: %j', (data) => {
  expect(parseToApp(data)).toBeNull()
})

test('a handover names the page, and half a page is none', () => {
  expect(parseHandover({ kind: HANDOVER, page })).toEqual({ kind: HANDOVER, page })
  expect(parseHandover({ kind: HANDOVER, page: { ...page, site: 3 } })).toBeNull()
  expect(parseHandover({ kind: 'else', page })).toBeNull()
})
