/** Who is away, as each end sees it, and what waits until the device is back. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { CustomerView } from '../../src/core/views.ts'
import { type Chat, chatIn, chatSays, type Desk, deskSays, isChat, isDesk, newStage, type Stage } from './stage.ts'
import { type MemoryStore, until } from './world.ts'

let stage: Stage

beforeEach(async () => {
  stage = await newStage()
})

describe('a customer who is away', () => {
  test('stands in the queue as away, and is taken all the same', async () => {
    const shopper = await stage.waiting()
    shopper.intend({ kind: 'send', text: 'written alone' })
    await until(shopper, chatSays('written alone', 'sending'))
    shopper.dispose()
    const ana = await stage.atDesk()
    const desk = await until(ana, (view): view is Desk => isDesk(view) && view.desks[0]?.waiting[0]?.away === true)
    ana.intend({ kind: 'take', desk: 'support', conversation: desk.desks[0]?.waiting[0]?.conversation ?? '' })
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'proposed' && view.open.away)
    const back = stage.customer()
    back.intend({ kind: 'open' })
    await until(ana, deskSays('written alone'))
    await until(back, chatSays('written alone', 'delivered'))
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'active' && !view.open.away)
  })

  test('is told to be away in the middle of a chat, and gets what was written when back', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.dispose()
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.away === true && view.chats[0]?.away === true)
    ana.intend({ kind: 'send', conversation, text: 'while you were out' })
    await until(ana, deskSays('while you were out', 'sent'))
    const back = stage.customer()
    back.intend({ kind: 'open' })
    await until(back, chatSays('while you were out'))
    await until(ana, deskSays('while you were out', 'delivered'))
  })
})

describe('a chat that was closed while the customer was away', () => {
  test('still shows what was said before the end, and then leaves nothing on the device', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.dispose()
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.away === true)
    ana.intend({ kind: 'send', conversation, text: 'it is on its way to you' })
    await until(ana, deskSays('it is on its way to you', 'sent'))
    ana.intend({ kind: 'close', conversation })
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'closed')
    const back = stage.customer()
    back.intend({ kind: 'open' })
    await until(back, (view): view is Chat => chatSays('it is on its way to you')(view) && isChat(view) && view.stage === 'closed')
    await expect.poll(() => stage.customerStore.records.size).toBe(0)
  })
})

describe('a desk where nobody is', () => {
  test('is told to the customer who waits, until somebody comes', async () => {
    const shopper = await stage.waiting()
    await until(shopper, (view): view is Chat => isChat(view) && view.deskAway)
    await stage.atDesk()
    await until(shopper, (view): view is Chat => isChat(view) && !view.deskAway)
    expect(chatIn('waiting')(shopper.view.value)).toBe(true)
  })
})

describe('a clock that is wrong', () => {
  test('by two hours is told in words, and the decision is made again at the relay’s time', async () => {
    stage = await newStage({ customerAhead: 2 * HOUR })
    stage.relay.refuseNext('open', 'clock_skew')
    const { shopper, ana } = await stage.talking()
    expect(stage.relay.seen.filter((tag) => tag === 'open')).toHaveLength(2)
    expect(isChat(shopper.view.value) && shopper.view.value.clockOff).toBe(2 * HOUR)
    shopper.intend({ kind: 'send', text: 'what time is it?' })
    await until(ana, deskSays('what time is it?'))
  })

  test('is no reason to try for ever', async () => {
    stage.relay.refuseNext('open', 'clock_skew')
    stage.relay.refuseNext('open', 'clock_skew')
    const shopper = await stage.atNotice()
    shopper.intend({ kind: 'start' })
    const stopped = await until(shopper, (view): view is Stopped => view.kind === 'stopped')
    expect(stopped.problem.detail).toBe('clock_skew')
  })

  test('by four minutes is nobody’s business', async () => {
    stage = await newStage({ customerAhead: 4 * 60_000 })
    const { shopper } = await stage.talking()
    expect(isChat(shopper.view.value) && shopper.view.value.clockOff).toBe(0)
  })
})

const HOUR = 3600 * 1000
type Stopped = Extract<CustomerView, { kind: 'stopped' }>

describe('a draft', () => {
  test('of the customer survives a reload, and leaves when it was sent', async () => {
    const shopper = await stage.waiting()
    shopper.intend({ kind: 'draft', text: 'half a sen' })
    shopper.intend({ kind: 'draft', text: 'half a sentence' })
    await expect.poll(() => drafts(stage.customerStore)).toHaveLength(1)
    shopper.dispose()
    const back = stage.customer()
    back.intend({ kind: 'open' })
    const chat = await until(back, isChat)
    expect(chat.draft).toBe('half a sentence')
    back.intend({ kind: 'draft', text: '' })
    await expect.poll(() => drafts(stage.customerStore)).toHaveLength(0)
  })

  test('of the agent survives a reload of the console, and leaves with the chat', async () => {
    const { ana, conversation } = await stage.talking()
    ana.intend({ kind: 'draft', conversation, text: 'Dear cust' })
    await expect.poll(() => drafts(stage.agentStore)).toHaveLength(1)
    ana.dispose()
    const back = stage.agent()
    await until(back, (view): view is Desk => isDesk(view) && view.link === 'online')
    back.intend({ kind: 'show', conversation })
    const desk = await until(back, (view): view is Desk => isDesk(view) && view.open !== null)
    expect(desk.open?.draft).toBe('Dear cust')
    back.intend({ kind: 'close', conversation })
    await until(back, (view): view is Desk => isDesk(view) && view.open?.stage === 'closed')
    await expect.poll(() => drafts(stage.agentStore)).toHaveLength(0)
  })

  test('rests sealed', async () => {
    const shopper = await stage.waiting()
    shopper.intend({ kind: 'draft', text: 'my secret number' })
    await expect.poll(() => drafts(stage.customerStore)).toHaveLength(1)
    const [name] = drafts(stage.customerStore)
    const kept = new TextDecoder().decode(stage.customerStore.records.get(name ?? ''))
    expect(kept).not.toContain('secret')
  })
})

const drafts = ({ records }: MemoryStore): readonly string[] => [...records.keys()].filter((name) => name.startsWith('draft.'))
