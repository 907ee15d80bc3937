/** How the agent's conversations and desks look on a screen. */
import type { AgentChat, ChatSummary, DeskView } from '../core/views.ts'
import type { ConversationCard, Queue } from '../wire/generated/frames.ts'
import { toHex } from '../wire/octets.ts'
import type { Chat } from './chat.ts'
import { brokenProblem, entryViews, readerViews, wordsView } from './conversationView.ts'
import { isLeftFor } from './onCall.ts'

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
    stage: conversation.stage === 'closed' ? 'closed' : isLeftFor(conversation, me) ? 'left' : 'active',
    unread: conversation.unread,
    away,
    last: last?.tag === 'message' ? last.text : '',
    lastAt: last?.at ?? conversation.openedAt,
  }
}

export interface Aside {
  readonly away: boolean
  readonly draft: string
}

export const chatView = (chat: Chat, { me, away, draft }: Aside & { readonly me: Uint8Array }): AgentChat => {
  const { conversation } = chat
  return {
    ...summaryOf(chat, { me, away }),
    site: conversation.facts.terms.site,
    desk: conversation.facts.terms.desk,
    entries: entryViews(conversation),
    readers: readerViews(conversation, me),
    words: wordsView(conversation),
    problem: brokenProblem(conversation) ?? chat.problem,
    draft,
  }
}

/** Taken, and not yet let in by the customer's device. */
export const proposedView = (card: ConversationCard, { away, draft }: Aside): AgentChat => ({
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
  problem: null,
  draft,
})
