import { beforeEach, describe, expect, test } from 'vitest'
import type { AgentView } from '../../src/core/views.ts'
import { toHex } from '../../src/wire/octets.ts'
import { chatSays, type Desk, deskSays, isDesk, newStage, type Stage } from './stage.ts'
import { until } from './world.ts'

type SignIn = Extract<AgentView, { kind: 'signIn' }>

let stage: Stage

beforeEach(async () => {
  stage = await newStage()
})

const isSignIn = (view: AgentView): view is SignIn => view.kind === 'signIn' && !view.busy
const isWrong = (view: AgentView): view is SignIn => isSignIn(view) && view.wrong
const device = async (): Promise<string> => toHex((await stage.agentStore.loadKeys())?.devicePublic ?? new Uint8Array())

describe('signing in', () => {
  test('with a wrong password is said to be wrong, and nothing is stored', async () => {
    const ana = stage.agent()
    await until(ana, isSignIn)
    ana.intend({ kind: 'signIn', agent: 'ana', password: 'guess' })
    await until(ana, isWrong)
    expect(stage.agentStore.isEmpty()).toBe(true)
  })

  test('lasts over a reload until signing out', async () => {
    const ana = await stage.atDesk()
    ana.dispose()
    const again = stage.agent()
    await until(again, (view): view is Desk => isDesk(view) && view.link === 'online' && view.device.state === 'issued')
    again.intend({ kind: 'signOut' })
    await until(again, isSignIn)
    again.dispose()
    await until(stage.agent(), isSignIn)
  })

  test('is asked for again when the relay ends the session', async () => {
    const ana = await stage.atDesk()
    stage.relay.dropAll(4401)
    await until(ana, isSignIn)
  })

  test('the same person finds the device as it was, another person a new one', async () => {
    const ana = await stage.atDesk()
    const before = await device()
    ana.intend({ kind: 'signOut' })
    await until(ana, isSignIn)
    ana.intend({ kind: 'signIn', agent: 'ana', password: 'correct horse' })
    await until(ana, (view): view is Desk => isDesk(view) && view.device.state === 'issued')
    expect(await device()).toBe(before)
    ana.intend({ kind: 'signOut' })
    await until(ana, isSignIn)
    ana.intend({ kind: 'signIn', agent: 'ben', password: 'correct horse' })
    await until(ana, (view): view is Desk => isDesk(view) && view.device.state === 'unknown')
    expect(await device()).not.toBe(before)
  })
})

describe('a device', () => {
  test('that no officer has approved yet shows its request and its words', async () => {
    const ana = stage.agent()
    await until(ana, isSignIn)
    ana.intend({ kind: 'signIn', agent: 'ana', password: 'correct horse' })
    await until(ana, (view): view is Desk => isDesk(view) && view.link === 'online')
    ana.intend({ kind: 'askForApproval' })
    const desk = await until(ana, (view): view is Desk => isDesk(view) && view.device.state === 'pending')
    if (desk.device.state !== 'pending') throw new Error('not pending')
    expect(desk.device.code).toMatch(/^SOTTO-([A-Z2-7]{1,5}-?)+$/u)
    expect(desk.device.words).toHaveLength(6)
  })

  test('asks once the link is up when it was told to ask before', async () => {
    const ana = stage.agent()
    await until(ana, isSignIn)
    ana.intend({ kind: 'signIn', agent: 'ana', password: 'correct horse' })
    await until(ana, (view): view is Desk => isDesk(view) && view.link === 'connecting')
    ana.intend({ kind: 'askForApproval' })
    await until(ana, (view): view is Desk => isDesk(view) && view.device.state === 'unknown' && view.device.asking)
    await until(ana, (view): view is Desk => isDesk(view) && view.device.state === 'pending')
  })

  test('does not believe a credential that the organisation did not sign', async () => {
    const other = await newStage()
    const ana = await stage.atDesk()
    const keys = await stage.agentStore.loadKeys()
    if (keys === null) throw new Error('no device')
    stage.relay.credentials.set(await device(), other.organisation.credential(keys.devicePublic))
    stage.relay.issued(keys.devicePublic)
    await until(ana, (view): view is Desk => isDesk(view) && view.problem?.code === 'organisation_unconfirmed')
  })

  test('holds twenty key packages and makes more when they run low', async () => {
    const ana = await stage.atDesk()
    stage.relay.packages.set(await device(), stage.relay.packages.get(await device())?.slice(0, 4) ?? [])
    stage.relay.dropAll()
    stage.clock.advance(1000)
    await until(ana, (view): view is Desk => isDesk(view) && view.link === 'online')
    await expect.poll(async () => stage.relay.packages.get(await device())?.length).toBe(20)
  })
})

