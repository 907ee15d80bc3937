import { beforeEach, describe, expect, test } from 'vitest'
import type { AgentView, CustomerView, EntryView } from '../../src/core/views.ts'
import { startAgent } from '../../src/session/agent.ts'
import { startCustomer } from '../../src/session/customer.ts'
import { toHex } from '../../src/wire/octets.ts'
import { newRelay, type Relay } from './loopback.ts'
import { newOrganisation, type Organisation } from './organisation.ts'
import { type Clock, type MemoryStore, memoryStore, newClock, portsOf, signInAs, until } from './world.ts'

/** The library checks an Add by the real clock, so the tests live now. */
const NOW = Date.now()

type Chat = Extract<CustomerView, { kind: 'chat' }>
type Desk = Extract<AgentView, { kind: 'desk' }>

const isChat = (view: CustomerView): view is Chat => view.kind === 'chat'
const chatIn =
  (stage: Chat['stage']) =>
  (view: CustomerView): view is Chat =>
    view.kind === 'chat' && view.stage === stage
const isDesk = (view: AgentView): view is Desk => view.kind === 'desk'
const says = (entries: readonly EntryView[], text: string, standing?: string): boolean =>
  entries.some((entry) => entry.kind === 'message' && entry.text === text && (standing === undefined || entry.standing === standing))
const chatSays =
  (text: string, standing?: string) =>
  (view: CustomerView): view is Chat =>
    view.kind === 'chat' && says(view.entries, text, standing)
const deskSays =
  (text: string, standing?: string) =>
  (view: AgentView): view is Desk =>
    view.kind === 'desk' && view.open !== null && says(view.open.entries, text, standing)

let organisation: Organisation
let relay: Relay
let clock: Clock
let customerStore: MemoryStore
let agentStore: MemoryStore

beforeEach(async () => {
  organisation = await newOrganisation(NOW)
  clock = newClock(NOW)
  relay = newRelay(clock.now)
  customerStore = memoryStore()
  agentStore = memoryStore()
})

const customer = () =>
  startCustomer(portsOf({ relay, organisation, clock, store: customerStore }), {
    root: organisation.fingerprint,
    site: 'shop',
    desk: 'support',
    origin: 'https://shop.example',
    build: 'test',
  })

const agent = () =>
  startAgent(
    { ...portsOf({ relay, organisation, clock, store: agentStore }), signIn: signInAs('ana') },
    { root: organisation.fingerprint, origin: 'https://desk.example', build: 'test' },
  )

const atNotice = async () => {
  const program = customer()
  program.intend({ kind: 'open' })
  await until(program, (view): view is Extract<CustomerView, { kind: 'notice' }> => view.kind === 'notice')
  return program
}

const waiting = async () => {
  const program = await atNotice()
  program.intend({ kind: 'start' })
  await until(program, chatIn('waiting'))
  return program
}

const atDesk = async (credential: Readonly<Record<string, unknown>> = {}) => {
  const program = agent()
  await until(program, (view): view is AgentView => view.kind === 'signIn')
  program.intend({ kind: 'signIn', agent: 'ana', password: 'correct horse' })
  await until(program, (view): view is Desk => isDesk(view) && view.link === 'online')
  const keys = await agentStore.loadKeys()
  if (keys === null) throw new Error('no device')
  program.intend({ kind: 'askForApproval' })
  await until(program, (view): view is Desk => isDesk(view) && view.device.state === 'pending')
  relay.credentials.set(toHex(keys.devicePublic), organisation.credential(keys.devicePublic, credential))
  relay.issued(keys.devicePublic)
  await until(program, (view): view is Desk => isDesk(view) && view.device.state === 'issued')
  await expect.poll(() => relay.packages.get(toHex(keys.devicePublic))?.length).toBe(20)
  return program
}

const talking = async () => {
  const [shopper, ana] = [await waiting(), await atDesk()]
  ana.intend({ kind: 'take', desk: 'support', conversation: null })
  await until(shopper, chatIn('active'))
  const desk = await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'active')
  return { shopper, ana, conversation: desk.open?.conversation ?? '' }
}

describe('opening', () => {
  test('nothing is stored and no socket opened before Start', async () => {
    const program = await atNotice()
    expect(customerStore.isEmpty()).toBe(true)
    expect(relay.seen).toEqual([])
    expect(program.view.value).toMatchObject({
      kind: 'notice',
      organisation: { name: 'Kettle & Cup', site: 'shop' },
      notice: {
        deskLabel: 'Support',
        paragraphs: ["You'll be talking to Kettle & Cup.", 'Pressing Start chat lets in one person from the Support desk.'],
      },
    })
  })

  test('after Start the conversation waits in the queue', async () => {
    const program = await waiting()
    expect(program.view.value).toMatchObject({ kind: 'chat', link: 'online', readers: [{ role: 'customer', me: true }], words: null })
  })
})

describe('a conversation', () => {
  test('carries words both ways, and both screens show the same words and readers', async () => {
    const { shopper, ana, conversation } = await talking()
    shopper.intend({ kind: 'send', text: 'Is the blue kettle in stock?' })
    await until(ana, deskSays('Is the blue kettle in stock?'))
    ana.intend({ kind: 'send', conversation, text: 'Yes, twelve of them.' })
    const chat = await until(shopper, chatSays('Yes, twelve of them.'))
    await until(shopper, chatSays('Is the blue kettle in stock?', 'delivered'))
    const desk = ana.view.value
    if (!isDesk(desk)) throw new Error('no desk')
    expect(desk.open?.words).toEqual(chat.words)
    expect(chat.words?.words).toHaveLength(6)
    expect(chat.readers.map(({ name, role }) => [name, role])).toEqual([
      ['Customer', 'customer'],
      ['Ana', 'agent'],
    ])
  })

  test('written before anybody reads, a message waits for the first reader', async () => {
    const shopper = await waiting()
    shopper.intend({ kind: 'send', text: 'Hello?' })
    await until(shopper, chatSays('Hello?', 'sending'))
    const ana = await atDesk()
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    await until(ana, deskSays('Hello?'))
  })

  test('goes on after both ends were reloaded', async () => {
    const { shopper, ana, conversation } = await talking()
    shopper.intend({ kind: 'send', text: 'one' })
    await until(ana, deskSays('one'))
    shopper.dispose()
    ana.dispose()
    const [again, back] = [customer(), agent()]
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
    const { shopper, ana } = await talking()
    relay.dropAll()
    await until(shopper, (view): view is Chat => isChat(view) && view.link === 'offline')
    shopper.intend({ kind: 'send', text: 'still there?' })
    await until(shopper, chatSays('still there?', 'sending'))
    clock.advance(1000)
    await until(ana, deskSays('still there?'))
  })

  test('is wiped from the device when it is closed, and stays on the screen', async () => {
    const { shopper, ana } = await talking()
    shopper.intend({ kind: 'send', text: 'thanks' })
    await until(ana, deskSays('thanks'))
    shopper.intend({ kind: 'end' })
    const chat = await until(shopper, chatIn('closed'))
    expect(says(chat.entries, 'thanks')).toBe(true)
    await expect.poll(() => customerStore.isEmpty()).toBe(true)
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'closed')
    await expect.poll(() => [...agentStore.records.keys()].some((name) => name.startsWith('conversation.'))).toBe(false)
  })
})
