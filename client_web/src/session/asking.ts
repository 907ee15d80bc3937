/** Questions to the customer and what became of them: judged, shown, answered, carried out, withdrawn. All of it is on disk before it is sent. */
import type { DocumentsPort } from '../core/ports.ts'
import type { DecisionView, PromptView } from '../core/views.ts'
import { signDecision } from '../keys/decision.ts'
import { sha256 } from '../keys/digest.ts'
import { hexOf, objectOf } from '../keys/documentFields.ts'
import { documentDigest, parseEnvelope } from '../keys/dsse.ts'
import type { Policy } from '../keys/policy.ts'
import { parseStrictJson } from '../keys/strictJson.ts'
import { Lapsed, Untrusted } from '../keys/untrusted.ts'
import { signWithdrawal } from '../keys/withdrawal.ts'
import { DECISION_CLAIMS, type DecisionClaims } from '../wire/generated/claims.ts'
import type { CustomerAsked } from '../wire/generated/frames.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { decodeAs } from '../wire/shape.ts'
import { judgeAsked, type Question } from './asked.ts'
import type { Chat } from './chat.ts'
import type { Plan } from './commits.ts'
import { type Conversation, readerOf, type Situation } from './conversation.ts'
import { type Answer, DECISIONS, type DecisionRecord } from './decisionRecords.ts'
import { nextEnd } from './guests.ts'
import type { ChatWorld } from './holding.ts'
import { LinkLost } from './link.ts'
import { policyNamed } from './policy.ts'
import type { PolicyNews } from './policyNews.ts'
import { NAMES, writeRecord } from './records.ts'
import { serial } from './serial.ts'

const NONCE_BYTES = 16

export interface AskingWorld {
  readonly chat: Chat
  readonly world: Omit<ChatWorld, 'changed'>
  readonly documents: DocumentsPort
  readonly languages: readonly string[]
  readonly news: PolicyNews
  readonly optsOut: boolean
  changed(): void
}

export class Asking {
  readonly #world: AskingWorld
  readonly #inOrder = serial()
  #records: readonly DecisionRecord[]
  #open: Question | null = null
  #policy: Promise<Policy> | null = null
  /** Their Add was refused for good: it is not tried again by itself. */
  readonly #givenUp = new Set<string>()
  #cancelEnd: () => void = () => undefined

  constructor(world: AskingWorld, records: readonly DecisionRecord[]) {
    this.#world = world
    this.#records = records
  }

