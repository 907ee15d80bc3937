/** What a screen shows and what a person can want: the contract between the sessions (which know keys and frames) and the UI (which knows neither). */

import type { AskView } from './askViews.ts'
import type { CentreView } from './centreViews.ts'
import type { LongerView } from './longerView.ts'

/** A problem in words is chosen by code; the UI never matches prose. */
export type ProblemCode =
  | 'no_secure_context'
  | 'no_storage'
  | 'old_browser'
  | 'relay_unreachable'
  | 'organisation_unconfirmed'
  | 'trust_expired'
  | 'policy_unlisted'
  | 'agent_unconfirmed'
  | 'conversation_broken'
  | 'another_tab'
  | 'chat_lost'
  | 'continued_elsewhere'
  | 'reconnecting'
  | 'relay_set_back'
  | 'refused'

export interface Problem {
  readonly code: ProblemCode
  /** The relay's refusal code or a short technical reason, shown small so that it can be quoted. */
  readonly detail: string
}

export interface Organisation {
  readonly name: string
  /** Stable words of the root fingerprint. */
  readonly words: readonly string[]
  readonly site: string
  readonly checkedAt: number
}

export interface NoticeView {
  readonly controller: string
  readonly deskLabel: string
  /** Paragraphs exactly as they are digested into the decision: these at once, `more` one step behind. */
  readonly paragraphs: readonly string[]
  readonly more: readonly string[]
  readonly contact: string
  readonly language: string
  /** Every language the notice exists in. */
  readonly languages: readonly string[]
}

export type Standing = 'sending' | 'sent' | 'delivered' | 'not_sent'

export type EntryView =
  | {
      readonly kind: 'message'
      readonly id: string
      readonly mine: boolean
      readonly from: string
      readonly face: Face
      readonly text: string
      readonly at: number
      readonly standing: Standing
    }
  | {
      readonly kind: 'joined' | 'left'
      readonly id: string
      readonly who: string
      readonly desk: string
      readonly face: Face
      readonly at: number
    }
  | {
      /** The customer shared earlier messages with somebody. `side` is who we are in it; counts are 0 where they are not known. */
      readonly kind: 'shared'
      readonly id: string
      readonly who: string
      readonly side: 'giver' | 'newcomer' | 'other'
      readonly count: number
      readonly leftOut: number
      readonly at: number
      readonly standing: 'sending' | 'sent' | 'not_sent'
    }
  | {
      /** Said before we came, as the customer's device tells it. */
      readonly kind: 'earlier'
      readonly id: string
      readonly whose: 'customer' | 'person' | 'assistant'
      readonly from: string
      readonly text: string
      readonly at: number
    }
  | { readonly kind: 'closed'; readonly id: string; readonly at: number }
  | { readonly kind: 'gap' | 'reconnected'; readonly id: string; readonly at: number }

/** How somebody takes part: `agent` answers for the desk, everybody else was let in as one device by a decision of its own. */
export type Face = 'customer' | 'agent' | 'helper' | 'other_desk' | 'supervisor' | 'reviewer' | 'assistant'

export interface ReaderView {
  readonly id: string
  readonly name: string
  readonly face: Face
  /** The decision that let this one device in; null for the customer and for agents of the desk. */
  readonly decision: string | null
  readonly desk: string
  readonly me: boolean
  readonly since: number
}

export interface ConversationWords {
  readonly words: readonly string[]
  readonly epoch: number
}

/** What the organisation says of an incident, verified here and not yet read. */
export interface IncidentView {
  /** A correction has another one. */
  readonly id: string
  readonly language: string
  /** What happened, what it may mean, what was done, what the reader can do. */
  readonly parts: readonly [string, string, string, string]
  readonly contact: string
  readonly issuedAt: number
}

/** A question to the customer, in the exact words that are signed. */
export interface PromptView {
  readonly id: string
  readonly moment: string
  readonly who: string
  readonly paragraphs: readonly string[]
  readonly more: readonly string[]
}

export interface DecisionView {
  readonly id: string
  readonly moment: string
  readonly who: string
  readonly standing: 'given' | 'refused' | 'deferred' | 'withdrawn' | 'expired' | 'invalidated'
  /** When it came to stand so. */
  readonly at: number
  readonly paragraphs: readonly string[]
}

