/** The conversation as a log: messages with their state in words, who came and went, what is missing. Widget and console share it. */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

import type { EntryView } from '../core/views.ts'
import { chatWords, faceWords } from '../i18n/en.ts'
import { movement, sharedWords } from './announce.ts'
import { EarlierMessage } from './EarlierMessage.tsx'
import { clockTime } from './when.ts'

export interface MessageListProps {
  readonly entries: readonly EntryView[]
  /** None where nothing can be sent any more. */
  readonly onRetry: ((id: string) => void) | null
  /** Nobody else is in the chat yet: what is written waits on this device. */
  readonly alone?: boolean
  /** What stands before the first entry and after the last. */
  readonly before?: ComponentChildren
  readonly after?: ComponentChildren
}

/** Announcing is `Announcer`'s work: a live log would read the whole history aloud after a reload. */
export function MessageList({ entries, onRetry, alone = false, before, after }: MessageListProps) {
  const log = useRef<HTMLDivElement>(null)
  const nearEnd = useRef(true)
  const last = entries.at(-1)
  useLayoutEffect(() => {
    const element = log.current
    if (element && (nearEnd.current || (last?.kind === 'message' && last.mine))) element.scrollTop = element.scrollHeight
  }, [last?.id])
  useEffect(() => keepEndInSight(log.current, nearEnd), [])
  return (
    <div
      class='log'
      ref={log}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
      tabIndex={0}
      role='log'
      aria-live='off'
      aria-label={chatWords.log}
      onScroll={() => keepNearEnd(log.current, nearEnd)}
    >
      <div class='log-inner'>
        {before}
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} alone={alone} onRetry={onRetry} />
        ))}
        {after}
      </div>
    </div>
  )
}

/** Whoever reads older messages is not pulled away from them by a new one. */
function keepNearEnd(element: HTMLDivElement | null, nearEnd: { current: boolean }): void {
  if (element) nearEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80
}

/** When the room shrinks (keyboard, growing composer) or first appears, the newest entry stays in sight. */
function keepEndInSight(element: HTMLDivElement | null, nearEnd: { readonly current: boolean }): (() => void) | undefined {
  if (element === null) return undefined
  const observer = new ResizeObserver(() => {
    if (nearEnd.current) element.scrollTop = element.scrollHeight
  })
  observer.observe(element)
  return () => observer.disconnect()
}

interface EntryProps<E extends EntryView> {
  readonly entry: E
  readonly alone: boolean
  readonly onRetry: ((id: string) => void) | null
}

function Entry({ entry, ...rest }: EntryProps<EntryView>) {
  switch (entry.kind) {
    case 'message':
      return <Message entry={entry} {...rest} />
    case 'joined':
    case 'left':
      return (
        <p class='event'>
          <bdi>{entry.who}</bdi> {movement(entry)}
        </p>
      )
    case 'shared':
      return <p class='event'>{sharedWords(entry)}</p>
    case 'earlier':
      return <EarlierMessage entry={entry} />
    case 'closed':
      return <p class='event'>{chatWords.closed(clockTime(entry.at))}</p>
    case 'reconnected':
      return <p class='event'>{chatWords.reconnected(clockTime(entry.at))}</p>
    case 'gap':
      return <p class='event event-gap'>{chatWords.gap}</p>
  }
}

type Message = Extract<EntryView, { kind: 'message' }>

function Message({ entry, alone, onRetry }: EntryProps<Message>) {
  const failed = entry.standing === 'not_sent'
  return (
    <article class={entry.mine ? 'entry entry-mine' : 'entry'}>
      <p class={isGuest(entry) ? 'from' : 'visually-hidden'}>
        <bdi>{entry.mine ? chatWords.you : entry.from}</bdi>
        {isGuest(entry) ? <span class='from-face'> · {faceWords(entry.face, '').trim()}</span> : null}
      </p>
      <p class='bubble' dir='auto'>
        {entry.text}
      </p>
      <p class={failed ? 'meta meta-bad' : 'meta'}>
        <time dateTime={new Date(entry.at).toISOString()}>{clockTime(entry.at)}</time>
        {entry.mine ? <span>· {standingWords(entry, alone)}</span> : null}
        {failed && onRetry ? (
          <button
            type='button'
            class='button retry'
            aria-label={chatWords.retryOf(entry.text.slice(0, 60))}
            onClick={() => onRetry(entry.id)}
          >
            {chatWords.retry}
          </button>
        ) : null}
      </p>
    </article>
  )
}

/** Whoever was let in by a decision of their own is named and labelled at every message. */
const isGuest = ({ mine, face }: Message): boolean => !mine && face !== 'agent' && face !== 'customer'

function standingWords({ standing }: Message, alone: boolean): string {
  return alone && standing === 'sending' ? chatWords.whenSomeoneJoins : chatWords.standing[standing]
}
