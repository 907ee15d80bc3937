// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { WidgetIntent } from '../../frame/intents.ts'
import { Widget } from '../../frame/Widget.tsx'
import type { CustomerView } from '../../src/core/views.ts'
import { activeChat, aMessage, aNotice, anOrganisation, longerChat, mara, me, nearChat, PROBLEMS, privacyChat, VIEWS } from './fixtures.ts'

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

function show(view: CustomerView, { open = true, optsOut = false } = {}) {
  const wanted: WidgetIntent[] = []
  const drawn = render(<Widget view={view} open={open} optsOut={optsOut} intend={(intent) => wanted.push(intent)} />)
  const next = (view: CustomerView) =>
    drawn.rerender(<Widget view={view} open={open} optsOut={optsOut} intend={(intent) => wanted.push(intent)} />)
  return { wanted, next, container: drawn.container }
}

const notice: CustomerView = { kind: 'notice', organisation: anOrganisation, notice: aNotice, starting: false }

/** Without what is only kept for later. */
const done = (wanted: readonly WidgetIntent[]): readonly WidgetIntent[] => wanted.filter(({ kind }) => kind !== 'draft')

function press(name: string | RegExp): void {
  fireEvent.click(screen.getByRole('button', { name }))
}

function write(text: string): HTMLElement {
  const field = screen.getByRole('textbox', { name: 'Write a message' })
  fireEvent.input(field, { target: { value: text } })
  return field
}

test.each([...VIEWS])('the screen %s has one heading of the first level and no style attribute', (_name, view) => {
  const { container } = show(view, { open: false })
  expect(screen.getAllByRole('heading', { level: 1 })).toHaveLength(1)
  // The field grows by CSSOM, which every policy allows and jsdom shows as an attribute.
  expect(container.querySelectorAll('[style]:not(textarea)')).toHaveLength(0)
})

test('the two answers to the notice differ in nothing but their words', () => {
  show(notice)
  const [no, yes] = within(screen.getByRole('group', { name: 'Your answer' })).getAllByRole('button')
  const bare = (button: HTMLElement | undefined): string => button?.outerHTML.replace(button.textContent, '') ?? ''
  expect([no?.textContent, yes?.textContent]).toEqual(['Not now', 'Start chat'])
  expect(bare(no)).toBe(bare(yes))
})

test('the notice shows every paragraph that is digested into the decision', () => {
  show(notice)
  for (const paragraph of [...aNotice.paragraphs, ...aNotice.more]) expect(screen.getByText(paragraph).textContent).toBe(paragraph)
})

test('each language of the notice is offered by its own name, and the one that is shown is marked', () => {
  const { wanted } = show(notice)
  const [english, german] = within(screen.getByRole('group', { name: 'Language of this notice' })).getAllByRole('button')
  expect([english?.textContent, german?.textContent]).toEqual(['English', 'Deutsch'])
  expect([english, german].map((each) => each?.getAttribute('aria-pressed'))).toEqual(['true', 'false'])
  press('Deutsch')
  expect(wanted).toEqual([{ kind: 'speak', language: 'de' }])
})

test('a notice in one language offers none, and one without more has no second layer', () => {
  show({ ...notice, notice: { ...aNotice, languages: ['en'], more: [] } })
  expect(screen.queryByRole('group', { name: 'Language of this notice' })).toBeNull()
  expect(screen.queryByText('More about your data')).toBeNull()
})

test('each answer is its own intent', () => {
  const { wanted } = show(notice)
  press('Not now')
  press('Start chat')
  expect(wanted).toEqual([{ kind: 'notNow' }, { kind: 'start' }])
})

test('while starting, a second press does nothing', () => {
  const { wanted } = show({ ...notice, starting: true })
  press('Starting…')
  expect(wanted).toEqual([])
})

