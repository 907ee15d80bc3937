import { expect, test } from 'vitest'

import { startApp } from '../../frame/app.ts'
import type { ToLoader } from '../../frame/bridge.ts'
import type { CustomerIntent, CustomerView } from '../../src/core/views.ts'
import { observable } from '../../src/session/observable.ts'
import { activeChat } from './fixtures.ts'

const page = { root: '', site: 'shop', desk: 'support', origin: 'https://shop.example', build: '' }
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

function anApp() {
  const said: ToLoader[] = []
  const programs: { wanted: CustomerIntent[]; disposed: boolean; view: { value: CustomerView } }[] = []
  const app = startApp({
    page,
    languages: ['en'],
    optsOut: false,
    say: (message) => said.push(message),
    setHeight: () => undefined,
    startCustomer: () => {
      const program = { wanted: [] as CustomerIntent[], disposed: false, view: observable<CustomerView>({ kind: 'checking' }) }
      programs.push(program)
      return {
        view: program.view,
        intend: (intent) => program.wanted.push(intent),
        dispose: () => {
          program.disposed = true
        },
      }
    },
  })
  const answerLock = async (value: boolean): Promise<void> => {
    const asked = said.findLast((message) => message.kind === 'ask')
    app.take({ kind: 'answer', id: asked?.kind === 'ask' ? asked.id : 0, value })
    await turn()
  }
  return { app, said, programs, answerLock }
}

test('the session starts once this tab holds the lock', async () => {
  const { programs, answerLock } = anApp()
  expect(programs).toHaveLength(0)
  await answerLock(true)
  expect(programs[0]?.wanted).toEqual([{ kind: 'open' }])
})

test('without the lock the screen says where the chat is, and "use here" asks for it', async () => {
  const { app, said, programs, answerLock } = anApp()
  await answerLock(false)
  expect(app.view.value).toMatchObject({ kind: 'stopped', problem: { code: 'another_tab' } })
  app.intend({ kind: 'useHere' })
  expect(said.at(-1)).toMatchObject({ kind: 'ask', ask: { kind: 'lock', steal: true } })
  await answerLock(true)
  expect(programs).toHaveLength(1)
})

test('a lost lock ends the session before the screen says so', async () => {
  const { app, programs, answerLock } = anApp()
  await answerLock(true)
  app.take({ kind: 'lockLost' })
  expect(programs[0]?.disposed).toBe(true)
  expect(app.view.value).toMatchObject({ kind: 'stopped', problem: { code: 'another_tab' } })
})

test('unread messages are counted outside while the panel is closed, and seen when it opens', async () => {
  const { app, said, programs, answerLock } = anApp()
  await answerLock(true)
  const program = programs[0]
  if (program) program.view.value = { ...activeChat, unread: 2 }
  expect(said.at(-1)).toEqual({ kind: 'unread', count: 2 })
  app.take({ kind: 'panel', open: true, heightPx: 600 })
  await turn()
  expect(said.at(-1)).toEqual({ kind: 'unread', count: 0 })
  expect(program?.wanted.at(-1)).toEqual({ kind: 'seen' })
})

test('"not now" closes the panel, and opening it again asks again', async () => {
  const { app, said, programs, answerLock } = anApp()
  await answerLock(true)
  app.take({ kind: 'panel', open: true, heightPx: 600 })
  app.intend({ kind: 'notNow' })
  expect(said.at(-1)).toEqual({ kind: 'closePanel' })
  app.take({ kind: 'panel', open: false, heightPx: 0 })
  app.take({ kind: 'panel', open: true, heightPx: 600 })
  expect(programs[0]?.wanted.map((intent) => intent.kind)).toEqual(['open', 'open', 'notNow', 'open'])
})

test('an unreadable message stops everything', async () => {
  const { app, programs, answerLock } = anApp()
  await answerLock(true)
  app.fail('messageerror')
  expect(programs[0]?.disposed).toBe(true)
  expect(app.view.value).toMatchObject({ kind: 'stopped', problem: { code: 'old_browser', detail: 'messageerror' } })
})
