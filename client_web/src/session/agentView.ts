/** How the agent's conversations and desks look on a screen. */
import type { AgentChat, ChatSummary, DeskView } from '../core/views.ts'
import type { ConversationCard, Queue } from '../wire/generated/frames.ts'
import { toHex } from '../wire/octets.ts'
import type { Chat } from './chat.ts'
import { brokenProblem, entryViews, readerViews, wordsView } from './conversationView.ts'
import type { Requests } from './requests.ts'

export const chatLabel = (conversation: Uint8Array): string => `Customer · ${toHex(conversation).slice(0, 4)}`

export const deskView = (desk: string, queue: Queue | undefined): DeskView => ({
  desk,
  label: desk,
  waiting: (queue?.waiting ?? []).map(({ conversation, site, waitingSince, customer }) => ({
    conversation: toHex(conversation),
    site,
    waitingSince,
    away: customer === 'away',
  })),
  waitingCount: queue?.waitingCount ?? 0,
  activeCount: queue?.activeCount ?? 0,
})

export const summaryOf = (chat: Chat, away: boolean): ChatSummary => {
  const { conversation } = chat
  const last = conversation.entries.findLast((entry) => entry.tag === 'message')
  return {
    conversation: toHex(conversation.id),
    label: chatLabel(conversation.id),
    stage: conversation.stage === 'closed' ? 'closed' : 'active',
    unread: conversation.unread,
    away,
    last: last?.tag === 'message' ? last.text : '',
    lastAt: last?.at ?? conversation.openedAt,
  }
}

export interface Seen {
  readonly me: Uint8Array
  readonly away: boolean
  readonly requests: Requests
}

export const chatView = (chat: Chat, { me, away, requests }: Seen): AgentChat => {
  const { conversation } = chat
  return {
    ...summaryOf(chat, away),
    site: conversation.facts.terms.site,
    desk: conversation.facts.terms.desk,
    entries: entryViews(conversation),
    readers: readerViews(conversation, me),
    words: wordsView(conversation),
    ask: requests.view(conversation),
    problem: brokenProblem(conversation) ?? chat.problem,
  }
}

/** Taken, and not yet let in by the customer's device. */
export const proposedView = (card: ConversationCard, away: boolean): AgentChat => ({
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
  ask: null,
  problem: null,
})