test('Enter sends what was written and empties the field', () => {
  const { wanted } = show(activeChat)
  const field = write('  Hello\nthere ')
  fireEvent.keyDown(field, { key: 'Enter' })
  expect(done(wanted)).toEqual([{ kind: 'send', text: 'Hello\nthere' }])
  expect(field).toHaveProperty('value', '')
})

test('what is typed is kept as a draft, and what was kept stands in the field', () => {
  const { wanted } = show({ ...activeChat, draft: 'Dear' })
  expect(screen.getByRole('textbox', { name: 'Write a message' })).toHaveProperty('value', 'Dear')
  fireEvent.keyDown(write('Dear you'), { key: 'Enter' })
  expect(wanted).toEqual([
    { kind: 'draft', text: 'Dear you' },
    { kind: 'send', text: 'Dear you' },
    { kind: 'draft', text: '' },
  ])
})

test('a message counts as left, and the page as free to close, only once the relay has it', () => {
  const left = { ...activeChat, stage: 'left', readers: [me, mara] } as const
  const { next } = show({ ...left, entries: [] })
  const closable = /You may close this page/
  expect(screen.getByText(/Write your message now/)).toBeTruthy()
  next({ ...left, leave: 'asking', entries: [aMessage({ standing: 'sending' })] })
  expect(screen.queryByText(closable)).toBeNull()
  next({ ...left, entries: [aMessage({ id: 'a', standing: 'sent' }), aMessage({ id: 'b', standing: 'sending' })] })
  expect(screen.getByText(/Keep this page open until it is sent/)).toBeTruthy()
  expect(screen.queryByText(closable)).toBeNull()
  next({ ...left, entries: [aMessage({ id: 'a', standing: 'sent' }), aMessage({ id: 'b', standing: 'sent' })] })
  expect(screen.getByText(closable)).toBeTruthy()
})

test('what a revoked agent left unanswered is a question with two answers of equal weight', () => {
  const { wanted } = show({ ...activeChat, resend: { count: 2, to: 'Ben' } })
  expect(screen.getByText(/Your last 2 messages were not answered/)).toBeTruthy()
  press('Do not send')
  press('Send again to Ben')
  expect(wanted).toEqual([
    { kind: 'resend', again: false },
    { kind: 'resend', again: true },
  ])
})

test('Shift and Enter, and Enter inside an input method, send nothing', () => {
  const { wanted } = show(activeChat)
  const field = write('Hel')
  fireEvent.keyDown(field, { key: 'Enter', shiftKey: true })
  fireEvent.keyDown(field, { key: 'Enter', isComposing: true })
  expect(done(wanted)).toEqual([])
})

test('before anybody has joined a message can be written and says when it will be sent', () => {
  const { wanted, next } = show({ ...activeChat, stage: 'waiting', readers: [me], entries: [] })
  fireEvent.keyDown(write('My kettle leaks'), { key: 'Enter' })
  expect(done(wanted)).toEqual([{ kind: 'send', text: 'My kettle leaks' }])
  expect(screen.getByText(/encrypted and sent when someone from the Support desk joins/)).toBeTruthy()
  const entries = [aMessage({ id: 'a', text: 'My kettle leaks', standing: 'sending' })]
  next({ ...activeChat, stage: 'waiting', readers: [me], entries })
  expect(screen.getByText(/Will be sent when someone joins/)).toBeTruthy()
  next({ ...activeChat, entries })
  expect(screen.getByText(/Sending…/)).toBeTruthy()
})

test('a draft survives a look at who can read', () => {
  show(activeChat)
  write('half a sen')
  press(/can read this chat/)
  press('Back')
  expect(screen.getByRole('textbox')).toHaveProperty('value', 'half a sen')
})

test('who can read is in sight as a sentence, with names while there are few', () => {
  const { next } = show({ ...activeChat, readers: [me] })
  expect(screen.getByText('Only you can read this chat')).toBeTruthy()
  next({ ...activeChat, readers: [me, mara] })
  expect(screen.getByText('You and Mara can read this chat')).toBeTruthy()
  next({ ...activeChat, readers: [me, mara, { ...mara, id: 'n', name: 'Noor' }] })
  expect(screen.getByText('3 people can read this chat')).toBeTruthy()
})

