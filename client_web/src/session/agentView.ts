/** How the agent's conversations and desks look on a screen. */
import type { AgentChat, ChatSummary, ColleagueView, DeskView, HandoffView } from '../core/views.ts'
import type { ConversationCard, Queue } from '../wire/generated/frames.ts'
import { toHex } from '../wire/octets.ts'
import type { Chat } from './chat.ts'
import { type Conversation, REMOVED } from './conversation.ts'
import { brokenProblem, entryViews, readerViews, wordsView } from './conversationView.ts'
import { isLeftFor } from './onCall.ts'
import type { Requests } from './requests.ts'

export const chatLabel = (conversation: Uint8Array): string => `Customer · ${toHex(conversation).slice(0, 4)}`

export const deskView = (desk: string, queue: Queue | undefined): DeskView => ({
  desk,
  label: desk,
  waiting: (queue?.waiting ?? []).map(({ conversation, site, waitingSince, why, customer }) => ({
    conversation: toHex(conversation),
    site,
    waitingSince,
    agentGone: why === 'agent_gone',
    messageLeft: why === 'message_left',
    away: customer === 'away',
  })),
  waitingCount: queue?.waitingCount ?? 0,
  activeCount: queue?.activeCount ?? 0,
})

export const summaryOf = (chat: Chat, { me, away }: Pick<Aside, 'away'> & { readonly me: Uint8Array }): ChatSummary => {
  const { conversation } = chat
  const last = conversation.entries.findLast((entry) => entry.tag === 'message')
  return {
    conversation: toHex(conversation.id),
    label: chatLabel(conversation.id),
    stage: stageOf(conversation, me),
    unread: conversation.unread,
    away,
    last: last?.tag === 'message' ? last.text : '',
    lastAt: last?.at ?? conversation.openedAt,
  }
}

const stageOf = (conversation: Conversation, me: Uint8Array): ChatSummary['stage'] => {
  if (conversation.stage === 'closed') return 'closed'
  if (conversation.broken === REMOVED) return 'gone'
  return isLeftFor(conversation, me) ? 'left' : 'active'
}

export interface Aside {
  readonly away: boolean
  readonly draft: string
}

interface Handing {
  readonly handoff: HandoffView | null
  readonly colleagues: readonly ColleagueView[] | null
}

interface Seen extends Aside, Handing {
  readonly me: Uint8Array
  readonly requests: Requests
}

export const chatView = (chat: Chat, { me, away, draft, handoff, colleagues, requests }: Seen): AgentChat => {
  const { conversation } = chat
  const hasLeft = conversation.broken === REMOVED
  return {
    ...summaryOf(chat, { me, away }),
    site: conversation.facts.terms.site,
    desk: conversation.facts.terms.desk,
    entries: entryViews(conversation),
    // Whoever left does not know who can read now, and must not seem to.
    readers: hasLeft ? [] : readerViews(conversation, me),
    words: hasLeft ? null : wordsView(conversation),
    handoff: hasLeft ? null : handoff,
    colleagues,
    ask: hasLeft ? null : requests.view(conversation),
    problem: hasLeft ? null : (brokenProblem(conversation) ?? chat.problem),
    draft,
  }
}

/** Taken, and not yet let in: by the customer's device, or by a colleague's who hands it over. */
export const proposedView = (card: ConversationCard, { away, draft, handoff }: Aside & Omit<Handing, 'colleagues'>): AgentChat => ({
  conversation: toHex(card.conversation),
  label: chatLabel(card.conversation),
  stage: card.stage === 'closed' ? 'closed' : 'proposed',
  unread: 0,
  away,
  last: '',
  lastAt: card.openedAt,
  site: card.site,
  desk: card.desk,
  entries: [],
  readers: [],
  words: null,
  handoff,
  colleagues: null,
  ask: null,
  problem: null,
  draft,
})
