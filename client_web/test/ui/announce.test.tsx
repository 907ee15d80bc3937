// @vitest-environment jsdom
import { act, cleanup, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Announcer } from '../../src/ui/Announcer.tsx'
import { ANNOUNCE_EVERY_MS, announcement } from '../../src/ui/announce.ts'
import { aMessage } from './fixtures.ts'

const theirs = (id: string) => aMessage({ id, mine: false, from: 'Mara', text: `text ${id}` })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

test('a message of the other side is said with its name, one of mine is not', () => {
  expect(announcement([theirs('1')])).toBe('Mara: text 1')
  expect(announcement([aMessage({})])).toBeNull()
})

test('many at once become a count', () => {
  expect(announcement(['1', '2', '3', '4'].map(theirs))).toBe('4 new messages')
})

test('the history is not read aloud, what follows is, in one go', () => {
  const { rerender } = render(<Announcer entries={[theirs('old')]} />)
  rerender(<Announcer entries={[theirs('old'), theirs('1')]} />)
  act(() => void vi.advanceTimersByTime(ANNOUNCE_EVERY_MS / 2))
  rerender(<Announcer entries={[theirs('old'), theirs('1'), theirs('2')]} />)
  expect(screen.getByRole('status').textContent).toBe('')
  act(() => void vi.advanceTimersByTime(ANNOUNCE_EVERY_MS))
  expect(screen.getByRole('status').textContent).toBe('Mara: text 1. Mara: text 2')
})
