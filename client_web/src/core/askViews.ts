/** What an agent may ask the customer for, and how each question stands. */

export interface CandidateView {
  readonly device: string
  readonly name: string
  /** What the device is called. */
  readonly label: string
  /** The card that the customer would see. */
  readonly paragraphs: readonly string[]
}

export interface RequestView {
  readonly id: string
  readonly moment: string
  readonly who: string
  readonly standing: 'requested' | 'given' | 'refused' | 'deferred' | 'withdrawn' | 'expired' | 'invalidated'
  readonly at: number
  readonly expiresAt: number
}

/** What an agent may ask the customer for. */
export interface AskView {
  readonly moments: readonly string[]
  readonly found: { readonly moment: string; readonly candidates: readonly CandidateView[] } | null
  readonly requests: readonly RequestView[]
}