describe('a key package of last resort', () => {
  test('is published beside the others, used when they are gone, and replaced at once', async () => {
    const ana = await stage.atDesk()
    const first = stage.relay.lastResorts.get(await device())
    expect(first).toBeDefined()
    stage.relay.packages.set(await device(), [])
    await stage.waiting()
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'active')
    await expect.poll(async () => stage.relay.lastResorts.get(await device()) !== first).toBe(true)
    await expect.poll(async () => stage.relay.packages.get(await device())?.length).toBe(20)
  })

  test('few left is a word on the device', async () => {
    const ana = await stage.atDesk()
    stage.relay.refuseNext('publish', 'unavailable')
    stage.relay.packages.set(await device(), [])
    stage.relay.issued((await stage.agentStore.loadKeys())?.devicePublic ?? new Uint8Array())
    await until(ana, (view): view is Desk => isDesk(view) && view.device.state === 'issued' && view.device.low)
  })
})

describe('taking', () => {
  test('when nobody waits is refused in words', async () => {
    const ana = await stage.atDesk()
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    const desk = await until(ana, (view): view is Desk => isDesk(view) && view.problem !== null)
    expect(desk).toMatchObject({ problem: { code: 'refused', detail: 'not_found' }, taking: false, chats: [] })
    ana.intend({ kind: 'dismissProblem' })
    await until(ana, (view): view is Desk => isDesk(view) && view.problem === null)
  })

  test('the queue shows who waits, and a number for a name', async () => {
    await stage.waiting()
    const ana = await stage.atDesk()
    const desk = await until(ana, (view): view is Desk => isDesk(view) && view.desks[0]?.waitingCount === 1)
    const [entry] = desk.desks[0]?.waiting ?? []
    ana.intend({ kind: 'take', desk: 'support', conversation: entry?.conversation ?? '' })
    const taken = await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'active')
    expect(taken.open?.label).toBe(`Customer · ${entry?.conversation.slice(0, 4)}`)
  })

  test('a conversation of a desk that is not ours is not entered', async () => {
    const ana = await stage.atDesk({ desks: ['returns'] })
    await stage.waiting()
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'proposed')
    expect(stage.relay.seen).not.toContain('commit')
  })
})

describe('reading', () => {
  test('what is open is read at once, what is not counts as unread until it is shown', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'one' })
    await until(ana, (view): view is Desk => deskSays('one')(view) && view.chats[0]?.unread === 0)
    ana.intend({ kind: 'show', conversation: null })
    shopper.intend({ kind: 'send', text: 'two' })
    await until(ana, (view): view is Desk => isDesk(view) && view.chats[0]?.unread === 1 && view.chats[0].last === 'two')
    ana.intend({ kind: 'show', conversation })
    await until(ana, (view): view is Desk => isDesk(view) && view.chats[0]?.unread === 0)
  })

  test('the customer’s unread count falls when the panel is looked at', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    ana.intend({ kind: 'send', conversation, text: 'hello' })
    const chat = await until(shopper, chatSays('hello'))
    expect(chat.unread).toBe(1)
    shopper.intend({ kind: 'seen' })
    await until(shopper, (view): view is typeof chat => view.kind === 'chat' && view.unread === 0)
  })
})

describe('closing', () => {
  test('what the relay no longer knows is over, and leaves the device', async () => {
    const { ana } = await stage.talking()
    const [name] = [...stage.relay.conversations.keys()]
    stage.relay.forget(name ?? '')
    stage.relay.dropAll()
    stage.clock.advance(1000)
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'closed')
    await expect.poll(() => [...stage.agentStore.records.keys()].some((record) => record.startsWith('conversation.'))).toBe(false)
  })

  test('by the agent closes it for both, and putting it away clears the list', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    ana.intend({ kind: 'close', conversation })
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'closed')
    await until(shopper, (view): view is typeof view => view.kind === 'chat' && view.stage === 'closed')
    ana.intend({ kind: 'show', conversation: null })
    await until(ana, (view): view is Desk => isDesk(view) && view.chats.length === 0)
  })

  test('a customer may forget it and begin anew', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    ana.intend({ kind: 'close', conversation })
    await until(shopper, (view): view is typeof view => view.kind === 'chat' && view.stage === 'closed')
    shopper.intend({ kind: 'forget' })
    await until(shopper, (view): view is typeof view => view.kind === 'notice')
  })
})
