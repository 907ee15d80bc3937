// @vitest-environment jsdom
import { expect, test } from 'vitest'

import { appMarkup, buildWall, trustedMarkup, wallMarkup } from '../../loader/frames.ts'

const script = { url: 'https://relay.example/w/1.0.0/app.js', sri: 'sha384-AbC+/=', nonce: '' }
const FRAME_POLICY =
  "default-src 'none'; script-src 'sha384-AbC+/='; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

function parsed(markup: string): Document {
  return new DOMParser().parseFromString(markup, 'text/html')
}

function policyIn(page: Document): string | null {
  return page.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content') ?? null
}

test('the app frame carries exactly the policy of the design', () => {
  expect(policyIn(parsed(appMarkup(script)))).toBe(FRAME_POLICY)
})

test('the wall carries the same policy and lets its frame go nowhere', () => {
  expect(policyIn(parsed(wallMarkup(script)))).toBe(`${FRAME_POLICY}; frame-src 'none'`)
})

test('the policy stands before the script it is about', () => {
  const page = parsed(appMarkup(script))
  const order = [...page.querySelectorAll('meta[http-equiv], script')].map((element) => element.localName)
  expect(order).toEqual(['meta', 'script'])
})

test('the app is one script with its own integrity', () => {
  const [element, ...more] = parsed(appMarkup(script)).querySelectorAll('script')
  expect(more).toEqual([])
  expect(element?.getAttribute('src')).toBe(script.url)
  expect(element?.getAttribute('integrity')).toBe(script.sri)
  expect(element?.getAttribute('crossorigin')).toBe('anonymous')
  expect(element?.hasAttribute('nonce')).toBe(false)
})

test('the wall has no script of its own and holds the app, sandboxed', () => {
  const wall = parsed(wallMarkup(script))
  const inner = wall.querySelector('iframe')
  expect(wall.querySelectorAll('script')).toHaveLength(0)
  expect(inner?.getAttribute('sandbox')).toBe('allow-scripts')
  expect(inner?.getAttribute('srcdoc')).toBe(appMarkup(script))
})

test('a host with nonces has its nonce copied to the app', () => {
  const element = parsed(appMarkup({ ...script, nonce: 'a"b' })).querySelector('script')
  expect(element?.getAttribute('nonce')).toBe('a"b')
})

test('an address cannot break out of the markup', () => {
  const hostile = { ...script, url: 'https://relay.example/"><script>alert(1)</script>' }
  const page = parsed(appMarkup(hostile))
  expect(page.querySelectorAll('script')).toHaveLength(1)
  expect(parsed(wallMarkup(hostile)).querySelectorAll('script')).toHaveLength(0)
})

test('the Trusted Types policy gives the one text whatever it is asked for', () => {
  const named: string[] = []
  const host = Object.assign(window, {
    trustedTypes: {
      createPolicy: (name: string, rules: { createHTML(text: string): string }) => {
        named.push(name)
        return { createHTML: () => rules.createHTML('<img src=x onerror=alert(1)>') }
      },
    },
  })
  expect(trustedMarkup(host, '<p>ours</p>')).toBe('<p>ours</p>')
  expect(named).toEqual(['sotto'])
})

test('the wall itself may run scripts and nothing else', () => {
  expect(buildWall(document, { markup: '', title: 'Chat' }).getAttribute('sandbox')).toBe('allow-scripts')
})
