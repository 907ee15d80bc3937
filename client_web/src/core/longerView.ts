/** What the widget shows about keeping a chat open longer. */

export interface LongerView {
  /** The customer may keep it open now: the policy has words for it, and it was not done often enough. */
  readonly isOffered: boolean
  /** It closes within the hour: the chat itself says how, not only the privacy centre. */
  readonly isNear: boolean
  /** The words that the decision binds, once asked for; null otherwise. */
  readonly card: readonly string[] | null
  /** Decided, and the relay has not said so yet. */
  readonly isSending: boolean
}
