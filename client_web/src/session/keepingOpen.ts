/** The customer keeps the chat open longer: shown in the policy's words, signed and on disk before its commit is made, tried until it stands. */
import type { LongerView } from '../core/longerView.ts'
import { signDecision } from '../keys/decision.ts'
import { sha256 } from '../keys/digest.ts'
import { hexOf, objectOf } from '../keys/documentFields.ts'
import { parseEnvelope } from '../keys/dsse.ts'
import { noticeDigest, noticeText } from '../keys/noticeText.ts'
import { languageFor } from '../keys/policy.ts'
import { parseStrictJson } from '../keys/strictJson.ts'
import type { PolicyEntry } from '../keys/trust.ts'
import { Lapsed, Untrusted } from '../keys/untrusted.ts'
import type { DecisionClaims, Signed } from '../wire/generated/claims.ts'
import { CONVERSATION_LIFE_MS } from '../wire/generated/limits.ts'
import type { Moment } from '../wire/generated/moments.ts'
import { type Octets, sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import type { Centre } from './centre.ts'
import type { Chat } from './chat.ts'
import type { Plan } from './commits.ts'
import type { Conversation } from './conversation.ts'
import type { ChatWorld } from './holding.ts'
import { claimsOf, KEPT_OPEN, type KeptOpenRecord, mayKeepOpen } from './keptOpenRecords.ts'
import { LinkLost } from './link.ts'
import { NAMES, writeRecord } from './records.ts'
import { serial } from './serial.ts'

export const LONGER: Moment = 'longer_time'
const NEAR_MS = 3600 * 1000
const NONCE_BYTES = 16

export interface KeepingWorld {
  readonly chat: Chat
  readonly world: Omit<ChatWorld, 'changed'>
  /** Has the policy of this conversation, once it was fetched. */
  readonly centre: Pick<Centre, 'policy' | 'prepare'>
  readonly languages: readonly string[]
  /** The decision at the start. */
  readonly start: Grounds
  inForce(): PolicyEntry | null
  changed(): void
}

interface Grounds {
  readonly reliesOn: Uint8Array
  readonly decision: Signed
}

interface Card {
  readonly paragraphs: readonly string[]
  readonly digest: Octets
}

export class KeepingOpen {
  readonly #world: KeepingWorld
  readonly #inOrder = serial()
  #records: readonly KeptOpenRecord[]
  #card: Card | null = null
  /** The decision in the commit that is on its way. */
  #proposed: Uint8Array | null = null
  /** Known at once, and written down in its turn. */
  readonly #refused = new Set<string>()
  #cancelNear: () => void = () => undefined

  constructor(world: KeepingWorld, records: readonly KeptOpenRecord[]) {
    this.#world = world
    this.#records = records
  }

  get records(): readonly KeptOpenRecord[] {
    return this.#records
  }

  /** Those that the relay took in the group that runs. */
  get current(): readonly KeptOpenRecord[] {
    return this.#records.filter((record) => record.standing === 'taken' && this.#isOurs(record))
  }

  /** The decision that an Add relies on: the newest one that stands. */
  get grounds(): Grounds {
    const newest = this.#records.findLast((record) => this.#stands(record))
    return newest === undefined ? this.#world.start : { reliesOn: newest.digest, decision: newest.decision }
  }

  view(now: number): LongerView {
    const isSending = this.#records.some(({ standing }) => standing === 'decided')
    const isOffered = this.#isOffered() && !isSending
    const { closesAt } = this.#world.chat.conversation
    return { isOffered, isNear: closesAt - now <= NEAR_MS, card: isOffered ? (this.#card?.paragraphs ?? null) : null, isSending }
  }

  act(act: 'ask' | 'keep' | 'drop'): void {
    if (act === 'ask') this.#run(() => this.#ask())
    else if (act === 'drop') this.#show(null)
    else {
      const card = this.#card
      this.#card = null
      if (card !== null && this.#isOffered()) this.#run(() => this.#decide(card))
    }
  }

  /** What was decided and does not stand yet: after a reload, a lost line, or another commit that won. Near the end the words are fetched. */
  consider(): void {
    this.#awaitNear()
    this.#run(() => this.#again())
  }

  stop(): void {
    this.#cancelNear()
  }

  /** It came with the commit that carried the decision. It is evidence, and waited for by nobody. */
  receipted(receipt: Uint8Array): void {
    this.#run(async () => {
      const named = hexOf(objectOf(parseStrictJson(parseEnvelope(receipt).payload)).get('decision_digest'))
      const record = this.#records.find(({ digest }) => toHex(digest) === named)
      if (record !== undefined && record.receipt === null) await this.#patch(record, { receipt })
    })
  }

  /** The relay takes no such commit: it is not tried again by itself. */
  giveUp(): void {
    if (this.#proposed === null) return
    this.#refused.add(toHex(this.#proposed))
    this.#proposed = null
    this.consider()
  }

  #isOffered(): boolean {
    const { chat, centre, inForce } = this.#world
    const { stage, broken, facts } = chat.conversation
    const hasWords = centre.policy?.notices.some(({ id }) => id === LONGER) === true
    const isInForce = inForce()?.digest === toHex(facts.terms.policyDigest)
    return stage === 'active' && broken === null && hasWords && isInForce && mayKeepOpen(this.#records)
  }

  async #ask(): Promise<void> {
    const { centre, chat, languages } = this.#world
    const { policy } = centre
    if (policy === null || !this.#isOffered()) return
    const { desk } = chat.conversation.facts.terms
    const text = noticeText(policy, { notice: LONGER, desk, language: languageFor(policy, languages) })
    this.#show({ paragraphs: [...text.first, ...text.more], digest: await noticeDigest(text) })
  }

  #show(card: Card | null): void {
    this.#card = card
    this.#world.changed()
  }

  async #decide({ paragraphs, digest }: Card): Promise<void> {
    const { chat, world, start } = this.#world
    await world.trust.refresh()
    if (world.trust.freshness() !== 'fresh') throw new Lapsed('trust')
    if (!this.#isOffered()) throw new Refused('not_offered')
    const { id: conversation, facts } = chat.conversation
    const decidedAt = world.relayNow()
    const claims: DecisionClaims = {
      conversation,
      customerKey: world.me,
      answer: 'given',
      admits: { tag: 'team', desk: facts.terms.desk },
      purpose: claimsOf(start).purpose,
      history: 'new_messages',
      policyDigest: facts.terms.policyDigest,
      noticeDigest: digest,
      decidedAt,
      expiresAt: decidedAt + CONVERSATION_LIFE_MS,
      nonce: world.entropy(NONCE_BYTES),
      request: null,
    }
    await this.#keep([...this.#records, { ...(await this.#signed(claims)), paragraphs, standing: 'decided', receipt: null }])
    await this.#again()
  }

  async #signed(claims: DecisionClaims): Promise<Pick<KeptOpenRecord, 'decision' | 'digest'>> {
    const decision = await signDecision(claims, this.#world.world.signer)
    return { decision, digest: await sha256(decision.claims) }
  }

  async #again(): Promise<void> {
    const { chat } = this.#world
    for (const record of this.#records.filter(({ standing }) => standing === 'decided')) {
      if (this.#stands(record)) await this.#patch(record, { standing: 'taken' })
      else if (this.#isOver(record)) await this.#patch(record, { standing: 'refused' })
      else if (chat.conversation.stage === 'active') await this.#propose(await this.#inThisGroup(record))
    }
  }

  async #propose(record: KeptOpenRecord): Promise<void> {
    const { decision, digest } = record
    const plan = async ({ stage, facts }: Conversation): Promise<Plan | null> => {
      const { standing } = facts.terms
      if (stage !== 'active' || standing.some((each) => sameOctets(each, digest))) return null
      this.#proposed = digest
      return { grounds: { reliesOn: null, decision }, standing: [...standing, digest] }
    }
    try {
      await this.#world.chat.propose(plan)
    } catch (error) {
      await this.#patch(record, { standing: 'refused' })
      throw error
    }
  }

  /** What the group before did not take any more is signed anew, to last no longer. */
  async #inThisGroup(record: KeptOpenRecord): Promise<KeptOpenRecord> {
    if (this.#isOurs(record)) return record
    const { world } = this.#world
    const again = { customerKey: world.me, decidedAt: world.relayNow(), nonce: world.entropy(NONCE_BYTES) }
    const signed = await this.#signed({ ...claimsOf(record), ...again })
    await this.#patch(record, signed)
    return { ...record, ...signed }
  }

  /** From an hour before the end the chat itself offers it: then the policy's words are wanted. */
  #awaitNear(): void {
    this.#cancelNear()
    const { chat, world, centre } = this.#world
    if (chat.conversation.stage !== 'active') return
    const wait = chat.conversation.closesAt - NEAR_MS - world.relayNow()
    if (wait > 0) this.#cancelNear = world.clock.after(wait, () => this.consider())
    else if (centre.policy === null) this.#run(() => centre.prepare().catch(() => undefined))
  }

  #isOver(record: KeptOpenRecord): boolean {
    return this.#refused.has(toHex(record.digest)) || this.#world.world.relayNow() >= claimsOf(record).expiresAt
  }

  #isOurs(record: KeptOpenRecord): boolean {
    return sameOctets(claimsOf(record).customerKey, this.#world.world.me)
  }

  #stands({ digest }: KeptOpenRecord): boolean {
    return this.#world.chat.conversation.facts.terms.standing.some((each) => sameOctets(each, digest))
  }

  async #patch(record: KeptOpenRecord, changes: Partial<KeptOpenRecord>): Promise<void> {
    await this.#keep(this.#records.map((each) => (sameOctets(each.digest, record.digest) ? { ...each, ...changes } : each)))
  }

  async #keep(records: readonly KeptOpenRecord[]): Promise<void> {
    await this.#world.world.store.save(new Map([[NAMES.keptOpen, writeRecord(KEPT_OPEN, records)]]))
    this.#records = records
    this.#world.changed()
  }

  #run(task: () => Promise<void>): void {
    this.#inOrder.run(task).catch((error: unknown) => {
      if (error instanceof Refused || error instanceof Untrusted) {
        const detail = error instanceof Refused ? error.code : error.reason
        this.#world.chat.problemIs({ code: 'refused', detail })
      } else if (!(error instanceof LinkLost)) this.#world.chat.problemIs({ code: 'relay_unreachable', detail: 'policy' })
    })
  }
}
