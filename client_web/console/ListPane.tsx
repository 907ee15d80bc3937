/** Left pane: my chats, and each desk's queue with live counts. */
import type { JSX } from 'preact'
import type { AgentIntent, AgentView, ChatSummary, DeskView, QueueEntryView } from '../src/core/views.ts'
import { deskName } from '../src/ui/deskName.ts'
import { clockTime } from '../src/ui/when.ts'
import { DeviceCard } from './DeviceCard.tsx'
import { Offers } from './HandOver.tsx'
import { isOver } from './stages.ts'
import { words } from './words.en.ts'

type DeskScreen = Extract<AgentView, { kind: 'desk' }>
type Intend = (intent: AgentIntent) => void

export function ListPane({ view, intend, now }: { view: DeskScreen; intend: Intend; now: number }): JSX.Element {
  return (
    <nav class='list' aria-label={words.areas}>
      <DeviceCard device={view.device} intend={intend} />
      <Offers offers={view.offers} busy={view.taking || view.link !== 'online'} intend={intend} />
      <h2 class='pane-title'>{words.mine}</h2>
      {view.chats.length === 0 && <p class='muted pad'>{words.noMine}</p>}
      <ul class='rows'>
        {view.chats.map((chat) => (
          <ChatRow key={chat.conversation} chat={chat} open={view.open?.conversation === chat.conversation} intend={intend} />
        ))}
      </ul>
      {view.desks.map((desk) => (
        <Queue key={desk.desk} desk={desk} view={view} intend={intend} now={now} />
      ))}
    </nav>
  )
}

function ChatRow({ chat, open, intend }: { chat: ChatSummary; open: boolean; intend: Intend }): JSX.Element {
  return (
    <li>
      <button
        type='button'
        class={open ? 'row here' : 'row'}
        aria-current={open ? 'true' : undefined}
        data-chat={chat.conversation}
        onClick={() => intend({ kind: 'show', conversation: chat.conversation })}
      >
        <span class='row-name'>
          <bdi>{chat.label}</bdi>
        </span>
        <span class='row-time'>{chat.lastAt > 0 ? clockTime(chat.lastAt) : ''}</span>
        <span class='row-last' dir='auto'>
          {chat.away && !isOver(chat) && <span class='away'>{words.away} · </span>}
          {lastLine(chat)}
        </span>
        {chat.unread > 0 && <span class='badge'>{chat.unread}</span>}
      </button>
    </li>
  )
}

/** Of a left message nothing is shown before somebody opens it. */
function lastLine(chat: ChatSummary): string {
  if (chat.stage === 'closed') return words.closed
  if (chat.stage === 'gone') return words.gone
  if (chat.stage === 'left') return words.messageLeft
  return chat.last || (chat.stage === 'proposed' ? words.waitingForDevice : '')
}

function Queue({ desk, view, intend, now }: { desk: DeskView; view: DeskScreen; intend: Intend; now: number }): JSX.Element {
  const mayTake = view.device.state === 'issued' && view.link === 'online' && !view.taking
  const may = mayTake && desk.waitingCount > 0
  return (
    <section aria-label={deskName(desk.label)}>
      <div class='queue-head'>
        <h2 class='pane-title'>{deskName(desk.label)}</h2>
        <span class='muted small' role='status'>
          {words.waiting(desk.waitingCount)} · {words.active(desk.activeCount)}
        </span>
        <button
          type='button'
          class='button button-primary'
          disabled={!may}
          onClick={() => intend({ kind: 'take', desk: desk.desk, conversation: null })}
        >
          {view.taking ? words.nextBusy : words.next} <kbd>N</kbd>
        </button>
      </div>
      {desk.waitingCount === 0 && <p class='muted pad'>{words.caughtUp}</p>}
      <ul class='rows'>
        {desk.waiting.map((entry) => {
          const wait = waited(entry.waitingSince, now)
          const take = (): void => intend({ kind: 'take', desk: desk.desk, conversation: entry.conversation })
          return (
            <li key={entry.conversation}>
              <button type='button' class='row' disabled={!mayTake} onClick={take}>
                <span class='row-name'>{words.newCustomer}</span>
                <span class={now - entry.waitingSince > 60_000 ? 'row-time late' : 'row-time'}>{wait}</span>
                <span class='row-last'>
                  <WhyWaiting entry={entry} /> <span class='visually-hidden'>{words.takeThis(entry.site)}</span>
                </span>
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

/** The one thing that an agent should know before taking it. */
function WhyWaiting({ entry }: { entry: QueueEntryView }): JSX.Element {
  if (entry.messageLeft) return <>{words.leftInQueue}</>
  if (entry.agentGone) {
    return (
      <>
        <span class='away'>{words.waitingDevice}.</span> {words.agentGone}
      </>
    )
  }
  if (!entry.away) return <>{words.unreadable}</>
  return (
    <>
      <span class='away'>{words.away}.</span> {words.awayInQueue}
    </>
  )
}

/** Minutes and seconds, as text. */
function waited(since: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - since) / 1_000))
  return words.minutes(Math.floor(seconds / 60), seconds % 60)
}
