/** How the customer's conversation looks on the screen. */
import type { CustomerView, Link, Organisation, Problem } from '../core/views.ts'
import { CLOCK_SKEW_MS } from '../wire/generated/limits.ts'
import type { Asking } from './asking.ts'
import type { Centre } from './centre.ts'
import type { Conversation } from './conversation.ts'
import { brokenProblem, entryViews, readerViews, resendView, wordsView } from './conversationView.ts'
import type { Incidents } from './incidents.ts'
import type { KeepingOpen } from './keepingOpen.ts'
import type { LeaveView } from './leaving.ts'
import type { CustomerRecord } from './records.ts'
import { shareView } from './sharing.ts'

export interface Around {
  readonly organisation: Organisation
  readonly me: Uint8Array
  readonly record: CustomerRecord
  readonly isOver: boolean
  readonly deskAway: boolean
  readonly leave: LeaveView
  readonly link: Link
  readonly asking: Asking
  readonly centre: Centre
  readonly incidents: Incidents
  readonly longer: KeepingOpen
  /** Unix milliseconds of the relay's clock, and how far that is ahead of ours. */
  readonly now: number
  readonly offset: number
  /** What went wrong beside the conversation itself. */
  readonly problem: Problem | null
  readonly draft: string
}

export const customerView = (conversation: Conversation, around: Around): CustomerView => {
  const { record, isOver, asking, now, offset } = around
  const prompt = isOver ? null : asking.prompt
  const resend = resendView(conversation)
  return {
    kind: 'chat',
    organisation: around.organisation,
    deskLabel: record.deskLabel,
    stage: isOver ? 'closed' : record.groupInfo !== null ? 'opening' : conversation.stage,
    ahead: record.ahead,
    deskAway: around.deskAway && conversation.readers.length === 1,
    leave: around.leave,
    link: around.link,
    entries: entryViews(conversation),
    readers: readerViews(conversation, around.me),
    words: conversation.readers.length > 1 ? wordsView(conversation) : null,
    closesAt: conversation.closesAt,
    incidents: around.incidents.views,
    prompt,
    decisions: asking.decisions(now),
    startedAt: conversation.openedAt,
    centre: around.centre.view,
    longer: around.longer.view(now),
    problem: brokenProblem(conversation) ?? around.problem,
    unread: conversation.unread,
    draft: around.draft,
    resend,
    // One question at a time.
    share: isOver || prompt !== null || resend !== null ? null : shareView(conversation),
    clockOff: Math.abs(offset) > CLOCK_SKEW_MS ? -offset : 0,
  }
}
