// @vitest-environment jsdom
import { beforeEach, expect, test } from 'vitest'

import { firstMissing } from '../../loader/capabilities.ts'
import { findScript, readSnippet } from '../../loader/config.ts'

const URL_OF_LOADER = 'https://relay.example/w/1.0.0/loader.js'
const ROOT = 'a'.repeat(52)

beforeEach(() => document.head.replaceChildren())

function aScript(data: Readonly<Record<string, string>>): HTMLScriptElement {
  const script = document.createElement('script')
  script.type = 'module'
  script.src = URL_OF_LOADER
  for (const [name, value] of Object.entries(data)) script.setAttribute(`data-${name}`, value)
  document.head.append(script)
  return script
}

const whole = { root: ROOT, site: 'shop', desk: 'support' }

test('the loader finds its own script among others', () => {
  const other = document.createElement('script')
  other.type = 'module'
  other.src = 'https://shop.example/app.js'
  document.head.append(other)
  const script = aScript(whole)
  expect(findScript(document, URL_OF_LOADER)).toBe(script)
  expect(findScript(document, 'https://relay.example/else.js')).toBeNull()
})

test('a whole snippet is read, with the relay it came from', () => {
  expect(readSnippet(aScript(whole))).toMatchObject({ ...whole, contact: null, relay: 'https://relay.example' })
})

test.each([
  ['data-root', { ...whole, root: 'not base32!' }],
  ['data-root', { site: 'shop', desk: 'support' }],
  ['data-site', { ...whole, site: 'Shop' }],
  ['data-desk', { ...whole, desk: '' }],
  ['data-contact', { ...whole, contact: 'javascript:alert(1)' }],
])('a snippet with a bad %s is named, not guessed', (attribute, data) => {
  expect(readSnippet(aScript(data))).toBe(attribute)
})

const able = { isSecureContext: true, hasSubtle: true, hasLocks: true, hasStorage: true }

test('an able browser lacks nothing', () => {
  expect(firstMissing(able)).toBeNull()
})

test.each([
  ['no_secure_context', { ...able, isSecureContext: false, hasSubtle: false }],
  ['no_storage', { ...able, hasStorage: false }],
  ['old_browser', { ...able, hasSubtle: false }],
  ['old_browser', { ...able, hasLocks: false }],
])('%s is said when it is so', (missing, parts) => {
  expect(firstMissing(parts)).toBe(missing)
})
