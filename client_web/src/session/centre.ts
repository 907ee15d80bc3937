/** What the privacy centre shows beside the roster: the contact, how long what is kept, changed terms, and every row that the relay holds. */
import type { CentreView, HeldTableView } from '../core/centreViews.ts'
import type { DocumentsPort } from '../core/ports.ts'
import { languageFor, type Policy } from '../keys/policy.ts'
import { Inconsistent } from '../keys/untrusted.ts'
import { toHex } from '../wire/octets.ts'
import type { Conversation } from './conversation.ts'
import type { Link } from './link.ts'
import { policyNamed } from './policy.ts'
import type { PolicyNews } from './policyNews.ts'

export interface CentreWorld {
  readonly link: Link
  readonly documents: Pick<DocumentsPort, 'policy'>
  readonly languages: readonly string[]
  readonly news: PolicyNews
  conversation(): Conversation
  changed(): void
}

export class Centre {
  readonly #world: CentreWorld
  #policy: Policy | null = null
  #held: CentreView['held'] = { state: 'unasked' }

  constructor(world: CentreWorld) {
    this.#world = world
  }

  /** Of this conversation; null until it was fetched. */
  get policy(): Policy | null {
    return this.#policy
  }

  get view(): CentreView {
    const { news, languages } = this.#world
    const policy = this.#policy
    const language = policy === null ? '' : languageFor(policy, languages)
    return {
      terms: news.view,
      contact: policy?.controller.contact ?? null,
      kept: (policy?.purposes ?? [])
        .filter(({ requiredForChat }) => requiredForChat)
        .map(({ id, label, retention }) => ({ what: label.get(language) ?? id, days: policy?.retention.get(retention)?.maxDays ?? null })),
      evidenceDays: policy?.retention.get('consent_evidence')?.maxDays ?? null,
      held: this.#held,
    }
  }

  /** The policy of this conversation, once. What fails is tried again when the centre is opened next. */
  async prepare(): Promise<void> {
    if (this.#policy !== null) return
    const digest = toHex(this.#world.conversation().facts.terms.policyDigest)
    this.#policy = await policyNamed(await this.#world.documents.policy(digest), digest)
    this.#world.changed()
  }

  /** Every row, page after page; what changes while they are read may be missing or there twice. */
  async show(): Promise<void> {
    if (this.#held.state === 'asking') return
    this.#become({ state: 'asking' })
    try {
      this.#become({ state: 'shown', tables: await this.#rows() })
    } catch {
      this.#become({ state: 'failed' })
    }
  }

  async #rows(): Promise<readonly HeldTableView[]> {
    const { link, conversation } = this.#world
    const { id } = conversation()
    const tables = new Map<string, HeldTableView>()
    let after = 0
    for (let left = 1; left > 0; ) {
      const page = await link.ask({ tag: 'show_holdings', conversation: id, after })
      if (page.tag !== 'holdings') break
      const before = after
      for (const { name, about, columns, rows } of page.tables) {
        const shown = rows.map((row) => columns.map((column, index) => ({ ...column, value: row[index] ?? '' })))
        tables.set(name, { name, about, rows: [...(tables.get(name)?.rows ?? []), ...shown] })
        after += rows.length
      }
      left = page.left
      // More that never comes would be asked for without end.
      if (left > 0 && after === before) throw new Inconsistent('more, and nothing of it')
    }
    return [...tables.values()]
  }

  #become(held: CentreView['held']): void {
    this.#held = held
    this.#world.changed()
  }
}
