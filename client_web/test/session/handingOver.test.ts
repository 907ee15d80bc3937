import { beforeEach, describe, expect, test } from 'vitest'
import type { AgentView } from '../../src/core/views.ts'
import { HANDOFF_MS } from '../../src/keys/mls/memory.ts'
import { toHex } from '../../src/wire/octets.ts'
import { chatSays, type Desk, deskSays, isDesk, newStage, type Stage } from './stage.ts'
import { memoryStore, until } from './world.ts'

let stage: Stage

beforeEach(async () => {
  stage = await newStage()
})

const isOffered = (view: AgentView): view is Desk => isDesk(view) && view.offers.length === 1
const hasNoOffer = (view: AgentView): view is Desk => isDesk(view) && view.offers.length === 0
const hasLeft = (view: AgentView): view is Desk => isDesk(view) && view.open?.stage === 'gone'
const isChanging = (view: AgentView): view is Desk => isDesk(view) && view.open?.handoff?.state === 'changing'
const isFree = (view: AgentView): view is Desk => isDesk(view) && view.open?.stage === 'active' && view.open.handoff === null
const isOnline = (view: AgentView): view is Desk => isDesk(view) && view.link === 'online'
const endedWith =
  (why: string) =>
  (view: AgentView): view is Desk => {
    const handoff = isDesk(view) ? view.open?.handoff : null
    return handoff?.state === 'ended' && handoff.why === why
  }

const offered = async (to: string | null = 'ben') => {
  const talk = await stage.talking()
  const ben = await stage.colleague('ben')
  talk.ana.intend({ kind: 'handOff', conversation: talk.conversation, to })
  await until(ben, isOffered)
  const take = (): void => ben.intend({ kind: 'take', desk: 'support', conversation: talk.conversation })
  return { ...talk, ben, take }
}
const epochOf = (conversation: string): number | undefined => stage.relay.conversations.get(conversation)?.epoch

describe('handing over', () => {
  test('the newcomer reads new messages only, and who left reads none of them and keeps nothing', async () => {
    const { shopper, ana, ben, take, conversation } = await offered()
    shopper.intend({ kind: 'send', text: 'before' })
    await until(ana, deskSays('before'))
    take()
    await until(ana, hasLeft)
    await until(ben, isFree)
    shopper.intend({ kind: 'send', text: 'after' })
    const desk = await until(ben, deskSays('after'))
    ben.intend({ kind: 'send', conversation, text: 'an answer' })
    const chat = await until(shopper, chatSays('an answer'))
    expect(desk.open?.entries.flatMap((entry) => (entry.kind === 'message' ? [entry.text] : []))).toEqual(['after'])
    expect(chat.readers.map(({ name }) => name)).toEqual(['Customer', 'Ben'])
    const moved = chat.entries.flatMap((entry) => (entry.kind === 'joined' || entry.kind === 'left' ? [`${entry.who} ${entry.kind}`] : []))
    expect(moved).toEqual(['Ana joined', 'Ben joined', 'Ana left'])
    const left = await until(ana, hasLeft)
    expect(left.open).toMatchObject({ problem: null, handoff: null })
    expect(deskSays('after')(left)).toBe(false)
    await expect.poll(() => [...stage.agentStore.records.keys()].some((record) => record.startsWith('conversation.'))).toBe(false)
  })

  test('goes on without the customer’s device, which follows when it is back', async () => {
    const { shopper, ben, take, conversation } = await offered(null)
    shopper.dispose()
    take()
    await until(ben, isFree)
    ben.intend({ kind: 'send', conversation, text: 'welcome back' })
    const again = stage.customer()
    again.intend({ kind: 'open' })
    const chat = await until(again, chatSays('welcome back'))
    expect(chat.readers.map(({ name }) => name)).toEqual(['Customer', 'Ben'])
  })

  test('comes back to who had it first, who begins anew', async () => {
    const { shopper, ana, ben, take, conversation } = await offered()
    take()
    await until(ana, hasLeft)
    await until(ben, isFree)
    ben.intend({ kind: 'handOff', conversation, to: 'ana' })
    await until(ana, isOffered)
    ana.intend({ kind: 'take', desk: 'support', conversation })
    await until(ben, hasLeft)
    await until(ana, isFree)
    shopper.intend({ kind: 'send', text: 'you again' })
    await until(ana, deskSays('you again'))
  })

  test('lists the colleagues who are there', async () => {
    const { ana, conversation } = await stage.talking()
    ana.intend({ kind: 'listColleagues', conversation })
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.colleagues?.length === 0)
    await stage.colleague('ben')
    ana.intend({ kind: 'listColleagues', conversation })
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.colleagues?.[0]?.name === 'Ben')
  })
})

