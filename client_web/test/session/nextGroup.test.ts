import { beforeEach, describe, expect, test } from 'vitest'
import type { AgentView, CustomerView, EntryView } from '../../src/core/views.ts'
import { judgeBundle, parseBundle } from '../../src/keys/trustChain.ts'
import { makeNextGroup, recordsOf } from '../../src/session/nextGroup.ts'
import { CUSTOMER, NAMES, readRecord } from '../../src/session/records.ts'
import { sealedStore } from '../../src/store/sealed.ts'
import { DECISION_CLAIMS } from '../../src/wire/generated/claims.ts'
import { fromBase32, fromHex, toHex } from '../../src/wire/octets.ts'
import { decodeAs, encodeAs } from '../../src/wire/shape.ts'
import { type Chat, chatSays, type Desk, deskSays, isChat, isDesk, newStage, type Stage, says } from './stage.ts'
import { type MemoryStore, memoryStore, until } from './world.ts'

let stage: Stage
const entropy = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes))

beforeEach(async () => {
  stage = await newStage()
})

const texts = (entries: readonly EntryView[]): readonly string[] =>
  entries.flatMap((entry) => (entry.kind === 'message' ? [entry.text] : []))
const reconnections = (entries: readonly EntryView[]): number => entries.filter(({ kind }) => kind === 'reconnected').length
const openOf = (view: AgentView): readonly EntryView[] => (isDesk(view) ? (view.open?.entries ?? []) : [])
const entriesOf = (view: CustomerView): readonly EntryView[] => (isChat(view) ? view.entries : [])
const held = () => {
  const [only] = stage.relay.conversations.values()
  if (only === undefined) throw new Error('no conversation')
  return only
}
const spoil = ({ records }: MemoryStore, prefix: string): void => {
  for (const [name, record] of records)
    if (name.startsWith(prefix))
      records.set(
        name,
        record.map((octet) => octet ^ 1),
      )
}
const opening = () => {
  const program = stage.customer()
  program.intend({ kind: 'open' })
  return program
}
/** The chat is on the screen again. */
const reopened = async () => {
  const program = opening()
  await until(program, isChat)
  return program
}
const inGroup = (number: number) => expect.poll(() => [held().group, held().stage]).toEqual([number, 'active'])
const online = (view: AgentView): view is Desk => isDesk(view) && view.link === 'online' && view.chats.length === 1

/** A commit of the customer that the relay cannot fault and no member can follow: its membership tag is wrong on its way. */
const malformNextCommit = (): void =>
  stage.relay.malformNextCommit((octets) => octets.map((octet, at) => (at === octets.length - 1 ? octet ^ 1 : octet)))

/** Somebody with a key of their own makes the next group of this conversation, with a line that they signed themselves. */
const thiefOf = async (conversation: Uint8Array) => {
  const store = memoryStore()
  const honest = stage.customer(store)
  honest.intend({ kind: 'open' })
  await until(honest, (view): view is CustomerView => view.kind === 'notice')
  honest.intend({ kind: 'start' })
  await until(honest, (view): view is Chat => isChat(view) && view.stage === 'waiting')
  honest.dispose()
  const keys = await store.loadKeys()
  if (keys === null) throw new Error('no keys')
  const sealed = sealedStore(store, { key: keys.sealing, entropy, mayWrite: () => true })
  const record = await readRecord(CUSTOMER, sealed.load(NAMES.customer))
  if (record === null) throw new Error('no record')
  const claims = encodeAs(DECISION_CLAIMS, { ...decodeAs(DECISION_CLAIMS, record.start.claims), conversation })
  const stolen = { ...record, conversation, start: { ...record.start, claims } }
  const pinned = fromBase32(stage.organisation.fingerprint) ?? new Uint8Array()
  const trust = await judgeBundle(parseBundle(stage.organisation.bundle()), { pinned, memory: null })
  const page = { root: '', site: 'shop', desk: 'support', origin: '', build: '' }
  const made = await makeNextGroup({ entropy }, { record: stolen, epoch: 1, keptOpen: [], keys, trust, page, now: stage.clock.now() })
  await sealed.saveWith(made.keys, recordsOf(made))
  const thief = stage.customer(store)
  thief.intend({ kind: 'open' })
  return thief
}

