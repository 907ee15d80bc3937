/** Notices of incidents: what the customer's device shows, remembers and refuses. */
import { afterEach, describe, expect, test } from 'vitest'
import { PAYLOAD_TYPE } from '../../src/keys/dsse.ts'
import { fromHex, toBase64Url } from '../../src/wire/octets.ts'
import { type Key, newKey, sealed } from './organisation.ts'
import { type Chat, isChat, newStage, type Stage } from './stage.ts'
import { until } from './world.ts'

const DAY = 24 * 3600 * 1000
const PARTS = {
  what_happened: 'A laptop was stolen.',
  consequences: 'Somebody could read what you wrote.',
  what_we_did: 'We revoked it.',
  what_you_can_do: 'Be careful with calls in our name.',
}

type Shopper = Awaited<ReturnType<Stage['waiting']>>
type Changes = Readonly<Record<string, unknown>>

const noticeOf = ({ organisation }: Stage, changes: Changes = {}, by: Key = organisation.issuing): Uint8Array => {
  const { now } = organisation
  const span = { affects_from: now - DAY, affects_to: now + DAY }
  const texts = { en: PARTS, de: { ...PARTS, what_happened: 'Ein Laptop wurde gestohlen.' } }
  const fields = { org: 'kettle', incident: 'stolen-laptop', issued_at: now, ...span, texts, contact: 'privacy@kettle.example' }
  return sealed({ ...fields, expires: now + 30 * DAY, ...changes }, { type: PAYLOAD_TYPE.incident, by })
}

const told =
  (...contacts: readonly string[]) =>
  (view: Parameters<typeof isChat>[0]): view is Chat =>
    isChat(view) && view.incidents.map(({ contact }) => contact).join() === contacts.join()

const troubled = (view: Parameters<typeof isChat>[0]): view is Chat => isChat(view) && view.problem !== null

describe('a notice of an incident', () => {
  const programs: Shopper[] = []
  afterEach(() => {
    for (const program of programs.splice(0)) program.dispose()
  })

  const waiting = async () => {
    const stage = await newStage()
    const shopper = await stage.waiting()
    programs.push(shopper)
    const [name = ''] = stage.relay.conversations.keys()
    const tell = (notice: Uint8Array): void => stage.relay.tellEverybody({ tag: 'incident', conversation: fromHex(name), notice })
    return { stage, shopper, tell }
  }

  test('is shown when it was verified, in the words of the person', async () => {
    const { stage, shopper, tell } = await waiting()
    tell(noticeOf(stage))
    const [incident] = (await until(shopper, told('privacy@kettle.example'))).incidents
    expect(incident?.language).toBe('en')
    expect(incident?.parts).toEqual(Object.values(PARTS))
  })

  test('in a language that nobody here reads is shown as its officer wrote it first', async () => {
    const { stage, shopper, tell } = await waiting()
    tell(noticeOf(stage, { texts: { fr: { ...PARTS, what_happened: 'Un ordinateur a été volé.' } } }))
    expect((await until(shopper, told('privacy@kettle.example'))).incidents[0]?.language).toBe('fr')
  })

  test('that was read does not come back, also after a reload', async () => {
    const { stage, shopper, tell } = await waiting()
    tell(noticeOf(stage))
    const { incidents } = await until(shopper, told('privacy@kettle.example'))
    shopper.intend({ kind: 'readIncident', id: incidents[0]?.id ?? '' })
    await until(shopper, told())
    await expect.poll(async () => await stage.customerStore.load('incidents')).not.toBeNull()
    shopper.dispose()

    const again = stage.customer()
    programs.push(again)
    again.intend({ kind: 'open' })
    await until(again, (view): view is Chat => isChat(view) && view.link === 'online')
    tell(noticeOf(stage))
    tell(noticeOf(stage, { incident: 'another', contact: 'dpo@kettle.example' }))
    await until(again, told('dpo@kettle.example'))
  })

  test('that was corrected is another one to read, and the older one does not come back', async () => {
    const { stage, shopper, tell } = await waiting()
    tell(noticeOf(stage))
    const { incidents } = await until(shopper, told('privacy@kettle.example'))
    shopper.intend({ kind: 'readIncident', id: incidents[0]?.id ?? '' })
    tell(noticeOf(stage, { issued_at: stage.organisation.now + 1, contact: 'dpo@kettle.example' }))
    await until(shopper, told('dpo@kettle.example'))
    tell(noticeOf(stage))
    tell(noticeOf(stage, { incident: 'another', contact: 'last' }))
    await until(shopper, told('dpo@kettle.example', 'last'))
  })

  test('leaves the screen when its time is over', async () => {
    const { stage, shopper, tell } = await waiting()
    tell(noticeOf(stage, { expires: stage.organisation.now + 60_000 }))
    await until(shopper, told('privacy@kettle.example'))
    stage.clock.advance(60_000)
    tell(noticeOf(stage, { incident: 'another', contact: 'dpo@kettle.example' }))
    await until(shopper, told('dpo@kettle.example'))
  })

  test('that is not on the screen cannot be put away', async () => {
    const { stage, shopper, tell } = await waiting()
    tell(noticeOf(stage))
    await until(shopper, told('privacy@kettle.example'))
    shopper.intend({ kind: 'readIncident', id: 'nonsense' })
    expect(await stage.customerStore.load('incidents')).toBeNull()
  })

  test('of an issuing key that another root replaced is put away with it', async () => {
    const { stage, shopper, tell } = await waiting()
    tell(noticeOf(stage))
    await until(shopper, told('privacy@kettle.example'))
    await stage.organisation.rotate()
    stage.relay.pushTrust(stage.organisation.bundle())
    await until(shopper, told())
    tell(noticeOf(stage, { contact: 'dpo@kettle.example' }))
    await until(shopper, told('dpo@kettle.example'))
  })

  test.each<[string, (stage: Stage) => Promise<Uint8Array> | Uint8Array, string]>([
    ['forged', async (stage) => noticeOf(stage, {}, await newKey()), 'bad_signature'],
    ['of another organisation', (stage) => noticeOf(stage, { org: 'teapot' }), 'inconsistent'],
    ['that is over', (stage) => noticeOf(stage, { expires: stage.organisation.now, issued_at: stage.organisation.now - DAY }), 'lapsed'],
    ['of another span', (stage) => noticeOf(stage, { affects_to: stage.organisation.now - DAY / 2 }), 'inconsistent'],
    ['that is no document', () => new Uint8Array([1]), 'malformed'],
  ])('%s is not shown, and a problem is', async (_, made, reason) => {
    const { stage, shopper, tell } = await waiting()
    tell(await made(stage))
    const { problem, incidents } = await until(shopper, troubled)
    expect(problem).toEqual({ code: 'organisation_unconfirmed', detail: reason })
    expect(incidents).toEqual([])
  })

  test("signed by the relay's statement key is not shown", async () => {
    const { stage, shopper, tell } = await waiting()
    const statement = await newKey()
    const key = toBase64Url(statement.publicKey)
    stage.organisation.publish({ statement_keys: [{ keyid: statement.keyid, public: key, nbf: 0, exp: stage.organisation.now + DAY }] })
    stage.relay.pushTrust(stage.organisation.bundle())
    tell(noticeOf(stage, {}, statement))
    expect((await until(shopper, troubled)).problem?.detail).toBe('bad_signature')
    expect(shopper.view.value).toMatchObject({ incidents: [] })
  })
})
