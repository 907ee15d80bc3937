/** Whoever was let in by a yes, under a relay that is slow, silent or lying, and a device that dies in between. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { CustomerView } from '../../src/core/views.ts'
import { sha256 } from '../../src/keys/digest.ts'
import { OPTIONAL_EVERY_MS } from '../../src/wire/generated/limits.ts'
import { fromHex, fromUtf8, toHex, utf8 } from '../../src/wire/octets.ts'
import { POLICY } from './organisation.ts'
import { BOT, HELPER, isAsked, Questions, readsAlong } from './questions.ts'
import { type Chat, chatSays, isChat, newStage, type Stage } from './stage.ts'
import { until } from './world.ts'

const HOUR = 3600 * 1000
const OTHER_COMPANY = utf8((fromUtf8(POLICY) ?? '').replace('legal_id = "IE 612345"', 'legal_id = "IE 999999"'))

let stage: Stage
let questions: Questions
/** How often the file of the policy that is in force was asked for. */
let fetched: number

beforeEach(async () => {
  stage = await newStage()
  questions = await Questions.on(stage)
  fetched = 0
})

type Shopper = ReturnType<Stage['customer']>

const readsNot =
  (name: string) =>
  (view: CustomerView): view is Chat =>
    isChat(view) && !view.readers.some((reader) => reader.name === name)
const decisionOf = (program: Shopper, who: string) => {
  const { value } = program.view
  return isChat(value) ? value.decisions.find((decision) => decision.who === who) : undefined
}
const decisionName = (program: Shopper, who: string): string => decisionOf(program, who)?.id ?? ''
const answered = async (program: Shopper, id: string, answer: 'given' | 'refused'): Promise<void> => {
  await until(program, isAsked(id))
  program.intend({ kind: 'answer', request: id, answer })
}
const heldId = (): Uint8Array => [...stage.relay.conversations.values()][0]?.id ?? new Uint8Array()
/** An assistant reads along. */
const withSteam = async () => {
  const talk = await stage.talking()
  const steam = await questions.newcomer(BOT)
  const request = await questions.ask('ai_assistant', steam)
  await answered(talk.shopper, request, 'given')
  await until(talk.shopper, readsAlong('Steam'))
  return { ...talk, steam, request }
}
/** From `after` on, in milliseconds, another policy is in force. */
const brings = async (policy: Uint8Array, { after = 0, keeps = false } = {}): Promise<void> => {
  const [digest, now] = [toHex(await sha256(policy)), stage.clock.now()]
  const { policyDigest } = stage.organisation
  stage.documents.policy = async (name) => {
    if (name === policyDigest) return POLICY
    fetched += 1
    if (keeps) throw new Error('relay')
    return policy
  }
  const old = { digest: policyDigest, nbf: now - HOUR, exp: now + 100 * HOUR }
  stage.organisation.publish({ policies: [old, { digest, nbf: now + after, exp: now + 100 * HOUR }], issued: now })
  stage.relay.pushTrust(stage.organisation.bundle())
}

describe('a relay that answers nothing', () => {
  test('does not keep a withdrawal from being carried out', async () => {
    const { shopper } = await withSteam()
    const ben = await questions.ask('second_agent', await questions.newcomer(HELPER))
    await answered(shopper, ben, 'refused')
    await expect.poll(() => stage.relay.seen.filter((tag) => tag === 'answer')).toHaveLength(1)
    shopper.intend({ kind: 'withdraw', decision: decisionName(shopper, 'Steam') })
    await until(shopper, readsNot('Steam'))
    expect(decisionOf(shopper, 'Steam')?.standing).toBe('withdrawn')
  })

  test('does not keep the next one from being carried out either', async () => {
    const { shopper } = await withSteam()
    await answered(shopper, await questions.ask('second_agent', await questions.newcomer(HELPER)), 'given')
    await until(shopper, readsAlong('Ben'))
    for (const who of ['Ben', 'Steam']) {
      shopper.intend({ kind: 'withdraw', decision: decisionName(shopper, who) })
      await until(shopper, readsNot(who))
    }
  })
})

describe('a card on the screen', () => {
  test('is not replaced by another before it is answered', async () => {
    const { shopper } = await stage.talking()
    const ben = await questions.ask('second_agent', await questions.newcomer(HELPER))
    await until(shopper, isAsked(ben))
    const steam = await questions.newcomer(BOT)
    await questions.ask('ai_assistant', steam)
    for (const text of ['still', 'there']) {
      shopper.intend({ kind: 'send', text })
      await until(shopper, chatSays(text, 'sent'))
    }
    expect(isAsked(ben)(shopper.view.value)).toBe(true)
    shopper.intend({ kind: 'answer', request: ben, answer: 'refused' })
    await until(shopper, isAsked(await questions.ask('ai_assistant', steam)))
  })
})