export type Link = 'connecting' | 'online' | 'offline'

export type CustomerView =
  | { readonly kind: 'checking' }
  | { readonly kind: 'stopped'; readonly problem: Problem; readonly organisation: Organisation | null }
  | { readonly kind: 'notice'; readonly organisation: Organisation; readonly notice: NoticeView; readonly starting: boolean }
  | {
      readonly kind: 'chat'
      readonly organisation: Organisation
      readonly deskLabel: string
      readonly stage: 'opening' | 'waiting' | 'left' | 'proposed' | 'active' | 'closed'
      /** Conversations that wait longer, while waiting. */
      readonly ahead: number
      /** Nobody of the desk is connected while this customer waits. */
      readonly deskAway: boolean
      /** Whether a message may be left for whoever is on call: asked for by the customer, never done by itself. */
      readonly leave: 'not_now' | 'offered' | 'asking' | 'nobody'
      readonly link: Link
      readonly entries: readonly EntryView[]
      readonly readers: readonly ReaderView[]
      readonly words: ConversationWords | null
      readonly closesAt: number
      readonly prompt: PromptView | null
      readonly incidents: readonly IncidentView[]
      readonly decisions: readonly DecisionView[]
      /** When the customer started the chat. */
      readonly startedAt: number
      readonly centre: CentreView
      readonly longer: LongerView
      /** Something went wrong that does not end the chat. */
      readonly problem: Problem | null
      readonly unread: number
      /** Typed and not sent. */
      readonly draft: string
      /** What an agent who was revoked did not answer, now that somebody else is here: a question, never done by itself. */
      readonly resend: Resend | null
      /** Somebody was let in who cannot read what was said before: this device asks, and nothing is shared by itself. */
      readonly share: Share | null
      /** How far this device's clock is ahead of the relay's, where that is more than five minutes; else 0. Times shown are the relay's. */
      readonly clockOff: number
    }

export interface Resend {
  readonly count: number
  /** Who would get it. */
  readonly to: string
}

export interface Share {
  readonly id: string
  readonly to: string
  /** How many messages they cannot read. */
  readonly count: number
}

export type CustomerIntent =
  | { readonly kind: 'open' }
  | { readonly kind: 'start' }
  | { readonly kind: 'speak'; readonly language: string }
  | { readonly kind: 'notNow' }
  | { readonly kind: 'send'; readonly text: string }
  | { readonly kind: 'retry'; readonly id: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'answer'; readonly request: string; readonly answer: 'given' | 'refused' | 'deferred' }
  | { readonly kind: 'withdraw'; readonly decision: string }
  | { readonly kind: 'forget' }
  /** The notice of an incident was read: it does not come back on this device. */
  | { readonly kind: 'readIncident'; readonly id: string }
  | { readonly kind: 'seen' }
  | { readonly kind: 'draft'; readonly text: string }
  | { readonly kind: 'leaveMessage' }
  /** The privacy centre was opened: what it needs is fetched. */
  | { readonly kind: 'centre' }
  | { readonly kind: 'showHeld' }
  /** Keep the chat open longer: show the words, then one of two answers. */
  | { readonly kind: 'longer'; readonly act: 'ask' | 'keep' | 'drop' }
  /** A file of every decision, with what proves it. */
  | { readonly kind: 'saveReceipts' }
  /** The answer to `resend`. */
  | { readonly kind: 'resend'; readonly again: boolean }
  /** The answer to `share`; closing it is no. */
  | { readonly kind: 'share'; readonly with: string; readonly wanted: boolean }

export interface QueueEntryView {
  readonly conversation: string
  readonly site: string
  readonly waitingSince: number
  /** The only agent was revoked and is still in the group: the customer's device alone can go on. */
  readonly agentGone: boolean
  /** A message was left for those on call, and nobody has read it. */
  readonly messageLeft: boolean
  /** The customer's device is not connected: nobody is let in before it is back. */
  readonly away: boolean
}

export interface DeskView {
  readonly desk: string
  readonly label: string
  readonly waiting: readonly QueueEntryView[]
  readonly waitingCount: number
  readonly activeCount: number
}

/** A colleague of the desk who is online. */
export interface ColleagueView {
  /** Sign-in name. */
  readonly agent: string
  readonly name: string
}

