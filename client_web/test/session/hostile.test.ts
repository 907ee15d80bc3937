import { beforeEach, describe, expect, test } from 'vitest'
import type { CustomerView } from '../../src/core/views.ts'
import { createKeyPackage } from '../../src/keys/mls/library.ts'
import { signerFromSeed } from '../../src/keys/mls/signer.ts'
import { toHex, utf8 } from '../../src/wire/octets.ts'
import { POLICY } from './organisation.ts'
import { type Chat, isChat, isDesk, newStage, type Stage, says } from './stage.ts'
import { until } from './world.ts'

type Stopped = Extract<CustomerView, { kind: 'stopped' }>

let stage: Stage

beforeEach(async () => {
  stage = await newStage()
})

const stoppedWith =
  (code: string) =>
  (view: CustomerView): view is Stopped =>
    view.kind === 'stopped' && view.problem.code === code
const troubledBy =
  (code: string) =>
  (view: CustomerView): view is Chat =>
    isChat(view) && view.problem?.code === code

const opened = () => {
  const program = stage.customer()
  program.intend({ kind: 'open' })
  return program
}

describe('a relay that shows false documents', () => {
  test('another organisation is not confirmed', async () => {
    const other = await newStage()
    stage.documents.trustBundle = async () => other.organisation.bundle()
    expect((await until(opened(), stoppedWith('organisation_unconfirmed'))).problem.detail).toBe('forked')
  })

  test('a trust document that nobody signed is not believed', async () => {
    const other = await newStage()
    const [ours, theirs] = [stage.organisation.bundle(), other.organisation.bundle()].map((bundle) =>
      JSON.parse(new TextDecoder().decode(bundle)),
    )
    stage.documents.trustBundle = async () => utf8(JSON.stringify({ ...ours, trust: theirs.trust }))
    expect((await until(opened(), stoppedWith('organisation_unconfirmed'))).problem.detail).toBe('bad_signature')
  })

  test('expired trust opens no conversation', async () => {
    stage.clock.advance(31 * 24 * 3600 * 1000)
    await until(opened(), stoppedWith('trust_expired'))
  })

  test('a policy with one changed byte is not shown', async () => {
    stage.documents.policy = async () => Uint8Array.from(POLICY, (octet, index) => (index === 200 ? octet ^ 1 : octet))
    expect((await until(opened(), stoppedWith('policy_unlisted'))).problem.detail).toBe('inconsistent')
  })

  test('a policy that trust no longer lists is not shown', async () => {
    stage.organisation.publish({ policies: [] })
    await until(opened(), stoppedWith('policy_unlisted'))
  })

  test('an older trust document than before is refused while a chat runs', async () => {
    const older = stage.organisation.bundle()
    stage.organisation.publish({})
    const { shopper } = await stage.talking()
    stage.relay.pushTrust(older)
    expect((await until(shopper, troubledBy('organisation_unconfirmed'))).problem?.detail).toBe('replayed')
  })
})

describe('a relay that swaps the key package', () => {
  const swapped = async (credential: (device: Uint8Array) => Uint8Array): Promise<Chat> => {
    const signer = signerFromSeed(crypto.getRandomValues(new Uint8Array(32)))
    const now = stage.clock.now()
    const made = await createKeyPackage({ identity: credential(signer.publicKey), signer, now, notAfter: now + 3600_000 })
    stage.relay.swapKeyPackage(() => made.keyPackage)
    const [shopper, ana] = [await stage.waiting(), await stage.atDesk()]
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    const view = await until(shopper, troubledBy('agent_unconfirmed'))
    expect(stage.relay.seen).not.toContain('commit')
    expect(view.readers).toHaveLength(1)
    return view
  }

  test('for one that the organisation never certified: nobody is added', async () => {
    const other = await newStage()
    const view = await swapped((device) => other.organisation.credential(device))
    expect(view.problem?.detail).toBe('bad_signature')
  })

  test('for one with a borrowed credential: nobody is added', async () => {
    const view = await swapped(() => stage.organisation.credential(new Uint8Array(32).fill(3)))
    expect(view.problem?.detail).toBe('unknown_credential')
  })

  test('for an agent of another desk: nobody is added', async () => {
    await swapped((device) => stage.organisation.credential(device, { cred_id: 'ben-1', desks: ['returns'] }))
  })

  test('for a bot: nobody is added', async () => {
    await swapped((device) => stage.organisation.credential(device, { cred_id: 'bot-1', kind: 'bot' }))
  })

  test('for a supervisor: nobody is added', async () => {
    await swapped((device) => stage.organisation.credential(device, { cred_id: 'sue-1', roles: ['supervisor'] }))
  })
})

