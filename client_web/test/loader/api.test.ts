// @vitest-environment jsdom
import { afterEach, expect, test } from 'vitest'

import { installApi } from '../../loader/api.ts'

afterEach(() => {
  delete window.Sotto
})

function verbs(did: string[]) {
  const said = (name: string) => () => void did.push(name)
  return {
    open: said('open'),
    close: said('close'),
    toggle: said('toggle'),
    show: said('show'),
    hide: said('hide'),
    shutdown: said('shutdown'),
  }
}

function call(...words: readonly unknown[]): unknown {
  return typeof window.Sotto === 'function' ? window.Sotto(...words) : undefined
}

test('what was queued before the loader came is done in order', () => {
  const did: string[] = []
  window.Sotto = Object.assign(() => undefined, { q: [['hide'], ['open'], 'junk', ['constructor']] })
  const api = installApi(window, verbs(did))
  expect(did).toEqual([])
  api.runQueued()
  expect(did).toEqual(['hide', 'open'])
})

test('a verb nobody knows does nothing', () => {
  const did: string[] = []
  installApi(window, verbs(did))
  call('toString')
  call({ verb: 'open' })
  call('close')
  expect(did).toEqual(['close'])
})

test('a listener hears its event until it unsubscribes', () => {
  const api = installApi(window, verbs([]))
  const heard: unknown[] = []
  const stop = call('on', 'unread', (count: unknown) => heard.push(count))
  api.emit('unread', 2)
  if (typeof stop === 'function') stop()
  api.emit('unread', 3)
  expect(heard).toEqual([2])
})

test('an event nobody knows cannot be listened to', () => {
  installApi(window, verbs([]))
  expect(call('on', 'message:text', () => undefined)).toBeUndefined()
})
