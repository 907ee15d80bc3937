/** Another policy came into force while a conversation runs: what it changes, and which decisions that ends. Found out here, not believed. */
import type { TermsView, TermsWay } from '../core/centreViews.ts'
import type { DocumentsPort } from '../core/ports.ts'
import { languageFor, type Policy, type Purpose } from '../keys/policy.ts'
import type { PolicyEntry } from '../keys/trust.ts'
import { widened } from '../keys/widened.ts'
import { toHex } from '../wire/octets.ts'
import { policyNamed } from './policy.ts'

const CONSENT = 'consent'
const NOTHING: ReadonlySet<string> = new Set()

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
  #looking: Promise<void> | null = null
  #ended: ReadonlySet<string> = NOTHING
  #view: TermsView | null = null

  constructor(world: NewsWorld) {
    this.#world = world
  }

  /** Null where the terms are still those of this conversation, or are again. */
  get view(): TermsView | null {
    return this.#view
  }

  /** Whether the policy in force is that of the conversation, or was compared with it. */
  isKnown(policyDigest: Uint8Array): boolean {
    const entry = this.#world.inForce()
    return entry === null || entry.digest === toHex(policyDigest) || entry.digest === this.#lookedAt
  }

  /**
   * The purposes that the policy in force has ended. Where a file cannot be had, or has other bytes than trust names, nothing is known yet:
   * asked again at the next look.
   */
  async look(policyDigest: Uint8Array): Promise<ReadonlySet<string>> {
    const entry = this.#world.inForce()
    const ours = toHex(policyDigest)
    if (entry === null) return this.#ended
    if (entry.digest === ours) this.#become({ lookedAt: null, ended: NOTHING, view: null })
    else if (entry.digest !== this.#lookedAt) {
      this.#looking ??= this.#compare(ours, entry).finally(() => {
        this.#looking = null
      })
      await this.#looking
    }
    return this.#ended
  }

  async #compare(ours: string, entry: PolicyEntry): Promise<void> {
    try {
      const [old, next] = await Promise.all([this.#named(ours), this.#named(entry.digest)])
      const changes = changesBetween(old, next, languageFor(next, this.#world.languages))
      this.#become({ lookedAt: entry.digest, ended: new Set(endedPurposes(old, next)), view: { changedAt: entry.nbf, changes } })
    } catch {
      // Kept as it was; what is not known ends nothing and lets nothing be asked.
    }
  }

  #become({
    lookedAt,
    ended,
    view,
  }: {
    readonly lookedAt: string | null
    readonly ended: ReadonlySet<string>
    readonly view: TermsView | null
  }): void {
    if (this.#lookedAt === lookedAt) return
    this.#lookedAt = lookedAt
    this.#ended = ended
    this.#view = view
    this.#world.changed()
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
