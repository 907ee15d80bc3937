import { beforeEach, describe, expect, test } from 'vitest'
import type { CustomerView } from '../../src/core/views.ts'
import { type Chat, chatIn, chatSays, type Desk, deskSays, isChat, isDesk, newStage, type Stage, says } from './stage.ts'
import { until } from './world.ts'

let stage: Stage

beforeEach(async () => {
  stage = await newStage()
})

type NoticeShown = Extract<CustomerView, { kind: 'notice' }>

const isGermanNotice = (view: CustomerView): view is NoticeShown => view.kind === 'notice' && view.notice.language === 'de'

describe('opening', () => {
  test('nothing is stored and no socket opened before Start', async () => {
    const program = await stage.atNotice()
    expect(stage.customerStore.isEmpty()).toBe(true)
    expect(stage.relay.seen).toEqual([])
    expect(program.view.value).toMatchObject({
      kind: 'notice',
      organisation: { name: 'Kettle & Cup', site: 'shop' },
      notice: {
        deskLabel: 'Support',
        language: 'en',
        languages: ['en', 'de'],
      },
    })
  })

  test('the notice is read in another language that it exists in, and in no other', async () => {
    const program = await stage.atNotice()
    program.intend({ kind: 'speak', language: 'fr' })
    program.intend({ kind: 'speak', language: 'de' })
    const german = await until(program, isGermanNotice)
    expect(german.notice.paragraphs[0]).toBe('Sie sprechen mit Kettle & Cup Ltd.')
    expect(german.notice.deskLabel).toBe('Kundendienst')
  })

  test('after Start the conversation waits in the queue', async () => {
    const program = await stage.waiting()
    expect(program.view.value).toMatchObject({ kind: 'chat', link: 'online', readers: [{ face: 'customer', me: true }], words: null })
  })
})

describe('a conversation', () => {
  test('carries words both ways, and both screens show the same words and readers', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'Is the blue kettle in stock?' })
    await until(ana, deskSays('Is the blue kettle in stock?'))
    ana.intend({ kind: 'send', conversation, text: 'Yes, twelve of them.' })
    const chat = await until(shopper, chatSays('Yes, twelve of them.'))
    await until(shopper, chatSays('Is the blue kettle in stock?', 'delivered'))
    const desk = ana.view.value
    if (!isDesk(desk)) throw new Error('no desk')
    expect(desk.open?.words).toEqual(chat.words)
    expect(chat.words?.words).toHaveLength(6)
    expect(chat.readers.map(({ name, face }) => [name, face])).toEqual([
      ['Customer', 'customer'],
      ['Ana', 'agent'],
    ])
  })

  test('written before anybody reads, a message waits for the first reader', async () => {
    const shopper = await stage.waiting()
    shopper.intend({ kind: 'send', text: 'Hello?' })
    await until(shopper, chatSays('Hello?', 'sending'))
    const ana = await stage.atDesk()
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    await until(ana, deskSays('Hello?'))
  })

  test('goes on after both ends were reloaded', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'one' })
    await until(ana, deskSays('one'))
    shopper.dispose()
    ana.dispose()
    const [again, back] = [stage.customer(), stage.agent()]
    again.intend({ kind: 'open' })
    await until(again, (view): view is Chat => isChat(view) && view.link === 'online' && says(view.entries, 'one'))
    await until(back, (view): view is Desk => isDesk(view) && view.link === 'online' && view.chats.length === 1)
    back.intend({ kind: 'show', conversation })
    again.intend({ kind: 'send', text: 'two' })
    await until(back, deskSays('two'))
    back.intend({ kind: 'send', conversation, text: 'three' })
    await until(again, chatSays('three'))
  })

  test('sends what was written while the line was down', async () => {
    const { shopper, ana } = await stage.talking()
    stage.relay.dropAll()
    await until(shopper, (view): view is Chat => isChat(view) && view.link === 'offline')
    shopper.intend({ kind: 'send', text: 'still there?' })
    await until(shopper, chatSays('still there?', 'sending'))
    stage.clock.advance(1000)
    await until(ana, deskSays('still there?'))
  })

  test('keeps one copy of a message whose confirmation was lost', async () => {
    const { shopper, ana } = await stage.talking()
    stage.relay.loseNext('post')
    shopper.intend({ kind: 'send', text: 'only once' })
    await until(ana, deskSays('only once'))
    await until(shopper, (view): view is Chat => isChat(view) && view.link === 'offline')
    stage.clock.advance(1000)
    await until(shopper, chatSays('only once', 'delivered'))
    shopper.intend({ kind: 'send', text: 'and on' })
    const desk = await until(ana, deskSays('and on'))
    expect(desk.open?.entries.filter((entry) => entry.kind === 'message')).toHaveLength(2)
  })

  test('is wiped from the device when it is closed, and stays on the screen', async () => {
    const { shopper, ana } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'thanks' })
    await until(ana, deskSays('thanks'))
    shopper.intend({ kind: 'end' })
    const chat = await until(shopper, chatIn('closed'))
    expect(says(chat.entries, 'thanks')).toBe(true)
    await expect.poll(() => stage.customerStore.isEmpty()).toBe(true)
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'closed')
    await expect.poll(() => [...stage.agentStore.records.keys()].some((name) => name.startsWith('conversation.'))).toBe(false)
  })
})
