/** The console's screens, from the view alone. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

import type { AgentIntent, AgentView } from '../src/core/views.ts'
import { Button } from '../src/ui/Button.tsx'
import { ProblemCard } from '../src/ui/ProblemCard.tsx'
import { calendarDay } from '../src/ui/when.ts'
import { ChatPane } from './ChatPane.tsx'
import { focusComposer, moveInList, pressClose, pressHandOver, shortcutOf } from './keyboard.ts'
import { ListPane } from './ListPane.tsx'
import { SidePane } from './SidePane.tsx'
import { SignIn } from './SignIn.tsx'
import { words } from './words.en.ts'

type DeskScreen = Extract<AgentView, { kind: 'desk' }>
type Intend = (intent: AgentIntent) => void

export function Console({ view, intend }: { readonly view: AgentView; readonly intend: Intend }): JSX.Element {
  switch (view.kind) {
    case 'checking':
      return (
        <main class='card-page'>
          <p role='status'>{words.loading}</p>
        </main>
      )
    case 'stopped':
      return (
        <main class='card-page'>
          <ProblemCard problem={view.problem} heading='h1' />
        </main>
      )
    case 'signIn':
      return <SignIn view={view} intend={intend} />
    case 'desk':
      return <Desk view={view} intend={intend} />
  }
}

function Desk({ view, intend }: { readonly view: DeskScreen; readonly intend: Intend }): JSX.Element {
  const [readers, setReaders] = useState(false)
  const now = useEverySecond()
  useTitle(view)
  useShortcuts(view, intend)
  return (
    <div class={view.open ? 'console has-chat' : 'console'}>
      <TopBar view={view} intend={intend} />
      <main class='work'>
        <ListPane view={view} intend={intend} now={now} />
        <ChatPane chat={view.open} revoked={view.device.state === 'revoked'} intend={intend} onReaders={() => setReaders(true)} />
      </main>
      <SidePane chat={view.open} organisation={view.organisation} shown={readers} onClose={() => setReaders(false)} />
      {view.problem && (
        <div class='toast'>
          <ProblemCard problem={view.problem} heading='h2'>
            <Button onPress={() => intend({ kind: 'dismissProblem' })}>{words.dismiss}</Button>
          </ProblemCard>
        </div>
      )}
    </div>
  )
}

function TopBar({ view, intend }: { readonly view: DeskScreen; readonly intend: Intend }): JSX.Element {
  return (
    <header class='bar'>
      <a class='button skip' href='#conversation'>
        {words.skip}
      </a>
      <h1 class='bar-name'>
        <bdi>{view.organisation.name}</bdi> · <bdi>{view.name}</bdi>
      </h1>
      <p class='small muted grow' role='status'>
        {words[view.link]}
        {view.device.state === 'issued' && <span class='bar-long'> · {words.deviceIssued(calendarDay(view.device.expiresAt))}</span>}
      </p>
      <p class='small muted bar-long'>{words.shortcuts}</p>
      <Button onPress={() => intend({ kind: 'signOut' })}>{words.signOut}</Button>
    </header>
  )
}

function useEverySecond(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** `(3) Sotto console`: how many messages wait to be read; never whose. */
function useTitle(view: DeskScreen): void {
  const unread = view.chats.reduce((sum, chat) => sum + chat.unread, 0)
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${words.title}` : words.title
  }, [unread])
}

function useShortcuts(view: DeskScreen, intend: Intend): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const shortcut = shortcutOf(event)
      if (shortcut === null) return
      event.preventDefault()
      if (shortcut === 'next') takeNext(view, intend)
      else if (shortcut === 'down') moveInList(1)
      else if (shortcut === 'up') moveInList(-1)
      else if (shortcut === 'reply') focusComposer()
      else if (shortcut === 'close') pressClose()
      else if (shortcut === 'handOver') pressHandOver()
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [view, intend])
}

function takeNext(view: DeskScreen, intend: Intend): void {
  const desk = view.desks.find((each) => each.waitingCount > 0)
  if (desk && view.device.state === 'issued' && !view.taking) intend({ kind: 'take', desk: desk.desk, conversation: null })
}