test('the roster shows each reader, the words and the key they belong to', () => {
  show(activeChat)
  press(/can read this chat/)
  expect(screen.getByRole('heading', { level: 1, name: 'Who can read this chat' })).toBe(document.activeElement)
  expect(screen.getByText('Certified by Kettle & Cup')).toBeTruthy()
  expect(screen.getByText(/For key 3 of this chat/)).toBeTruthy()
  for (const word of activeChat.words?.words ?? []) expect(screen.getByText(word)).toBeTruthy()
})

test('ending takes two presses and can be thought better of', () => {
  const { wanted } = show(activeChat)
  press('End chat')
  expect(screen.getByRole('heading', { name: 'End this chat?' })).toBeTruthy()
  press('Keep chatting')
  expect(wanted).toEqual([])
  press('End chat')
  press('End chat')
  expect(wanted).toEqual([{ kind: 'end' }])
})

test('a message that did not go out says so in words and can be sent again', () => {
  const { wanted } = show({ ...activeChat, entries: [aMessage({ id: 'x', text: 'Lost', standing: 'not_sent' })] })
  expect(screen.getByText(/Not sent/)).toBeTruthy()
  press('Try again to send: Lost')
  expect(wanted).toEqual([{ kind: 'retry', id: 'x' }])
})

test('markup in a message stays text', () => {
  const { container } = show({ ...activeChat, entries: [aMessage({ text: '<img src=x onerror=alert(1)>' })] })
  expect(container.querySelector('img')).toBeNull()
  expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy()
})

test('offline, the banner counts what waits', () => {
  show({
    ...activeChat,
    link: 'offline',
    entries: [aMessage({ id: 'a', standing: 'sending' }), aMessage({ id: 'b', standing: 'sending' })],
  })
  expect(screen.getByText('You are offline. 2 messages will send when you are back.')).toBeTruthy()
})

test('a closed chat has no field to write in and one way to be cleared', () => {
  const { wanted } = show({ ...activeChat, stage: 'closed' })
  expect(screen.queryByRole('textbox')).toBeNull()
  press('Clear this chat')
  expect(wanted).toEqual([{ kind: 'forget' }])
})

test.each(PROBLEMS)('the problem %s says what happened, what to do, and a code to quote', (code) => {
  show({ kind: 'stopped', organisation: null, problem: { code, detail: 'bad_signature' } })
  expect(screen.getByText(`${code} · bad_signature`)).toBeTruthy()
  expect(screen.getByRole('alert').querySelectorAll('p').length).toBeGreaterThanOrEqual(3)
})

test('another tab can be taken over from here', () => {
  const { wanted } = show({ kind: 'stopped', organisation: null, problem: { code: 'another_tab', detail: '' } })
  press('Use here')
  expect(wanted).toEqual([{ kind: 'useHere' }])
})

test('Escape goes back first, and closes the panel after that', () => {
  const { wanted } = show(activeChat)
  press(/can read this chat/)
  fireEvent.keyDown(screen.getByRole('heading', { level: 1 }), { key: 'Escape' })
  expect(wanted).toEqual([])
  fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Escape' })
  expect(wanted).toEqual([{ kind: 'closePanel' }])
})

test('a closed panel takes no focus, an open one gives it to the field', () => {
  const { next } = show(activeChat, { open: false })
  next({ ...activeChat, entries: [] })
  expect(document.activeElement).toBe(document.body)
  cleanup()
  show(activeChat)
  expect(document.activeElement).toBe(screen.getByRole('textbox'))
})

test('when the chat closes the focus goes to what can still be done', () => {
  const { next } = show(activeChat)
  next({ ...activeChat, stage: 'closed' })
  expect(document.activeElement?.textContent).toContain('This chat has closed.')
})

