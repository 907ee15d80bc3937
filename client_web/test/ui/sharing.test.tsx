// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact'
import { afterEach, beforeAll, expect, test } from 'vitest'

import type { WidgetIntent } from '../../frame/intents.ts'
import { ShareCard } from '../../frame/ShareCard.tsx'
import type { EntryView } from '../../src/core/views.ts'
import { announcement } from '../../src/ui/announce.ts'
import { MessageList } from '../../src/ui/MessageList.tsx'

beforeAll(() => {
  globalThis.ResizeObserver = class implements ResizeObserver {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  }
})
afterEach(cleanup)

const shared: Extract<EntryView, { kind: 'shared' }> = {
  kind: 'shared',
  id: 's',
  who: 'Ben',
  side: 'newcomer',
  count: 2,
  leftOut: 0,
  at: 0,
  standing: 'sent',
}

test('the two answers differ in nothing but their words, and each is its own intent; closing it is "nothing"', () => {
  const wanted: WidgetIntent[] = []
  render(<ShareCard share={{ id: 'ben', to: 'Ben', count: 2 }} intend={(intent) => wanted.push(intent)} />)
  expect(screen.getByRole('heading').textContent).toBe('Share earlier messages with Ben?')
  const [soFar, nothing] = within(screen.getByRole('group', { name: 'Your answer' })).getAllByRole('button')
  const bare = (button: HTMLElement | undefined): string => button?.outerHTML.replace(button.textContent, '') ?? ''
  expect([soFar?.textContent, nothing?.textContent]).toEqual(['This chat so far', 'Nothing'])
  expect(bare(soFar)).toBe(bare(nothing))
  for (const name of ['This chat so far', 'Nothing', 'Share nothing and close']) fireEvent.click(screen.getByRole('button', { name }))
  expect(wanted).toEqual([true, false, false].map((each) => ({ kind: 'share', with: 'ben', wanted: each })))
})

test('every message that was shared says that the customer shared it', () => {
  const entries: readonly EntryView[] = [
    { ...shared, leftOut: 1 },
    { kind: 'earlier', id: '1', whose: 'customer', from: '', text: 'My lid is cracked', at: 0 },
    { kind: 'earlier', id: '2', whose: 'assistant', from: 'Steam', text: 'Number 4', at: 0 },
  ]
  render(<MessageList entries={entries} onRetry={null} />)
  expect(screen.getByText(/^Shared by the customer: 2 messages from before you came. 1 older one did not fit/).textContent).toContain(
    'no proof',
  )
  const said = screen.getAllByRole('article').map((each) => each.textContent)
  expect(said[0]).toMatch(/^CustomerMy lid is cracked.*· shared by the customer$/)
  expect(said[1]).toMatch(/^Steam · AI assistantNumber 4.*· shared by the customer$/)
})

test.each([
  [{ side: 'giver' }, 'You shared 2 messages with Ben.'],
  [{ side: 'giver', count: 1, leftOut: 3 }, 'You shared 1 message with Ben. 3 older ones did not fit.'],
  [{ side: 'giver', standing: 'sending' }, 'Sharing earlier messages with Ben…'],
  [{ side: 'giver', standing: 'not_sent' }, 'Earlier messages were not shared with Ben.'],
  [{ side: 'other', count: 0 }, 'The customer shared earlier messages with Ben.'],
] as const)('%o is said as "%s"', (changes, words) => {
  expect(announcement([{ ...shared, ...changes }])).toBe(words)
})
