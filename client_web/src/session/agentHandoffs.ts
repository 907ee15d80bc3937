/** Handing over, at one agent's device: who could take a conversation, what we offered, what is offered to us. Keys: `handoffEnd.ts`. */
import type { ColleagueView, HandoffView, OfferView } from '../core/views.ts'
import { parseKeyPackage } from '../keys/mls/parse.ts'
import { Untrusted } from '../keys/untrusted.ts'
import type { HandoffCard, Handoffs, Proposal } from '../wire/generated/frames.ts'
import { fromHex, sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import type { AgentChats } from './agentChats.ts'
import type { Plan } from './commits.ts'
import { type Conversation, readerOf, type Situation } from './conversation.ts'
import { isChangingKeys } from './handoffEnd.ts'
import { judgeAnswerer } from './lettingIn.ts'
import { type Link, LinkLost } from './link.ts'
import type { TrustKeeper } from './trustKeeper.ts'

interface World {
  readonly me: Uint8Array
  readonly link: Link
  readonly keeper: TrustKeeper
  readonly chats: AgentChats
  changed(): void
}

/** What this person asked for, in this tab alone: a console that was started again adds nobody. */
interface Wish {
  readonly to: string | null
  offer: Proposal | null
  /** The epoch in which its Add was tried: only a newer one, of a commit that won, is a reason to try again. */
  triedIn: number
}

const NEVER = -1

export class AgentHandoffs {
  readonly #world: World
  readonly #wishes = new Map<string, Wish>()
  readonly #failed = new Map<string, string>()
  readonly #colleagues = new Map<string, readonly ColleagueView[]>()
  readonly #notNow = new Set<string>()
  #given: readonly HandoffCard[] = []
  #offered: readonly HandoffCard[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** What this person may take over. */
  get offers(): readonly OfferView[] {
    const open = this.#offered.filter(({ standing, conversation }) => standing === 'asked' && !this.#notNow.has(toHex(conversation)))
    return open.map(({ conversation, desk, giver }) => ({ conversation: toHex(conversation), desk, giver }))
  }

  colleagues(name: string): readonly ColleagueView[] | null {
    return this.#colleagues.get(name) ?? null
  }

  /** How the handoff of a conversation of ours stands, for people. */
  view(name: string): HandoffView | null {
    const conversation = this.#world.chats.get(name)?.conversation
    if (conversation !== undefined && isChangingKeys(conversation, this.#world.me)) return changing(conversation, this.#world.me)
    const failed = this.#failed.get(name)
    if (failed !== undefined) return { state: 'ended', why: failed, taker: null }
    const card = this.#given.find((each) => toHex(each.conversation) === name)
    if (card === undefined) return this.#wishes.has(name) ? { state: 'asked', taker: null } : null
    const { standing, taker } = card
    return standing === 'asked' || standing === 'accepted' ? { state: standing, taker } : { state: 'ended', why: standing, taker }
  }

  /** Of a conversation that we accepted and are not in yet. */
  taking(name: string): HandoffView | null {
    const card = this.#offered.find(({ conversation, standing }) => standing === 'accepted' && toHex(conversation) === name)
    return card === undefined ? null : { state: 'changing', giver: card.giver, taker: '', isGiver: false }
  }

  async list(name: string): Promise<void> {
    this.#colleagues.delete(name)
    const answer = await this.#world.link.ask({ tag: 'colleagues', conversation: fromHex(name) })
    if (answer.tag === 'present') this.#colleagues.set(name, answer.colleagues)
    this.#world.changed()
  }

  async handOff(name: string, to: string | null): Promise<void> {
    if (this.#wishes.has(name)) return
    this.#failed.delete(name)
    this.#wishes.set(name, { to, offer: null, triedIn: NEVER })
    this.#world.changed()
    try {
      await this.#world.link.ask({ tag: 'hand_off', conversation: fromHex(name), to })
    } catch (error) {
      if (error instanceof Refused) this.#fail(name, error.code)
      else if (error instanceof LinkLost) this.#fail(name, 'offline')
      else throw error
    }
  }

  /** Keep it after all, or put away why nothing came of it. */
  async callOff(name: string): Promise<void> {
    const isKnown = this.#given.some(({ conversation }) => toHex(conversation) === name)
    this.#wishes.delete(name)
    this.#failed.delete(name)
    this.#world.changed()
    if (isKnown) await this.#world.link.ask({ tag: 'call_off', conversation: fromHex(name) })
  }

  async decline(name: string): Promise<void> {
    this.#notNow.add(name)
    this.#world.changed()
    await this.#world.link.ask({ tag: 'call_off', conversation: fromHex(name) })
  }

  /** The relay's whole list; what is no longer on it is over. */
  async told({ given, offered }: Handoffs): Promise<void> {
    this.#given = given
    this.#offered = offered
    for (const name of [...this.#notNow]) if (!offered.some((each) => toHex(each.conversation) === name)) this.#notNow.delete(name)
    const accepted = offered.filter(({ standing }) => standing === 'accepted').map(({ conversation }) => toHex(conversation))
    this.#world.chats.takesOver(new Set(accepted))
    for (const { conversation, standing } of given) {
      const name = toHex(conversation)
      const isOpen = standing === 'asked' || standing === 'accepted'
      if (!isOpen) this.#wishes.delete(name)
      else if (!this.#wishes.has(name) && !this.#failed.has(name)) await this.callOff(name)
    }
    this.#world.changed()
  }

  /** Who accepted, says the relay: only whom we asked for is judged. */
  proposed(proposal: Proposal): void {
    const name = toHex(proposal.conversation)
    const wish = this.#wishes.get(name)
    if (wish === undefined) return
    wish.offer = proposal
    wish.triedIn = NEVER
    this.consider(name)
  }

  /** Something changed in this conversation: try the Add, or again after another commit won. */
  consider(name: string): void {
    const [wish, chat] = [this.#wishes.get(name), this.#world.chats.get(name)]
    if (wish === undefined || chat === undefined) return
    const { conversation } = chat
    const isOver = conversation.broken !== null || (wish.offer !== null && isIn(conversation, wish.offer))
    if (isOver) this.#wishes.delete(name)
    if (isOver || wish.offer === null) return
    if (conversation.pending !== null || wish.triedIn >= conversation.facts.epoch) return
    wish.triedIn = conversation.facts.epoch
    const { offer, to } = wish
    chat
      .propose((now, situation) => this.#judge({ offer, to }, now, situation))
      .then((isTaken) => {
        if (!isTaken) wish.triedIn = NEVER
      })
      .catch((error: unknown) => this.#distrust(name, error))
  }

  async #judge(
    { offer, to }: { readonly offer: Proposal; readonly to: string | null },
    conversation: Conversation,
    situation: Situation,
  ): Promise<Plan | null> {
    const { admission: decision, memory, stage } = conversation
    if (stage === 'closed' || memory.handoff !== null) return null
    const credential = await judgeAnswerer(offer.keyPackage, { conversation, situation, keeper: this.#world.keeper })
    if (to !== null && credential.person !== to) throw new Refused('commit_not_allowed', 'another colleague than the one we asked')
    if (decision === null) throw new Refused('not_admitted', 'nothing says that we may let anybody in')
    return { adds: [offer.keyPackage], grounds: { reliesOn: null, decision } }
  }

  #distrust(name: string, error: unknown): void {
    if (error instanceof Untrusted) this.#fail(name, error.reason)
    else if (error instanceof Refused) this.#fail(name, error.code)
    else throw error
  }

  #fail(name: string, why: string): void {
    this.#wishes.delete(name)
    this.#failed.set(name, why)
    const isKnown = this.#given.some(({ conversation }) => toHex(conversation) === name)
    if (isKnown) this.#world.link.ask({ tag: 'call_off', conversation: fromHex(name) }).catch(() => undefined)
    this.#world.changed()
  }
}

/** A key package that is none is left to be judged, and refused, with the rest. */
const isIn = (conversation: Conversation, { keyPackage }: Proposal): boolean => {
  try {
    return readerOf(conversation, parseKeyPackage(keyPackage).leafNode.signatureKey) !== null
  } catch (error) {
    if (error instanceof Untrusted) return false
    throw error
  }
}

const changing = (conversation: Conversation, me: Uint8Array): HandoffView | null => {
  const { handoff } = conversation.memory
  if (handoff === null) return null
  const nameOf = (device: Uint8Array): string => readerOf(conversation, device)?.credential?.name ?? ''
  return { state: 'changing', giver: nameOf(handoff.adder), taker: nameOf(handoff.newcomer), isGiver: sameOctets(handoff.adder, me) }
}
