// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact'
import { afterEach, beforeAll, expect, test } from 'vitest'

import type { WidgetIntent } from '../../frame/intents.ts'
import { Widget } from '../../frame/Widget.tsx'
import type { IncidentView } from '../../src/core/views.ts'
import { activeChat, anIncident } from './fixtures.ts'

/** jsdom lays nothing out, so nothing ever changes its size. */
class StillObserver implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

beforeAll(() => {
  globalThis.ResizeObserver = StillObserver
})
afterEach(cleanup)

function show(incidents: readonly IncidentView[]) {
  const wanted: WidgetIntent[] = []
  const intend = (intent: WidgetIntent) => void wanted.push(intent)
  const widget = (open: boolean) => <Widget view={{ ...activeChat, incidents }} open={open} optsOut={false} intend={intend} />
  const drawn = render(widget(true))
  return { wanted, open: (isOpen: boolean) => drawn.rerender(widget(isOpen)) }
}

const press = (name: string): boolean => fireEvent.click(screen.getByRole('button', { name }))
const panel = (): HTMLElement | null => screen.queryByRole('alert', { name: /Something happened/ })

test('a notice shows its four parts and the contact, in its language', () => {
  show([anIncident])
  const shown = within(screen.getByRole('alert', { name: 'Something happened that concerns you' }))
  for (const part of anIncident.parts) {
    expect(shown.getByText((_, each) => each?.tagName === 'P' && each.textContent === part).lang).toBe('en')
  }
  expect(shown.getByText('Questions: privacy@kettle.example')).toBeTruthy()
  expect(shown.getAllByRole('heading').map(({ textContent }) => textContent)).toEqual([
    'Something happened that concerns you',
    'What happened',
    'What it may mean for you',
    'What we did',
    'What you can do',
  ])
})

test('it has two answers that differ in nothing but their words, and no way to refuse', () => {
  show([anIncident])
  const buttons = within(screen.getByRole('alert', { name: /Something happened/ })).getAllByRole('button')
  const [read, later] = buttons
  const bare = (button: HTMLElement | undefined): string => button?.outerHTML.replace(button.textContent, '') ?? ''
  expect(buttons.map(({ textContent }) => textContent)).toEqual(['I have read this', 'Remind me later'])
  expect(bare(read)).toBe(bare(later))
})

test('that it was read is an intent; nothing else is', () => {
  const { wanted } = show([anIncident])
  press('Remind me later')
  expect(wanted).toEqual([])
  cleanup()
  const { wanted: then } = show([anIncident])
  press('I have read this')
  expect(then).toEqual([{ kind: 'readIncident', id: 'i1' }])
})

test('what was put off comes back when the window is opened next, and not before', () => {
  const { open } = show([anIncident])
  press('Remind me later')
  expect(panel()).toBeNull()
  open(false)
  expect(panel()).toBeNull()
  open(true)
  expect(panel()).not.toBeNull()
})

test('of two notices the second is shown after the first', () => {
  show([anIncident, { ...anIncident, id: 'i2', contact: 'dpo@kettle.example' }])
  press('Remind me later')
  expect(screen.getByText('Questions: dpo@kettle.example')).toBeTruthy()
})

test('markup in a notice stays text', () => {
  show([{ ...anIncident, contact: '<img src=x onerror=alert(1)>' }])
  expect(screen.getByText('Questions: <img src=x onerror=alert(1)>')).toBeTruthy()
  expect(document.querySelector('img')).toBeNull()
})
