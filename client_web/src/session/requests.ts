/** What an agent asks the customer for: who could come, the exact card the customer would see, and where each question stands. */

import type { AskView, CandidateView } from '../core/askViews.ts'
import type { DocumentsPort } from '../core/ports.ts'
import type { Credential } from '../keys/credential.ts'
import type { Policy } from '../keys/policy.ts'
import { judgeCredential, type TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import type { RequestChanged } from '../wire/generated/frames.ts'
import { fromHex, sameOctets, toHex } from '../wire/octets.ts'
import { cardOf, momentsOf } from './cards.ts'
import type { Conversation } from './conversation.ts'
import { underOf } from './guests.ts'
import type { Link } from './link.ts'
import { policyNamed } from './policy.ts'
import type { TrustKeeper } from './trustKeeper.ts'

export interface RequestsWorld {
  readonly link: Link
  readonly documents: DocumentsPort
  readonly languages: readonly string[]
  readonly trust: TrustKeeper
  readonly me: Uint8Array
  relayNow(): number
  changed(): void
}

interface Found {
  readonly moment: string
  readonly candidates: readonly CandidateView[]
}

/** Of one conversation. */
export class Requests {
  readonly #world: RequestsWorld
  readonly #frames = new Map<string, RequestChanged>()
  readonly #names = new Map<string, string>()
  #policy: Policy | null = null
  #found: Found | null = null

  constructor(world: RequestsWorld) {
    this.#world = world
  }

  changed(frame: RequestChanged): void {
    this.#frames.set(toHex(frame.request), frame)
    this.#world.changed()
  }

  view(conversation: Conversation): AskView {
    const { me } = this.#world
    const under = underOf(conversation.memory, me)
    return {
      // A guest asks nothing; whoever was let in before our memory begins is an agent of the desk.
      moments: this.#policy === null || under?.isTeam === 0 ? [] : momentsOf(this.#policy),
      found: this.#found,
      requests: [...this.#frames.values()].map(({ request, moment, device, standing, at, expiresAt }) => ({
        id: toHex(request),
        moment,
        who: this.#nameOf(device, conversation),
        standing,
        at,
        expiresAt,
      })),
    }
  }

  /** The policy of this conversation says what may be asked. */
  async prepare({ facts }: Conversation): Promise<void> {
    if (this.#policy !== null) return
    const digest = toHex(facts.terms.policyDigest)
    let octets: Uint8Array
    try {
      octets = await this.#world.documents.policy(digest)
    } catch {
      return // asked for again when the conversation is shown next
    }
    this.#policy = await policyNamed(octets, digest)
    this.#world.changed()
  }

  /** Who could come at this moment, each verified here, with the card the customer would see. */
  async find(conversation: Conversation, moment: string): Promise<void> {
    const { link, trust } = this.#world
    this.#found = null
    await this.prepare(conversation)
    const answer = await link.ask({ tag: 'candidates', conversation: conversation.id, moment })
    if (answer.tag !== 'found' || trust.state === null || this.#policy === null) return
    const candidates: CandidateView[] = []
    for (const octets of answer.credentials) {
      const credential = await this.#credentialIn(octets, trust.state)
      if (credential !== null) candidates.push(await this.#candidate(credential, { moment, conversation, policy: this.#policy }))
    }
    this.#found = { moment, candidates }
    this.#world.changed()
  }

  async ask(conversation: Conversation, { moment, device }: { readonly moment: string; readonly device: string }): Promise<void> {
    await this.#world.link.ask({ tag: 'ask', conversation: conversation.id, moment, device: fromHex(device), history: 'new_messages' })
    this.#found = null
    this.#world.changed()
  }

  async #candidate(
    newcomer: Credential,
    { moment, conversation, policy }: { readonly moment: string; readonly conversation: Conversation; readonly policy: Policy },
  ): Promise<CandidateView> {
    const { languages } = this.#world
    const { paragraphs, more } = await cardOf(policy, { moment, desk: conversation.facts.terms.desk, newcomer, languages })
    const device = toHex(newcomer.leafKey)
    this.#names.set(device, newcomer.name)
    return { device, name: newcomer.name, label: newcomer.device, paragraphs: [...paragraphs, ...more] }
  }

  async #credentialIn(octets: Uint8Array, trust: TrustState): Promise<Credential | null> {
    try {
      return await judgeCredential(trust, octets, { at: this.#world.relayNow() })
    } catch (error) {
      if (error instanceof Untrusted) return null
      throw error
    }
  }

  #nameOf(device: Uint8Array, { readers }: Conversation): string {
    const reader = readers.find((each) => sameOctets(each.device, device))
    return reader?.credential?.name ?? this.#names.get(toHex(device)) ?? ''
  }
}