describe('revocation', () => {
  test('removes the agent from the conversation, and nothing is encrypted for it any more', async () => {
    const { shopper, ana } = await stage.talking()
    stage.organisation.publish({ revoked: [{ cred_id: 'ana-1', at: stage.clock.now(), reason: 'lost' }] })
    stage.relay.pushTrust(stage.organisation.bundle())
    const view = await until(shopper, (view): view is Chat => isChat(view) && view.readers.length === 1)
    expect(view.entries.some((entry) => entry.kind === 'left' && entry.who === 'Ana')).toBe(true)
    shopper.intend({ kind: 'send', text: 'only for somebody I can trust' })
    await until(shopper, (view): view is Chat => isChat(view) && says(view.entries, 'only for somebody I can trust', 'sending'))
    const desk = ana.view.value
    expect(isDesk(desk) && desk.open !== null && says(desk.open.entries, 'only for somebody I can trust')).toBe(false)
  })
})

describe('a relay that refuses', () => {
  test('to open: the device keeps nothing and says why', async () => {
    stage.relay.refuseNext('open', 'notice_required')
    const program = await stage.atNotice()
    program.intend({ kind: 'start' })
    expect((await until(program, stoppedWith('refused'))).problem.detail).toBe('notice_required')
    expect(stage.customerStore.isEmpty()).toBe(true)
  })

  test('a message for now: it is sent again', async () => {
    const { shopper, ana } = await stage.talking()
    stage.relay.refuseNext('post', 'too_fast')
    shopper.intend({ kind: 'send', text: 'patience' })
    await expect.poll(() => stage.relay.seen.filter((tag) => tag === 'post').length).toBe(1)
    await expect
      .poll(() => {
        stage.clock.advance(1)
        const view = ana.view.value
        return isDesk(view) && view.open !== null && says(view.open.entries, 'patience')
      })
      .toBe(true)
  })

  test('a message for good: it stands as not sent, can be tried again, and what follows is sent', async () => {
    const { shopper, ana } = await stage.talking()
    stage.relay.refuseNext('post', 'wrong_stage')
    shopper.intend({ kind: 'send', text: 'first' })
    const view = await until(shopper, (view): view is Chat => isChat(view) && says(view.entries, 'first', 'not_sent'))
    shopper.intend({ kind: 'send', text: 'second' })
    await until(shopper, (view): view is Chat => isChat(view) && says(view.entries, 'second', 'delivered'))
    const failed = view.entries.find((entry) => entry.kind === 'message' && entry.standing === 'not_sent')
    shopper.intend({ kind: 'retry', id: failed?.id ?? '' })
    await until(
      ana,
      (view): view is Extract<typeof view, { kind: 'desk' }> => isDesk(view) && view.open !== null && says(view.open.entries, 'first'),
    )
  })

  test('the Add: nobody comes in', async () => {
    stage.relay.refuseNext('commit', 'not_admitted')
    const [shopper, ana] = [await stage.waiting(), await stage.atDesk()]
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    expect((await until(shopper, troubledBy('refused'))).problem?.detail).toBe('not_admitted')
  })
})

describe('a relay that says a conversation is gone', () => {
  test('ends it on the screen and on the device', async () => {
    const { shopper } = await stage.talking()
    const [name] = [...stage.relay.conversations.keys()]
    stage.relay.forget(name ?? '')
    stage.relay.dropAll()
    stage.clock.advance(1000)
    await until(shopper, (view): view is Chat => isChat(view) && view.stage === 'closed')
    await expect.poll(() => stage.customerStore.isEmpty()).toBe(true)
  })
})

describe('what rests', () => {
  test('is sealed: no message stands readable in any record', async () => {
    const { shopper, ana } = await stage.talking()
    shopper.intend({ kind: 'send', text: 'MARKER-4711' })
    await until(
      ana,
      (view): view is Extract<typeof view, { kind: 'desk' }> =>
        isDesk(view) && view.open !== null && says(view.open.entries, 'MARKER-4711'),
    )
    const marker = toHex(utf8('MARKER-4711'))
    const records = [...stage.customerStore.records.values(), ...stage.agentStore.records.values()]
    expect(records.length).toBeGreaterThan(4)
    expect(records.some((record) => toHex(record).includes(marker))).toBe(false)
  })

  test('and was changed is not believed: it is said, wiped, and a fresh chat is the customer’s to begin', async () => {
    const { shopper } = await stage.talking()
    shopper.dispose()
    for (const [name, record] of stage.customerStore.records)
      stage.customerStore.records.set(
        name,
        Uint8Array.from(record, (octet) => octet ^ 1),
      )
    const again = opened()
    await until(again, stoppedWith('chat_lost'))
    expect(stage.customerStore.isEmpty()).toBe(true)
    again.intend({ kind: 'forget' })
    await until(again, (view): view is CustomerView => view.kind === 'notice')
  })
})

describe('a relay that says it holds more than it shows', () => {
  test('is not asked without end: the screen says that it did not answer, and it may be asked again', async () => {
    const { shopper } = await stage.talking()
    const held =
      (state: string) =>
      (view: CustomerView): view is Chat =>
        isChat(view) && view.centre.held.state === state
    stage.relay.withhold(1)
    shopper.intend({ kind: 'showHeld' })
    await until(shopper, held('failed'))
    expect(stage.relay.seen.filter((tag) => tag === 'show_holdings')).toHaveLength(1)
    stage.relay.withhold(0)
    shopper.intend({ kind: 'showHeld' })
    await until(shopper, held('shown'))
  })
})