  get prompt(): PromptView | null {
    const question = this.#open
    if (question === null || this.#world.world.relayNow() >= question.endsAt) return null
    const { digest, newcomer, card } = question
    return { id: toHex(digest), moment: card.moment, who: newcomer.name, paragraphs: card.paragraphs, more: card.more }
  }

  get records(): readonly DecisionRecord[] {
    return this.#records
  }

  /** Those of this group: whoever came by one of an earlier group is not in this one. */
  decisions(now: number): readonly DecisionView[] {
    return this.current.map((record) => ({
      id: toHex(record.digest),
      moment: record.moment,
      who: record.who,
      standing: standingOf(record, now),
      at: record.withdrawnAt || record.invalidatedAt || record.decidedAt,
      paragraphs: record.paragraphs,
    }))
  }

  /** The relay shows a question, again after every reconnect. */
  offer(frame: CustomerAsked): void {
    this.#run(async () => {
      const digest = await documentDigest(parseEnvelope(frame.request))
      if (this.#records.some(({ requestDigest }) => sameOctets(requestDigest, digest))) return this.#again()
      if (this.#open === null || !sameOctets(this.#open.digest, digest)) await this.#judge(frame)
    })
  }

  /** The one click. A yes is carried out by the commit that it allows; a no, or a closed card, is told and kept. */
  answer(id: string, answer: Answer): void {
    const question = this.#open
    if (question === null || toHex(question.digest) !== id) return
    this.#open = null
    this.#run(async () => {
      const record = await this.#decided(question, answer)
      await this.#keep([...this.#records, record])
      await this.#carryOut(record)
    })
  }

  /** One click as well, and from then on nothing is encrypted for that device, whatever the relay says. */
  withdraw(id: string): void {
    this.#run(async () => {
      const record = this.#records.find(({ digest }) => toHex(digest) === id)
      if (record === undefined || record.answer !== 'given' || record.withdrawal !== null) return
      const { world, chat } = this.#world
      const withdrawnAt = world.relayNow()
      const claims = { conversation: chat.conversation.id, customerKey: world.me, decision: record.digest, withdrawnAt }
      const withdrawal = await signWithdrawal({ ...claims, nonce: world.entropy(NONCE_BYTES) }, world.signer)
      const ended = { ...record, withdrawal, withdrawnAt }
      await this.#keep(this.#records.map((each) => (each === record ? ended : each)))
      const told = this.#tellWithdrawal(ended)
      await chat.endDecision(record.digest)
      await told
    })
  }

  /** Another policy may be in force: decisions about what it widens are over, and whoever came by one is put out. */
  policyChanged(): void {
    this.#run(async () => {
      const { chat, world, news } = this.#world
      const ended = await news.look(chat.conversation.facts.terms.policyDigest)
      const over = this.current.filter((record) => isAlive(record) && ended.has(purposeOf(record)))
      if (over.length === 0) return
      const invalidatedAt = world.relayNow()
      await this.#keep(this.#records.map((each) => (over.includes(each) ? { ...each, invalidatedAt } : each)))
      for (const { digest } of over) await chat.endDecision(digest)
    })
  }

  /** What was decided and is not carried out yet, or not receipted: after a reload, a lost line, or another commit that won. */
  consider(): void {
    this.#awaitEnd()
    this.#run(() => this.#again())
  }

  stop(): void {
    this.#cancelEnd()
  }

  /** Those of the group that runs. */
  get current(): readonly DecisionRecord[] {
    const { me } = this.#world.world
    return this.#records.filter(({ decision }) => sameOctets(decodeAs(DECISION_CLAIMS, decision.claims).customerKey, me))
  }

  /** When the next decision of a guest runs out, whoever came by it is put out. */
  #awaitEnd(): void {
    this.#cancelEnd()
    const { chat, world } = this.#world
    const at = nextEnd(chat.conversation)
    if (at !== Infinity) this.#cancelEnd = world.clock.after(Math.max(0, at - world.relayNow()), () => chat.look())
  }

  async #again(): Promise<void> {
    const { conversation } = this.#world.chat
    const arrived = this.#records.filter((record) => record.joined === 0 && readerOf(conversation, record.device) !== null)
    if (arrived.length > 0) {
      await this.#keep(this.#records.map((each) => (arrived.includes(each) ? { ...each, joined: 1 } : each)))
    }
    for (const record of this.current) {
      if (isToCarryOut(record, this.#world.world.relayNow())) await this.#carryOut(record)
      if (record.withdrawal !== null && record.withdrawalReceipt === null) await this.#tellWithdrawal(record)
    }
  }

  async #judge(frame: CustomerAsked): Promise<void> {
    const { chat, world } = this.#world
    try {
      await world.trust.refresh()
      const trust = world.trust.state
      if (trust === null || world.trust.freshness() !== 'fresh') throw new Lapsed('trust')
      const policy = await this.#policyOf(chat.conversation)
      const { languages, news, optsOut } = this.#world
      const { conversation } = chat
      const ended = await news.look(conversation.facts.terms.policyDigest)
      const judging = { conversation, policy, languages, trust, now: world.relayNow(), answered: this.#records, ended, optsOut }
      this.#open = await judgeAsked(frame, judging)
      this.#world.changed()
    } catch (error) {
      // Asked too often is nobody's fault: it is not shown, and ends unanswered.
      if (error instanceof Refused && error.code === 'too_fast') return
      if (error instanceof Untrusted) chat.problemIs({ code: 'agent_unconfirmed', detail: error.reason })
      else if (error instanceof Refused) chat.problemIs({ code: 'agent_unconfirmed', detail: error.code })
      else throw error
    }
  }

  async #policyOf({ facts }: Conversation): Promise<Policy> {
    const digest = toHex(facts.terms.policyDigest)
    this.#policy ??= this.#world.documents.policy(digest).then((octets) => policyNamed(octets, digest))
    try {
      return await this.#policy
    } catch (error) {
      this.#policy = null
      throw error instanceof Untrusted ? error : new LinkLost('policy')
    }
  }

  async #decided(question: Question, answer: Answer): Promise<DecisionRecord> {
    const { world, chat } = this.#world
    const { conversation } = chat
    const { card, newcomer, digest: requestDigest } = question
    const decidedAt = world.relayNow()
    const expiresAt = Math.min(conversation.closesAt, decidedAt + (card.validForMs ?? Infinity))
    const claims: DecisionClaims = {
      conversation: conversation.id,
      customerKey: world.me,
      answer,
      admits: { tag: 'device', credential: newcomer.credId, leafKey: newcomer.leafKey },
      purpose: card.purpose,
      history: 'new_messages',
      policyDigest: conversation.facts.terms.policyDigest,
      noticeDigest: card.noticeDigest,
      decidedAt,
      expiresAt,
      nonce: world.entropy(NONCE_BYTES),
      request: requestDigest,
    }
    const decision = await signDecision(claims, world.signer)
    const { request, keyPackage, askedAt } = question
    return {
      request,
      requestDigest,
      askedAt,
      keyPackage,
      device: newcomer.leafKey,
      moment: card.moment,
      who: newcomer.name,
      paragraphs: [...card.paragraphs, ...card.more],
      answer,
      decision,
      digest: await sha256(decision.claims),
      decidedAt,
      expiresAt,
      receipt: null,
      joined: 0,
      withdrawal: null,
      withdrawnAt: 0,
      withdrawalReceipt: null,
      invalidatedAt: 0,
    }
  }

  async #carryOut(record: DecisionRecord): Promise<void> {
    if (record.answer !== 'given') return this.#tellAnswer(record)
    if (this.#givenUp.has(toHex(record.digest))) return
    try {
      await this.#world.chat.propose(async (conversation, situation) => admitting(record, conversation, situation))
    } catch (error) {
      this.#givenUp.add(toHex(record.digest))
      throw error
    }
  }

  async #tellAnswer(record: DecisionRecord): Promise<void> {
    const { world, chat } = this.#world
    const answer = await this.#asked(() => world.link.ask({ tag: 'answer', conversation: chat.conversation.id, decision: record.decision }))
    if (answer?.tag === 'recorded') await this.#patch(record, { receipt: answer.receipt })
  }

  async #tellWithdrawal(record: DecisionRecord): Promise<void> {
    const { world, chat } = this.#world
    const { withdrawal } = record
    if (withdrawal === null) return
    const answer = await this.#asked(() => world.link.ask({ tag: 'withdraw', conversation: chat.conversation.id, withdrawal }))
    if (answer?.tag === 'recorded') await this.#patch(record, { withdrawalReceipt: answer.receipt })
  }

  /** The relay's answer, or null where the line is down: then it is asked again when it is back. A refusal changes nothing decided here. */
  async #asked<T>(ask: () => Promise<T>): Promise<T | null> {
    if (!this.#world.world.link.online) return null
    try {
      return await ask()
    } catch (error) {
      if (error instanceof LinkLost || error instanceof Refused) return null
      throw error
    }
  }

  /** The receipt for a yes came with the commit that carried it. It is evidence, and waited for by nobody. */
  receipted(receipt: Uint8Array): void {
    this.#run(async () => {
      const digest = hexOf(objectOf(parseStrictJson(parseEnvelope(receipt).payload)).get('decision_digest'))
      const record = this.#records.find((each) => toHex(each.digest) === digest)
      if (record !== undefined && record.receipt === null) await this.#patch(record, { receipt })
    })
  }

  /** The relay takes no such commit: who was to come in does not. */
  giveUp(): void {
    for (const { answer, joined, digest } of this.#records) if (answer === 'given' && joined === 0) this.#givenUp.add(toHex(digest))
  }

  async #patch(record: DecisionRecord, changes: Partial<DecisionRecord>): Promise<void> {
    await this.#keep(this.#records.map((each) => (sameOctets(each.digest, record.digest) ? { ...each, ...changes } : each)))
  }

  async #keep(records: readonly DecisionRecord[]): Promise<void> {
    await this.#world.world.store.save(new Map([[NAMES.decisions, writeRecord(DECISIONS, records)]]))
    this.#records = records
    this.#world.changed()
  }

  #run(task: () => Promise<void>): void {
    this.#inOrder.run(task).catch((error: unknown) => {
      if (error instanceof LinkLost) return
      const detail = error instanceof Refused ? error.code : error instanceof Untrusted ? error.reason : 'unknown'
      this.#world.chat.problemIs({ code: 'refused', detail })
    })
  }
}