describe('the privacy centre', () => {
  test.each(['checking', 'notice', 'chat-waiting', 'chat-active', 'stopped-relay_unreachable'])('is one tap away from %s', (name) => {
    const view = VIEWS.get(name)
    if (view === undefined) throw new Error(name)
    const { wanted } = show(view)
    press('Your privacy')
    expect(screen.getByRole('heading', { level: 1, name: 'Your privacy in this chat' })).toBeTruthy()
    expect(done(wanted)).toEqual([{ kind: 'centre' }])
  })

  test('ends a decision with one press, and nothing that is not given', () => {
    const { wanted } = show(privacyChat)
    press('Your privacy')
    press('Stop Steam')
    expect(done(wanted)).toEqual([{ kind: 'centre' }, { kind: 'withdraw', decision: 'd1' }])
    expect(screen.queryByRole('button', { name: 'Stop Dora' })).toBeNull()
  })

  test('tells of changed terms before the next message, and what they ended', () => {
    show(privacyChat)
    press('What changed')
    expect(screen.getByText(/somebody new gets it: Example Inference GmbH\. What you had allowed for it has ended\./)).toBeTruthy()
    expect(screen.getByText('Answer your question: it is kept longer.')).toBeTruthy()
  })

  test('shows every field of what the relay holds, and asks for it only when wanted', () => {
    const { wanted } = show({ ...privacyChat, centre: { ...privacyChat.centre, held: { state: 'unasked' } } })
    press('Your privacy')
    press('Show what it holds')
    expect(done(wanted)).toEqual([{ kind: 'centre' }, { kind: 'showHeld' }])
    cleanup()
    show(privacyChat)
    press('Your privacy')
    const values = screen.getAllByRole('definition', { hidden: true }).map(({ textContent }) => textContent)
    expect(values).toEqual(['8bebd87c41666e4bd84ee099baca516cd2d14340c3eff677ef8887bf2e4af42f', 'empty'])
  })

  test.each([
    [true, /Opt-out request honoured/],
    [false, /does not send that signal/],
  ])('shows whether the browser opts out (%s)', (optsOut, words) => {
    show(privacyChat, { optsOut })
    press('Your privacy')
    expect(screen.getByText(words)).toBeTruthy()
  })
})

describe('keeping the chat open', () => {
  const far = { ...nearChat, longer: { ...nearChat.longer, isNear: false } }

  test('is asked for from the foot of a chat that ends soon, and from the privacy centre at any time', () => {
    const { wanted } = show(nearChat)
    press('Need longer?')
    expect(done(wanted)).toEqual([{ kind: 'longer', act: 'ask' }])
    cleanup()
    const later = show(far)
    expect(screen.queryByRole('button', { name: 'Need longer?' })).toBeNull()
    press('Your privacy')
    press('Need longer?')
    expect(done(later.wanted)).toEqual([{ kind: 'centre' }, { kind: 'longer', act: 'ask' }])
  })

  test('shows the policy’s words with two answers that differ in nothing but theirs', () => {
    const { wanted } = show(longerChat)
    for (const paragraph of longerChat.longer.card ?? []) expect(screen.getByText(paragraph)).toBeTruthy()
    const [no, yes] = within(screen.getByRole('group', { name: 'Your answer' })).getAllByRole('button')
    const bare = (button: HTMLElement | undefined): string => button?.outerHTML.replace(button.textContent, '') ?? ''
    expect([no?.textContent, yes?.textContent]).toEqual(['Not now', 'Keep it open'])
    expect(bare(no)).toBe(bare(yes))
    press('Not now')
    press('Keep it open')
    expect(done(wanted)).toEqual([
      { kind: 'longer', act: 'drop' },
      { kind: 'longer', act: 'keep' },
    ])
  })

  test('is not offered where it is not', () => {
    show(activeChat)
    press('Your privacy')
    expect(screen.queryByRole('button', { name: 'Need longer?' })).toBeNull()
  })
})