describe('nothing comes of it', () => {
  test('when nobody is there', async () => {
    const { ana, conversation } = await stage.talking()
    ana.intend({ kind: 'handOff', conversation, to: 'ben' })
    await until(ana, endedWith('nobody_there'))
    ana.intend({ kind: 'callOff', conversation })
    await until(ana, isFree)
  })

  test('when the colleague says no', async () => {
    const { ana, ben, conversation } = await offered()
    ben.intend({ kind: 'declineOffer', conversation })
    await until(ana, endedWith('declined'))
    await until(ben, hasNoOffer)
    ana.intend({ kind: 'callOff', conversation })
    await until(ana, isFree)
  })

  test('when one of many says not now: it goes from that screen alone', async () => {
    const { ana, ben, conversation } = await offered(null)
    ben.intend({ kind: 'declineOffer', conversation })
    await until(ben, hasNoOffer)
    expect(ana.view.value).toMatchObject({ open: { handoff: { state: 'asked', taker: null } } })
  })

  test('when the giver keeps it', async () => {
    const { ana, ben, conversation, shopper } = await offered()
    ana.intend({ kind: 'callOff', conversation })
    await until(ben, hasNoOffer)
    ana.intend({ kind: 'send', conversation, text: 'still me' })
    await until(shopper, chatSays('still me'))
  })

  test('when what is proposed is no key package: nobody is added, and the taker waits for nothing', async () => {
    const { ana, ben, take, conversation } = await offered()
    stage.relay.swapKeyPackage((keyPackage) => keyPackage.slice(0, 10))
    take()
    await until(ana, endedWith('malformed'))
    await until(ben, (view): view is Desk => isDesk(view) && view.chats.length === 0)
    expect(epochOf(conversation)).toBe(1)
  })

  test('when another is proposed than the one who was asked', async () => {
    const { ana, take, conversation } = await offered()
    const store = memoryStore()
    await stage.colleague('cleo', store)
    const keys = await store.loadKeys()
    const hers = stage.relay.packages.get(toHex(keys?.devicePublic ?? new Uint8Array()))?.at(-1)
    stage.relay.swapKeyPackage((keyPackage) => hers ?? keyPackage)
    take()
    await until(ana, endedWith('commit_not_allowed'))
    expect(epochOf(conversation)).toBe(1)
  })

  test('when it lapses after the yes: the taker’s list is empty again', async () => {
    const { ana, ben, take, conversation } = await offered()
    stage.relay.refuseNext('commit', 'wrong_stage')
    take()
    await until(ben, (view): view is Desk => isDesk(view) && view.chats.length === 1)
    await expect.poll(() => stage.relay.seen.filter((tag) => tag === 'commit').length).toBe(2)
    stage.relay.endHandoff(conversation, 'lapsed')
    await until(ana, endedWith('lapsed'))
    await until(ben, (view): view is Desk => isDesk(view) && view.chats.length === 0)
  })

  test('when the console was started again: it adds nobody it does not remember asking', async () => {
    const { ana, ben, take, conversation } = await offered()
    ana.dispose()
    stage.relay.dropAll()
    stage.clock.advance(1000)
    await until(ben, isOnline)
    take()
    await until(ben, (view): view is Desk => isDesk(view) && view.chats.length === 1)
    const again = stage.agent()
    await until(again, isOnline)
    await until(ben, (view): view is Desk => isDesk(view) && view.chats.length === 0)
    expect(epochOf(conversation)).toBe(1)
  })
})

describe('between the Add and the Remove', () => {
  test('the giver may write nothing, and after ten minutes removes a newcomer that did not come', async () => {
    const { shopper, ana, ben, take, conversation } = await offered()
    // The newcomer never hears of its Welcome, as if its laptop had closed.
    stage.relay.refuseNext('follow', 'unavailable')
    take()
    await until(ana, isChanging)
    ben.dispose()
    ana.intend({ kind: 'send', conversation, text: 'can you hear me' })
    await until(ana, deskSays('can you hear me', 'sending'))
    expect(epochOf(conversation)).toBe(2)
    stage.clock.advance(HANDOFF_MS)
    await until(ana, isFree)
    const chat = await until(shopper, chatSays('can you hear me'))
    expect(chat.readers.map(({ name }) => name)).toEqual(['Customer', 'Ana'])
  })
})
