/** What the widget's screens can want: the session's intents, and two that only the window around it can fulfil. */
import type { CustomerIntent, CustomerView } from '../src/core/views.ts'

export type WidgetIntent = CustomerIntent | { readonly kind: 'closePanel' } | { readonly kind: 'useHere' }

export type Intend = (intent: WidgetIntent) => void

export type ChatView = Extract<CustomerView, { kind: 'chat' }>
export type NoticeScreenView = Extract<CustomerView, { kind: 'notice' }>
export type StoppedView = Extract<CustomerView, { kind: 'stopped' }>
