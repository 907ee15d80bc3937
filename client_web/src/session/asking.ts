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
import type { DecisionClaims } from '../wire/generated/claims.ts'
import type { CustomerAsked, RequestChanged } from '../wire/generated/frames.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { judgeAsked, type Question } from './asked.ts'
import type { Chat } from './chat.ts'
import type { Plan } from './commits.ts'
import { type Conversation, readerOf, type Situation } from './conversation.ts'
import { DecisionBook, isAlive, purposeOf } from './decisionBook.ts'
import type { Answer, DecisionRecord } from './decisionRecords.ts'
import { nextEnd } from './guests.ts'
import type { ChatWorld } from './holding.ts'
import { LinkLost } from './link.ts'
import { policyNamed } from './policy.ts'
import type { PolicyNews } from './policyNews.ts'
import { serial } from './serial.ts'
import { Telling } from './telling.ts'

const NONCE_BYTES = 16
/** A browser's timer counts no further than 24 days; a chat lives for one. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000

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
  readonly #book: DecisionBook
  readonly #telling: Telling
  readonly #inOrder = serial()
  #open: Question | null = null
  #policy: Promise<Policy> | null = null
  /** Their Add was refused for good: it is not tried again by itself. */
  readonly #givenUp = new Set<string>()
  #cancelEnd: () => void = () => undefined

  constructor(world: AskingWorld, records: readonly DecisionRecord[]) {
    const {
      chat,
      world: { link, me, store },
    } = world
    this.#world = world
    this.#book = new DecisionBook({ me, store, changed: () => world.changed() }, records)
    const conversation = chat.conversation.id
    this.#telling = new Telling({ link, book: this.#book, conversation, failed: (error) => this.#failed(error) })
  }

  get prompt(): PromptView | null {
    const question = this.#open
    if (question === null || this.#world.world.relayNow() >= question.endsAt) return null
    const { digest, newcomer, card } = question
    return { id: toHex(digest), moment: card.moment, who: newcomer.name, paragraphs: card.paragraphs, more: card.more }
  }

  get records(): readonly DecisionRecord[] {
    return this.#book.all
  }

  get current(): readonly DecisionRecord[] {
    return this.#book.current
  }

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
    this.#inTurn(async () => {
      const digest = await documentDigest(parseEnvelope(frame.request))
      if (this.records.some(({ requestDigest }) => sameOctets(requestDigest, digest))) return this.#again()
      // What is on the screen stays until it is answered or over: no card changes under a finger.
      if (this.prompt === null) await this.#judge(frame)
    })
  }

  /** The one click. A yes is carried out by the commit that it allows; a no, or a closed card, is told and kept. */
  answer(id: string, answer: Answer): void {
    const question = this.#open
    if (question === null || toHex(question.digest) !== id) return
    this.#open = null
    this.#inTurn(async () => {
      const record = await this.#decided(question, answer)
      await this.#book.add(record)
      await this.#carryOut(record)
    })
  }

  /** One click as well, and from then on nothing is encrypted for that device, whatever the relay says: it waits in no line. */
  withdraw(id: string): void {
    this.#run(async () => {
      const record = this.records.find(({ digest }) => toHex(digest) === id)
      if (record === undefined || record.answer !== 'given' || record.withdrawal !== null) return
      const { world, chat } = this.#world
      const withdrawnAt = world.relayNow()
      const claims = { conversation: chat.conversation.id, customerKey: world.me, decision: record.digest, withdrawnAt }
      const withdrawal = await signWithdrawal({ ...claims, nonce: world.entropy(NONCE_BYTES) }, world.signer)
      const isIt = (each: DecisionRecord): boolean => sameOctets(each.digest, record.digest) && each.withdrawal === null
      await this.#book.patch((each) => (isIt(each) ? { withdrawal, withdrawnAt } : null))
      const ended = this.#book.of(record.digest)
      if (ended !== undefined) this.#telling.tell(ended)
      await chat.endDecision(record.digest)
    })
  }

  /** Another policy may be in force: a question about what it widens is over, and so are decisions; whoever came by one is put out. */
  policyChanged(): void {
    this.#run(async () => {
      const { chat, news } = this.#world
      const ended = await news.look(chat.conversation.facts.terms.policyDigest)
      if (this.#open !== null && ended.has(this.#open.card.purpose)) this.#close()
      await this.#invalidate((record) => ended.has(purposeOf(record)))
    })
  }

  /** The relay shuts somebody out and says that a policy did it: believed as an end, for who is not told has a chat that stands still. */
  stated({ request, standing }: RequestChanged): void {
    if (standing === 'invalidated') this.#run(() => this.#invalidate(({ requestDigest }) => sameOctets(requestDigest, request)))
  }

  /** What was decided and is not carried out yet, or not receipted: after a reload, a lost line, or another commit that won. */
  consider(): void {
    this.#awaitEnd()
    this.#inTurn(() => this.#again())
    this.policyChanged()
  }

  stop(): void {
    this.#cancelEnd()
  }

  #close(): void {
    this.#open = null
    this.#world.changed()
  }

  async #invalidate(isOver: (record: DecisionRecord) => boolean): Promise<void> {
    const over = this.current.filter((record) => isAlive(record) && isOver(record))
    const invalidatedAt = this.#world.world.relayNow()
    await this.#book.patch((each) => (over.some(({ digest }) => sameOctets(digest, each.digest)) ? { invalidatedAt } : null))
    await this.#endWhatIsOver()
  }

  /** Whoever is still in by a decision that was ended here goes: also when this device died between the two. */
  async #endWhatIsOver(): Promise<void> {
    const { chat } = this.#world
    const isIn = ({ digest }: DecisionRecord): boolean =>
      chat.conversation.memory.arrivals.some(({ decision }) => sameOctets(decision, digest))
    for (const record of this.current)
      if (record.answer === 'given' && !isAlive(record) && isIn(record)) await chat.endDecision(record.digest)
  }

  /** When the next decision of a guest runs out, or another policy comes into force, it is looked again. */
  #awaitEnd(): void {
    this.#cancelEnd()
    const { chat, world } = this.#world
    const [now, at] = [world.relayNow(), nextEnd(chat.conversation)]
    const policyAt = world.trust.nextPolicyAt(now)
    const cancels = [
      at === Infinity ? null : world.clock.after(Math.max(0, at - now), () => chat.look()),
      policyAt === null ? null : world.clock.after(Math.min(policyAt - now, LONGEST_WAIT_MS), () => this.consider()),
    ]
    this.#cancelEnd = () => {
      for (const cancel of cancels) cancel?.()
    }
  }

  async #again(): Promise<void> {
    const { conversation } = this.#world.chat
    const hasArrived = (record: DecisionRecord): boolean => record.joined === 0 && readerOf(conversation, record.device) !== null
    await this.#book.patch((record) => (hasArrived(record) ? { joined: 1 } : null))
    await this.#endWhatIsOver()
    for (const record of this.current) {
      if (isToCarryOut(record, this.#world.world.relayNow())) await this.#carryOut(record)
      this.#telling.tell(record)
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
      // Under terms that may ask for less than those in force nothing is asked.
      if (!news.isKnown(conversation.facts.terms.policyDigest)) throw new LinkLost('policy')
      const judging = { conversation, policy, languages, trust, now: world.relayNow(), answered: this.records, ended, optsOut }
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
    if (record.answer !== 'given') return this.#telling.tell(record)
    if (this.#givenUp.has(toHex(record.digest))) return
    try {
      await this.#world.chat.propose(async (conversation, situation) => admitting(record, conversation, situation))
    } catch (error) {
      this.#givenUp.add(toHex(record.digest))
      throw error
    }
  }

  /** The receipt for a yes came with the commit that carried it. It is evidence, and waited for by nobody. */
  receipted(receipt: Uint8Array): void {
    this.#run(async () => {
      const digest = hexOf(objectOf(parseStrictJson(parseEnvelope(receipt).payload)).get('decision_digest'))
      await this.#book.patch((each) => (toHex(each.digest) === digest && each.receipt === null ? { receipt } : null))
    })
  }

  /** The relay takes no such commit: who was to come in does not. */
  giveUp(): void {
    for (const { answer, joined, digest } of this.records) if (answer === 'given' && joined === 0) this.#givenUp.add(toHex(digest))
  }

  /** One after the other: judging a question, and letting somebody in. */
  #inTurn(task: () => Promise<void>): void {
    this.#run(() => this.#inOrder.run(task))
  }

  #run(task: () => Promise<void>): void {
    task().catch((error: unknown) => this.#failed(error))
  }

  #failed(error: unknown): void {
    if (error instanceof LinkLost) return
    const detail = error instanceof Refused ? error.code : error instanceof Untrusted ? error.reason : 'unknown'
    this.#world.chat.problemIs({ code: 'refused', detail })
  }
}

/** The Add under this decision, once and not twice. */
const admitting = (record: DecisionRecord, conversation: Conversation, { now }: Situation): Plan | null => {
  const isIn = readerOf(conversation, record.device) !== null
  const isOver = conversation.withdrawn.some((digest) => sameOctets(digest, record.digest))
  if (isIn || isOver || conversation.stage === 'closed' || now >= record.expiresAt) return null
  const grounds = { reliesOn: record.digest, decision: record.decision }
  return { adds: [record.keyPackage], grounds, standing: [...conversation.facts.terms.standing, record.digest] }
}

const isToCarryOut = (record: DecisionRecord, now: number): boolean => isAlive(record) && record.joined === 0 && now < record.expiresAt

const standingOf = (record: DecisionRecord, now: number): DecisionView['standing'] => {
  if (record.answer !== 'given') return record.answer
  if (record.withdrawal !== null) return 'withdrawn'
  if (record.invalidatedAt > 0) return 'invalidated'
  return now >= record.expiresAt ? 'expired' : 'given'
}
