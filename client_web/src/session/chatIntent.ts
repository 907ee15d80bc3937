/** What the person at the widget can want of a running conversation. */
import type { CustomerIntent } from '../core/views.ts'

export type ChatIntent = Extract<
  CustomerIntent,
  {
    readonly kind:
      | 'send'
      | 'retry'
      | 'end'
      | 'seen'
      | 'draft'
      | 'resend'
      | 'share'
      | 'leaveMessage'
      | 'answer'
      | 'withdraw'
      | 'readIncident'
      | 'centre'
      | 'showHeld'
      | 'longer'
      | 'saveReceipts'
  }
>