describe('another policy in force', () => {
  test('closes a card about what it widens: no yes is given any more', async () => {
    const { shopper } = await stage.talking()
    const id = await questions.ask('ai_assistant', await questions.newcomer(BOT))
    await until(shopper, isAsked(id))
    await brings(OTHER_COMPANY)
    await until(shopper, (view): view is Chat => isChat(view) && view.prompt === null)
    shopper.intend({ kind: 'answer', request: id, answer: 'given' })
    shopper.intend({ kind: 'send', text: 'still here' })
    await until(shopper, chatSays('still here', 'sent'))
    expect(decisionOf(shopper, 'Steam')).toBeUndefined()
    expect(readsNot('Steam')(shopper.view.value)).toBe(true)
  })

  test('whose file the relay keeps back lets nothing be asked', async () => {
    const { shopper } = await stage.talking()
    await brings(OTHER_COMPANY, { keeps: true })
    await expect.poll(() => fetched).toBeGreaterThan(0)
    const before = fetched
    await questions.ask('ai_assistant', await questions.newcomer(BOT))
    await expect.poll(() => fetched).toBeGreaterThan(before)
    for (const text of ['still', 'here']) {
      shopper.intend({ kind: 'send', text })
      await until(shopper, chatSays(text, 'sent'))
    }
    expect(shopper.view.value).toMatchObject({ prompt: null })
  })

  test('puts out whom it ends at its first moment, though nobody says anything', async () => {
    const { shopper } = await withSteam()
    await brings(OTHER_COMPANY, { after: HOUR })
    shopper.intend({ kind: 'send', text: 'before' })
    await until(shopper, chatSays('before', 'sent'))
    expect(readsAlong('Steam')(shopper.view.value)).toBe(true)
    stage.clock.advance(HOUR)
    await until(shopper, readsNot('Steam'))
    expect(decisionOf(shopper, 'Steam')?.standing).toBe('invalidated')
  })

  test('and the first one again: the difference is gone from the screen, and it may be asked anew', async () => {
    const { shopper } = await withSteam()
    await brings(OTHER_COMPANY)
    await until(shopper, readsNot('Steam'))
    expect(shopper.view.value).toMatchObject({ centre: { terms: { changes: expect.anything() } } })
    await brings(POLICY)
    await until(shopper, (view): view is Chat => isChat(view) && view.centre.terms === null)
    stage.clock.advance(OPTIONAL_EVERY_MS)
    await until(shopper, isAsked(await questions.ask('ai_assistant', await questions.newcomer({ ...BOT, cred_id: 'steam-2' }))))
    expect(decisionOf(shopper, 'Steam')?.standing).toBe('invalidated')
  })

  test('that came and went while the device was away: the relay says whom it shut out, and the chat does not stand still', async () => {
    const { shopper, steam, request } = await withSteam()
    stage.relay.tellEverybody({
      tag: 'request',
      conversation: heldId(),
      request: fromHex(request),
      moment: 'ai_assistant',
      device: steam.signer.publicKey,
      standing: 'invalidated',
      at: stage.clock.now(),
      expiresAt: stage.clock.now(),
    })
    await until(shopper, readsNot('Steam'))
    expect(decisionOf(shopper, 'Steam')?.standing).toBe('invalidated')
  })
})

describe('a device that dies between the decision and the chat', () => {
  test.each(['withdrawn', 'invalidated'] as const)('ends what was %s when it comes back', async (standing) => {
    const { shopper, conversation } = await withSteam()
    const name = `conversation.${conversation}`
    const before = stage.customerStore.records.get(name) ?? new Uint8Array()
    if (standing === 'withdrawn') shopper.intend({ kind: 'withdraw', decision: decisionName(shopper, 'Steam') })
    else await brings(OTHER_COMPANY)
    const stop = shopper.view.subscribe(() => {
      if (decisionOf(shopper, 'Steam')?.standing === standing) shopper.dispose()
    })
    await expect.poll(() => decisionOf(shopper, 'Steam')?.standing).toBe(standing)
    stop()
    stage.customerStore.records.set(name, before)
    const again = stage.customer()
    again.intend({ kind: 'open' })
    await until(again, readsNot('Steam'))
    expect(decisionOf(again, 'Steam')?.standing).toBe(standing)
  })
})

describe('the next group', () => {
  test('leaves guests behind: an old yes lets nobody in, and a new one does', async () => {
    const { shopper, steam } = await withSteam()
    await until(shopper, (view): view is Chat => isChat(view) && view.stage === 'active')
    stage.relay.tellEverybody({ tag: 'complained', conversation: heldId(), group: 1, device: steam.signer.publicKey })
    await expect.poll(() => [...stage.relay.conversations.values()].map(({ group, stage: at }) => [group, at])).toEqual([[2, 'active']])
    shopper.intend({ kind: 'send', text: 'anew' })
    await until(shopper, chatSays('anew', 'sent'))
    expect(readsNot('Steam')(shopper.view.value)).toBe(true)
    expect(shopper.view.value).toMatchObject({ decisions: [], problem: null })
    await answered(shopper, await questions.ask('second_agent', await questions.newcomer(HELPER)), 'given')
    await until(shopper, readsAlong('Ben'))
    expect(readsNot('Steam')(shopper.view.value)).toBe(true)
  })
})