describe('a customer whose stored conversation is damaged', () => {
  test('goes on in group 2 with the agent, who says again what was never read, in one log', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'one' })
    await until(ana, deskSays('one'))
    shopper.dispose()
    ana.intend({ kind: 'send', conversation, text: 'are you still there?' })
    await until(ana, deskSays('are you still there?', 'sent'))
    spoil(stage.customerStore, 'conversation.')

    const again = await reopened()
    const chat = await until(again, chatSays('are you still there?'))
    expect(chat.entries.slice(0, 2).map(({ kind }) => kind)).toEqual(['gap', 'reconnected'])
    await inGroup(2)
    again.intend({ kind: 'send', text: 'yes' })
    await until(ana, deskSays('yes'))
    expect(texts(openOf(ana.view.value))).toEqual(['one', 'are you still there?', 'yes'])
    expect(reconnections(openOf(ana.view.value))).toBe(1)
    ana.intend({ kind: 'send', conversation, text: 'good' })
    const last = await until(again, chatSays('good'))
    expect(last.words?.words).toEqual(isDesk(ana.view.value) ? ana.view.value.open?.words?.words : null)
  })

  test('keeps its new keys over a reload, and the keys of the group before are gone', async () => {
    const { shopper, ana } = await stage.talking()
    const before = toHex((await stage.customerStore.loadKeys())?.devicePublic ?? new Uint8Array())
    shopper.dispose()
    spoil(stage.customerStore, 'conversation.')
    const again = await reopened()
    await until(again, (view): view is Chat => isChat(view) && view.stage === 'active')
    again.dispose()
    const once = await reopened()
    once.intend({ kind: 'send', text: 'after a reload' })
    await until(ana, deskSays('after a reload'))
    const now = toHex((await stage.customerStore.loadKeys())?.devicePublic ?? new Uint8Array())
    expect(now).toBe(held().customer)
    expect(now).not.toBe(before)
  })

  test('opens it also when the answer was lost', async () => {
    const { shopper, ana } = await stage.talking()
    shopper.dispose()
    spoil(stage.customerStore, 'conversation.')
    stage.relay.loseNext('open')
    const again = await reopened()
    await until(again, (view): view is Chat => isChat(view) && view.link === 'offline')
    stage.clock.advance(1000)
    again.intend({ kind: 'send', text: 'found again' })
    await until(ana, deskSays('found again'))
    expect(held().group).toBe(2)
  })
})

describe('a member that cannot follow a commit', () => {
  test('says so, and in the next group nothing is lost, doubled or out of order', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'one' })
    await until(ana, deskSays('one'))
    malformNextCommit()
    // An older state than the relay's makes the customer's device renew its keys by a commit.
    for (const member of held().members) if (member.device === held().customer) member.lastNumber = 7
    stage.relay.dropAll()
    await until(shopper, (view): view is Chat => isChat(view) && view.link === 'offline')
    shopper.intend({ kind: 'send', text: 'two' })
    shopper.intend({ kind: 'send', text: 'three' })
    stage.clock.advance(1000)
    await until(ana, deskSays('three'))
    ana.intend({ kind: 'send', conversation, text: 'four' })
    await until(shopper, chatSays('four'))
    expect(held().group).toBe(2)
    expect(stage.relay.seen).toContain('complain')
    for (const entries of [entriesOf(shopper.view.value), openOf(ana.view.value)]) {
      expect(texts(entries)).toEqual(['one', 'two', 'three', 'four'])
      expect(reconnections(entries)).toBe(1)
    }
  })

  test('is not heard when it is not in the group', async () => {
    const { shopper, ana } = await stage.talking()
    stage.relay.tellEverybody({ tag: 'complained', conversation: held().id, group: 1, device: new Uint8Array(32) })
    stage.relay.tellEverybody({ tag: 'complained', conversation: held().id, group: 4, device: fromHex(held().members[1]?.device ?? '') })
    shopper.intend({ kind: 'send', text: 'still in group 1' })
    await until(ana, deskSays('still in group 1'))
    expect(held().group).toBe(1)
  })
})

describe('an agent whose stored conversation is damaged', () => {
  test('says so and is let in again', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'one' })
    await until(ana, deskSays('one'))
    ana.dispose()
    spoil(stage.agentStore, 'conversation.')
    const back = stage.agent()
    await until(back, online)
    await inGroup(2)
    back.intend({ kind: 'show', conversation })
    shopper.intend({ kind: 'send', text: 'two' })
    await until(back, deskSays('two'))
  })
})

describe('a relay that lies about the group', () => {
  test('a Welcome into a group with an invented predecessor is not believed, and the log stays', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'one' })
    await until(ana, deskSays('one'))
    shopper.dispose()
    const thief = await thiefOf(held().id)
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.problem?.detail === 'forked')
    expect(held().group).toBe(2)
    expect(texts(openOf(ana.view.value))).toEqual(['one'])
    ana.intend({ kind: 'send', conversation, text: 'to whom?' })
    thief.intend({ kind: 'send', text: 'hello?' })
    await until(thief, chatSays('hello?', 'sent'))
    expect(texts(openOf(ana.view.value))).not.toContain('hello?')
    expect(texts(entriesOf(thief.view.value))).toEqual(['hello?'])
  })
})