/** What a colleague hands over. */
export interface OfferView {
  readonly conversation: string
  readonly desk: string
  readonly giver: string
}

/** How the handoff of a conversation stands. */
export type HandoffView =
  /** `taker`: none is anyone of the desk. */
  | { readonly state: 'asked' | 'accepted'; readonly taker: string | null }
  /** Between the Add and the Remove: neither of the two can write. */
  | { readonly state: 'changing'; readonly giver: string; readonly taker: string; readonly isGiver: boolean }
  /** Nothing came of it: how the offer ended, or the code of what was refused. */
  | { readonly state: 'ended'; readonly why: string; readonly taker: string | null }

export interface ChatSummary {
  readonly conversation: string
  readonly label: string
  /** `left`: a message was left for this device and others on call; the first that is opened answers. `gone`: this device was removed. */
  readonly stage: 'left' | 'proposed' | 'active' | 'gone' | 'closed'
  readonly unread: number
  /** The customer's device is not connected. */
  readonly away: boolean
  readonly last: string
  readonly lastAt: number
}

export interface AgentChat extends ChatSummary {
  readonly site: string
  readonly desk: string
  readonly entries: readonly EntryView[]
  readonly readers: readonly ReaderView[]
  readonly words: ConversationWords | null
  readonly handoff: HandoffView | null
  /** Who could take it over; none until that is known. */
  readonly colleagues: readonly ColleagueView[] | null
  readonly problem: Problem | null
  /** Typed and not sent. */
  readonly draft: string
  /** Null while this device is not in it. */
  readonly ask: AskView | null
}

export type DeviceView =
  /** `asking`: approval was asked for and the relay has not confirmed that yet. */
  | { readonly state: 'unknown'; readonly asking: boolean }
  /** `code` is the request to carry to an officer; `words` are its fingerprint, to be compared by voice. */
  | { readonly state: 'pending'; readonly code: string; readonly words: readonly string[] }
  /** `low`: few key packages are left at the relay, without which nobody can be let in on this device. */
  | { readonly state: 'issued'; readonly name: string; readonly expiresAt: number; readonly low: boolean }
  | { readonly state: 'revoked' }

export type AgentView =
  | { readonly kind: 'checking' }
  | { readonly kind: 'stopped'; readonly problem: Problem }
  | { readonly kind: 'signIn'; readonly busy: boolean; readonly wrong: boolean; readonly retryAfterMs: number | null }
  | {
      readonly kind: 'desk'
      readonly name: string
      readonly organisation: Organisation
      readonly device: DeviceView
      readonly link: Link
      readonly desks: readonly DeskView[]
      readonly chats: readonly ChatSummary[]
      readonly offers: readonly OfferView[]
      readonly open: AgentChat | null
      readonly problem: Problem | null
      readonly taking: boolean
    }

export type AgentIntent =
  | { readonly kind: 'signIn'; readonly agent: string; readonly password: string }
  | { readonly kind: 'signOut' }
  | { readonly kind: 'askForApproval' }
  | { readonly kind: 'take'; readonly desk: string; readonly conversation: string | null }
  | { readonly kind: 'show'; readonly conversation: string | null }
  | { readonly kind: 'send'; readonly conversation: string; readonly text: string }
  | { readonly kind: 'retry'; readonly conversation: string; readonly id: string }
  | { readonly kind: 'draft'; readonly conversation: string; readonly text: string }
  | { readonly kind: 'close'; readonly conversation: string }
  | { readonly kind: 'listColleagues'; readonly conversation: string }
  /** `to`: none is anyone of the desk. */
  | { readonly kind: 'handOff'; readonly conversation: string; readonly to: string | null }
  /** Keep it after all, or put away why nothing came of it. */
  | { readonly kind: 'callOff'; readonly conversation: string }
  | { readonly kind: 'declineOffer'; readonly conversation: string }
  | { readonly kind: 'find'; readonly conversation: string; readonly moment: string }
  | { readonly kind: 'ask'; readonly conversation: string; readonly moment: string; readonly device: string }
  | { readonly kind: 'dismissProblem' }

/** A running program: the UI reads `view` and states intents. */
export interface Program<View, Intent> {
  readonly view: { readonly value: View; subscribe(fn: (view: View) => void): () => void }
  intend(intent: Intent): void
  dispose(): void
}