/** The Add under this decision, once and not twice. */
const admitting = (record: DecisionRecord, conversation: Conversation, { now }: Situation): Plan | null => {
  const isIn = readerOf(conversation, record.device) !== null
  if (isIn || conversation.stage === 'closed' || now >= record.expiresAt) return null
  const grounds = { reliesOn: record.digest, decision: record.decision }
  return { adds: [record.keyPackage], grounds, standing: [...conversation.facts.terms.standing, record.digest] }
}

const isToCarryOut = (record: DecisionRecord, now: number): boolean => {
  if (record.answer !== 'given') return record.receipt === null
  return record.joined === 0 && record.withdrawal === null && record.invalidatedAt === 0 && now < record.expiresAt
}

const isAlive = ({ answer, withdrawal, invalidatedAt }: DecisionRecord): boolean =>
  answer === 'given' && withdrawal === null && invalidatedAt === 0

const purposeOf = ({ decision }: DecisionRecord): string => decodeAs(DECISION_CLAIMS, decision.claims).purpose

const standingOf = (record: DecisionRecord, now: number): DecisionView['standing'] => {
  if (record.answer !== 'given') return record.answer
  if (record.withdrawal !== null) return 'withdrawn'
  if (record.invalidatedAt > 0) return 'invalidated'
  return now >= record.expiresAt ? 'expired' : 'given'
}
