/** What a person has typed and not sent: sealed like everything that rests here, so that it survives a reload and another tab. */
import { BrokenSeal, type SealedStore } from '../store/sealed.ts'
import { fromUtf8, utf8 } from '../wire/octets.ts'

type DraftStore = Pick<SealedStore, 'load' | 'save'>

export class Draft {
  readonly #store: DraftStore
  readonly #name: string
  #text: string
  #saved: string
  #isSaving = false

  constructor(store: DraftStore, name: string, kept = '') {
    this.#store = store
    this.#name = name
    this.#text = this.#saved = kept
  }

  get text(): string {
    return this.#text
  }

  async restore(): Promise<void> {
    this.#text = this.#saved = await keptDraft(this.#store, this.#name)
  }

  /** Saved at once; while one save is on its way only the newest text waits. A draft that cannot be saved stops nothing. */
  write(text: string): void {
    this.#text = text
    if (!this.#isSaving) void this.#save().catch(() => undefined)
  }

  async #save(): Promise<void> {
    this.#isSaving = true
    try {
      while (this.#saved !== this.#text) {
        const next = this.#text
        await this.#store.save(new Map([[this.#name, next === '' ? null : utf8(next)]]))
        this.#saved = next
      }
    } finally {
      this.#isSaving = false
    }
  }
}

/** What was typed there before, or nothing. */
export const keptDraft = async (store: DraftStore, name: string): Promise<string> => {
  try {
    const kept = await store.load(name)
    return kept === null ? '' : (fromUtf8(kept) ?? '')
  } catch (error) {
    if (error instanceof BrokenSeal) return ''
    throw error
  }
}
