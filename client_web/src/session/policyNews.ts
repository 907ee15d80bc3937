/** Another policy came into force while a conversation runs: what it changes, and which decisions that ends. Found out here, not believed. */
import type { TermsView, TermsWay } from '../core/centreViews.ts'
import type { DocumentsPort } from '../core/ports.ts'
import { languageFor, type Policy, type Purpose } from '../keys/policy.ts'
import type { PolicyEntry } from '../keys/trust.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { widened } from '../keys/widened.ts'
import { toHex } from '../wire/octets.ts'
import { policyNamed } from './policy.ts'

const CONSENT = 'consent'

export interface NewsWorld {
  readonly documents: Pick<DocumentsPort, 'policy'>
  readonly languages: readonly string[]
  /** The policy that trust names now; null where it names none. */
  inForce(): PolicyEntry | null
  changed(): void
}

/** Of one conversation, which keeps the terms it was opened with. */
export class PolicyNews {
  readonly #world: NewsWorld
  #lookedAt: string | null = null
  #ended: ReadonlySet<string> = new Set()
  #view: TermsView | null = null

  constructor(world: NewsWorld) {
    this.#world = world
  }

  /** Null where the terms are still those of this conversation. */
  get view(): TermsView | null {
    return this.#view
  }

  /** The purposes whose decisions are over. Where a file cannot be had nothing is known yet: asked again at the next look. */
  async look(policyDigest: Uint8Array): Promise<ReadonlySet<string>> {
    const { changed, inForce } = this.#world
    const entry = inForce()
    const ours = toHex(policyDigest)
    if (entry === null || entry.digest === ours || entry.digest === this.#lookedAt) return this.#ended
    try {
      const [old, next] = await Promise.all([this.#named(ours), this.#named(entry.digest)])
      this.#ended = new Set([...this.#ended, ...endedPurposes(old, next)])
      this.#view = { changedAt: entry.nbf, changes: changesBetween(old, next, languageFor(next, this.#world.languages)) }
      this.#lookedAt = entry.digest
      changed()
    } catch (error) {
      if (error instanceof Untrusted) this.#lookedAt = entry.digest
    }
    return this.#ended
  }

  async #named(digest: string): Promise<Policy> {
    return policyNamed(await this.#world.documents.policy(digest), digest)
  }
}

/** Purposes of `old` whose decisions end when `next` is in force: asked for by consent, and gone from `next` or wider in it. */
export const endedPurposes = (old: Policy, next: Policy): readonly string[] =>
  old.purposes.filter((purpose) => purpose.lawfulBasis === CONSENT && waysOf(old, purpose, next).length > 0).map(({ id }) => id)

const GONE = ['gone']

const waysOf = (old: Policy, purpose: Purpose, next: Policy): readonly string[] => {
  const now = next.purposes.find(({ id }) => id === purpose.id)
  return now === undefined ? GONE : widened({ policy: old, purpose }, { policy: next, purpose: now })
}

const changesBetween = (old: Policy, next: Policy, language: string): TermsView['changes'] =>
  old.purposes.flatMap((purpose) => {
    const ways = waysOf(old, purpose, next).map((way) => named(way, next, language))
    const label = purpose.label.get(language) ?? purpose.id
    return ways.length === 0 ? [] : [{ purpose: label, isEnded: purpose.lawfulBasis === CONSENT, ways }]
  })

/** A way in which a purpose widened, with what it is about in the words of the policy. */
const named = (way: string, { categories, recipients }: Policy, language: string): TermsWay => {
  const [kind = '', id = ''] = way.split(' ')
  const category = categories.find((each) => kind.startsWith('category') && each.id === id)
  const recipient = recipients.find((each) => kind.startsWith('recipient') && each.id === id)
  return { kind, about: category?.label.get(language) ?? recipient?.name ?? id }
}