describe('an older copy of what rested', () => {
  const copyOf = ({ records }: MemoryStore): Map<string, Uint8Array> => new Map(records)
  const restore = ({ records }: MemoryStore, copy: ReadonlyMap<string, Uint8Array>): void => {
    records.clear()
    for (const [name, record] of copy) records.set(name, record)
  }
  const asked = (): readonly string[] => stage.relay.seen.filter((tag) => tag === 'commit' || tag === 'post')

  test('of a customer renews its keys before it says anything', async () => {
    const { shopper, ana } = await stage.talking()
    shopper.dispose()
    const copy = copyOf(stage.customerStore)
    const later = await reopened()
    later.intend({ kind: 'send', text: 'later' })
    await until(later, chatSays('later', 'delivered'))
    later.dispose()
    restore(stage.customerStore, copy)
    const before = asked().length
    const again = await reopened()
    await until(again, (view): view is Chat => isChat(view) && view.link === 'online')
    again.intend({ kind: 'send', text: 'with new keys' })
    await until(ana, deskSays('with new keys'))
    expect(asked().slice(before)).toEqual(['commit', 'post'])
    expect(entriesOf(again.view.value).some(({ kind }) => kind === 'gap')).toBe(true)
    expect(held()).toMatchObject({ group: 1, epoch: 2 })
  })

  test('of a customer from before a commit goes on in the next group', async () => {
    const shopper = await stage.waiting()
    shopper.dispose()
    const copy = copyOf(stage.customerStore)
    const later = await reopened()
    const ana = await stage.atDesk()
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    later.intend({ kind: 'send', text: 'later' })
    await until(ana, deskSays('later'))
    await until(later, chatSays('later', 'delivered'))
    later.dispose()
    restore(stage.customerStore, copy)
    const again = await reopened()
    again.intend({ kind: 'send', text: 'in group 2' })
    await until(ana, deskSays('in group 2'))
    expect(held().group).toBe(2)
  })

  test('of an agent renews its keys before it says anything', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    ana.dispose()
    const copy = copyOf(stage.agentStore)
    const later = stage.agent()
    await until(later, online)
    later.intend({ kind: 'send', conversation, text: 'later' })
    await until(shopper, chatSays('later'))
    later.intend({ kind: 'show', conversation })
    await until(later, deskSays('later', 'delivered'))
    later.dispose()
    restore(stage.agentStore, copy)
    const before = asked().length
    const again = stage.agent()
    await until(again, online)
    again.intend({ kind: 'send', conversation, text: 'with new keys' })
    await until(shopper, chatSays('with new keys'))
    expect(asked().slice(before)).toEqual(['commit', 'post'])
    expect(held().group).toBe(1)
  })

  test('of a customer that went on elsewhere says so and sends nothing', async () => {
    const { shopper, ana } = await stage.talking()
    shopper.dispose()
    const [copy, keys] = [copyOf(stage.customerStore), await stage.customerStore.loadKeys()]
    spoil(stage.customerStore, 'conversation.')
    const next = await reopened()
    next.intend({ kind: 'send', text: 'in group 2' })
    await until(ana, deskSays('in group 2'))
    next.dispose()
    if (keys === null) throw new Error('no keys')
    await stage.customerStore.saveKeys(keys, new Map())
    restore(stage.customerStore, copy)
    const before = asked().length
    const old = await reopened()
    const view = await until(old, (view): view is Chat => isChat(view) && view.problem?.code === 'continued_elsewhere')
    expect(says(view.entries, 'in group 2')).toBe(false)
    expect(asked().length).toBe(before)
  })
})

describe('a relay that was set back to an older copy', () => {
  test('is not followed into the past, at either end', async () => {
    const { shopper, ana } = await stage.talking()
    ana.intend({ kind: 'send', conversation: toHex(held().id), text: 'not in the copy' })
    await until(shopper, chatSays('not in the copy'))
    await until(
      ana,
      (view): view is Desk =>
        isDesk(view) && view.open?.entries.some((entry) => entry.kind === 'message' && entry.standing === 'delivered') === true,
    )
    held().envelopes.splice(1)
    stage.relay.dropAll()
    stage.clock.advance(1000)
    await until(shopper, (view): view is Chat => isChat(view) && view.problem?.code === 'relay_set_back')
    await until(ana, (view): view is Desk => isDesk(view) && view.open?.problem?.code === 'relay_set_back')
  })
})

describe('a browser that wipes its storage', () => {
  test('while the chat runs: it stops, says so, and begins nothing by itself', async () => {
    const { shopper } = await stage.talking()
    await stage.customerStore.wipe()
    const posts = stage.relay.seen.filter((tag) => tag === 'post').length
    shopper.intend({ kind: 'send', text: 'lost' })
    await until(shopper, (view): view is CustomerView => view.kind === 'stopped' && view.problem.code === 'chat_lost')
    expect(stage.relay.seen.filter((tag) => tag === 'post').length).toBe(posts)
    expect(stage.customerStore.isEmpty()).toBe(true)
    shopper.intend({ kind: 'forget' })
    await until(shopper, (view): view is CustomerView => view.kind === 'notice')
    expect(stage.relay.conversations.size).toBe(1)
  })

  test('of its keys only, between two visits: it is said before anything new begins', async () => {
    const { shopper } = await stage.talking()
    shopper.dispose()
    const records = new Map(stage.customerStore.records)
    await stage.customerStore.wipe()
    for (const [name, record] of records) stage.customerStore.records.set(name, record)
    await until(opening(), (view): view is CustomerView => view.kind === 'stopped' && view.problem.code === 'chat_lost')
    expect(stage.customerStore.isEmpty()).toBe(true)
  })
})
