/** Chooses the screen for a view, keeps the chat mounted under its sub pages (a draft survives), and moves the focus with the screens. */
import { useEffect, useRef, useState } from 'preact/hooks'

import type { CustomerView, Organisation } from '../src/core/views.ts'
import { Announcer } from '../src/ui/Announcer.tsx'
import { ChatScreen } from './ChatScreen.tsx'
import { CheckingScreen } from './CheckingScreen.tsx'
import { EndPage } from './EndPage.tsx'
import { IdentityPage } from './IdentityPage.tsx'
import type { ChatView, Intend } from './intents.ts'
import { NoticeScreen } from './NoticeScreen.tsx'
import { PrivacyPage } from './PrivacyPage.tsx'
import { RosterPage } from './RosterPage.tsx'
import { StoppedScreen } from './StoppedScreen.tsx'

export type Sub = 'identity' | 'roster' | 'privacy' | 'end'

export interface WidgetProps {
  readonly view: CustomerView
  readonly intend: Intend
  /** Whether the panel is open; a closed one must never take the focus from the page. */
  readonly open: boolean
  /** Global Privacy Control is on in this browser. */
  readonly optsOut: boolean
  readonly initialSub?: Sub
}

export function Widget({ view, intend, open, optsOut, initialSub }: WidgetProps) {
  const [sub, setSub] = useState<Sub | null>(initialSub ?? null)
  const opener = useRef<Element | null>(null)
  const root = useRef<HTMLDivElement>(null)
  const isClosed = view.kind === 'chat' && view.stage === 'closed'
  useEffect(() => {
    if (initialSub === undefined) setSub(null)
    if (open) focusFirst(root.current)
  }, [view.kind, isClosed, open])
  const show = (next: Sub) => {
    opener.current = document.activeElement
    if (next === 'privacy') intend({ kind: 'centre' })
    setSub(next)
  }
  const back = () => setSub(null)
  useEffect(() => {
    if (sub === null && opener.current instanceof HTMLElement) opener.current.focus()
  }, [sub])
  const onEscape = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.isComposing) return
    if (sub === null) intend({ kind: 'closePanel' })
    else back()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is heard for every control inside
    <div class='widget' ref={root} onKeyDown={onEscape}>
      {view.kind === 'chat' ? <Announcer entries={view.entries} /> : null}
      <div class='screen' hidden={sub !== null}>
        <Screen view={view} intend={intend} open={open} show={show} />
      </div>
      {sub === null ? null : <SubScreen view={view} intend={intend} sub={sub} optsOut={optsOut} show={show} back={back} />}
    </div>
  )
}

interface ScreenProps {
  readonly view: CustomerView
  readonly intend: Intend
  readonly open: boolean
  readonly show: (sub: Sub) => void
}

function Screen({ view, intend, open, show }: ScreenProps) {
  const onPrivacy = () => show('privacy')
  switch (view.kind) {
    case 'checking':
      return <CheckingScreen intend={intend} onPrivacy={onPrivacy} />
    case 'stopped':
      return <StoppedScreen view={view} intend={intend} onPrivacy={onPrivacy} />
    case 'notice':
      return <NoticeScreen view={view} intend={intend} onIdentity={() => show('identity')} onPrivacy={onPrivacy} />
    case 'chat':
      return (
        <ChatScreen
          chat={view}
          intend={intend}
          open={open}
          onIdentity={() => show('identity')}
          onRoster={() => show('roster')}
          onPrivacy={onPrivacy}
          onEnd={() => show('end')}
        />
      )
  }
}

interface SubScreenProps extends Omit<ScreenProps, 'open'> {
  readonly sub: Sub
  readonly optsOut: boolean
  readonly back: () => void
}

function SubScreen({ view, intend, sub, optsOut, show, back }: SubScreenProps) {
  if (sub === 'privacy') {
    return <PrivacyPage view={view} optsOut={optsOut} intend={intend} onBack={back} onRoster={() => show('roster')} />
  }
  const organisation = organisationOf(view)
  if (sub === 'identity') return organisation === null ? null : <IdentityPage organisation={organisation} onBack={back} />
  if (view.kind !== 'chat') return null
  return sub === 'roster' ? (
    <RosterPage chat={view} intend={intend} onBack={back} onEnd={() => show('end')} />
  ) : (
    <EndPage onBack={back} onEnd={() => endChat(view, { intend, back })} />
  )
}

function endChat(chat: ChatView, { intend, back }: { readonly intend: Intend; readonly back: () => void }): void {
  if (chat.stage !== 'closed') intend({ kind: 'end' })
  back()
}

function organisationOf(view: CustomerView): Organisation | null {
  return view.kind === 'checking' ? null : view.organisation
}

/** The text field of a chat, else the heading of the screen. */
function focusFirst(root: HTMLElement | null): void {
  const target = root?.querySelector('textarea') ?? root?.querySelector('[data-first]')
  if (target instanceof HTMLElement) target.focus()
}
