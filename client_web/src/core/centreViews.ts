/** What the privacy centre shows beside the chat itself. */

/** One way in which a purpose asks for more than before; `about` in the words of the policy. */
export interface TermsWay {
  readonly kind: string
  readonly about: string
}

/** Another policy is in force than the one this chat was opened under, and goes on under. */
export interface TermsView {
  readonly changedAt: number
  readonly changes: readonly { readonly purpose: string; readonly isEnded: boolean; readonly ways: readonly TermsWay[] }[]
}

/** Rows of one table at the relay, as it says; `about` what a table or field is for. */
export interface HeldTableView {
  readonly name: string
  readonly about: string
  readonly rows: readonly (readonly { readonly name: string; readonly about: string; readonly value: string }[])[]
}

export interface CentreView {
  readonly terms: TermsView | null
  /** Whom to ask about privacy; null until the policy is here. */
  readonly contact: string | null
  /** How long what the chat needs is kept, in days; null: no end is named. */
  readonly kept: readonly { readonly what: string; readonly days: number | null }[]
  /** How long decisions stay as evidence. */
  readonly evidenceDays: number | null
  readonly held:
    | { readonly state: 'unasked' | 'asking' | 'failed' }
    | { readonly state: 'shown'; readonly tables: readonly HeldTableView[] }
}
