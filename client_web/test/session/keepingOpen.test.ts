/** A customer keeps the chat open longer: in the policy's words, by one press, on disk first, sent until it stands. */
import { beforeEach, describe, expect, test } from 'vitest'
import { DECISION_CLAIMS } from '../../src/wire/generated/claims.ts'
import { CONVERSATION_LIFE_MS, TIMES_KEPT_OPEN } from '../../src/wire/generated/limits.ts'
import { fromBase64, fromBase64Url, fromUtf8 } from '../../src/wire/octets.ts'
import { decodeAs } from '../../src/wire/shape.ts'
import { type Chat, chatSays, deskSays, isChat, newStage, type Stage } from './stage.ts'
import { until } from './world.ts'

type Shopper = ReturnType<Stage['customer']>

let stage: Stage

beforeEach(async () => {
  stage = await newStage()
})

const offered = (view: Parameters<typeof isChat>[0]): view is Chat => isChat(view) && view.longer.isOffered
const shown = (view: Parameters<typeof isChat>[0]): view is Chat => isChat(view) && view.longer.card !== null
const closing =
  (at: number) =>
  (view: Parameters<typeof isChat>[0]): view is Chat =>
    isChat(view) && view.closesAt === at && !view.longer.isSending

const keepOpen = async (shopper: Shopper): Promise<void> => {
  await until(shopper, offered)
  shopper.intend({ kind: 'longer', act: 'ask' })
  await until(shopper, shown)
  shopper.intend({ kind: 'longer', act: 'keep' })
}

const commits = (): number => stage.relay.seen.filter((tag) => tag === 'commit').length

describe('a chat that ends soon', () => {
  test('is kept open for a day by one press on the policy’s words, and the other end goes on', async () => {
    const { shopper, ana, conversation } = await stage.talking()
    const { longer } = await until(shopper, offered)
    expect(longer).toMatchObject({ isNear: true, card: null, isSending: false })
    shopper.intend({ kind: 'longer', act: 'ask' })
    const asked = await until(shopper, shown)
    expect(asked.longer.card?.[0]).toBe('Keep this chat open for up to 24 more hours?')
    expect(commits()).toBe(1)
    shopper.intend({ kind: 'longer', act: 'keep' })
    const after = await until(shopper, closing(stage.clock.now() + CONVERSATION_LIFE_MS))
    expect(after.longer).toMatchObject({ isNear: false, card: null })
    ana.intend({ kind: 'send', conversation, text: 'still here' })
    await until(shopper, chatSays('still here'))
  })

  test('“not now” signs and sends nothing', async () => {
    const { shopper } = await stage.talking()
    await until(shopper, offered)
    shopper.intend({ kind: 'longer', act: 'ask' })
    await until(shopper, shown)
    shopper.intend({ kind: 'longer', act: 'drop' })
    const { longer } = await until(shopper, offered)
    expect(longer.card).toBeNull()
    expect(commits()).toBe(1)
    shopper.intend({ kind: 'longer', act: 'keep' })
    shopper.intend({ kind: 'send', text: 'and on' })
    await until(shopper, chatSays('and on', 'delivered'))
    expect(commits()).toBe(1)
  })

  test('is not kept open before anybody has come', async () => {
    const shopper = await stage.waiting()
    shopper.intend({ kind: 'centre' })
    const view = await until(shopper, (now): now is Chat => isChat(now) && now.centre.contact !== null)
    expect(view.longer.isOffered).toBe(false)
  })

  test('is kept open three times and no oftener', async () => {
    const { shopper } = await stage.talking()
    for (let time = 0; time < TIMES_KEPT_OPEN; time += 1) {
      stage.clock.advance(1000)
      await keepOpen(shopper)
      await until(shopper, closing(stage.clock.now() + CONVERSATION_LIFE_MS))
    }
    expect((await until(shopper, isChat)).longer.isOffered).toBe(false)
    expect(commits()).toBe(1 + TIMES_KEPT_OPEN)
  })

  test('is not offered more under terms that are not those in force', async () => {
    const { shopper } = await stage.talking()
    await until(shopper, offered)
    stage.organisation.publish({ policies: [] })
    stage.relay.pushTrust(stage.organisation.bundle())
    await until(shopper, (now): now is Chat => isChat(now) && !now.longer.isOffered)
  })
})

describe('the decision', () => {
  test('rests on this device until the relay has taken it', async () => {
    const { shopper, ana } = await stage.talking()
    stage.relay.loseNext('commit')
    await keepOpen(shopper)
    await until(shopper, (now): now is Chat => isChat(now) && now.link !== 'online')
    shopper.dispose()
    const again = stage.customer()
    again.intend({ kind: 'open' })
    await until(again, closing(stage.clock.now() + CONVERSATION_LIFE_MS))
    again.intend({ kind: 'send', text: 'back' })
    await until(ana, deskSays('back'))
  })

  test('that the relay refuses is told, and not tried again by itself', async () => {
    const { shopper } = await stage.talking()
    stage.relay.refuseNext('commit', 'not_offered')
    await keepOpen(shopper)
    await until(shopper, (now): now is Chat => isChat(now) && now.problem?.detail === 'not_offered' && !now.longer.isSending)
    shopper.intend({ kind: 'send', text: 'and on' })
    await until(shopper, chatSays('and on', 'delivered'))
    expect(commits()).toBe(2)
  })

  test('stands in the file beside the start, with its moment, its words and no device', async () => {
    const { shopper } = await stage.talking()
    await keepOpen(shopper)
    await until(shopper, closing(stage.clock.now() + CONVERSATION_LIFE_MS))
    shopper.intend({ kind: 'saveReceipts' })
    await expect.poll(() => stage.saved).toHaveLength(1)
    const envelope: { payload: string } = JSON.parse(fromUtf8(stage.saved[0]?.content ?? new Uint8Array()) ?? '')
    const file: { decisions: Record<'moment' | 'credential', unknown>[] & { shown: string[]; decided: { claims: string } }[] } = JSON.parse(
      fromUtf8(fromBase64(envelope.payload) ?? new Uint8Array()) ?? '',
    )
    const [, longer] = file.decisions
    expect(file.decisions).toHaveLength(2)
    expect(longer).toMatchObject({ moment: 'longer_time', credential: null })
    expect(longer?.shown[0]).toBe('Keep this chat open for up to 24 more hours?')
    const claims = decodeAs(DECISION_CLAIMS, fromBase64Url(longer?.decided.claims ?? '') ?? new Uint8Array())
    expect(claims).toMatchObject({ answer: 'given', admits: { tag: 'team', desk: 'support' }, request: null })
  })
})
