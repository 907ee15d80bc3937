/** The privacy centre, one tap from every screen: who reads, what was decided, what changed, how long, what the relay holds, whom to ask. */
import type { CentreView } from '../src/core/centreViews.ts'
import type { CustomerView, DecisionView } from '../src/core/views.ts'
import { promptWords } from '../src/i18n/en.ts'
import { privacyWords } from '../src/i18n/privacy.en.ts'
import { Button } from '../src/ui/Button.tsx'
import { rosterSentence } from '../src/ui/Roster.tsx'
import { calendarDay, clockTime, moment } from '../src/ui/when.ts'
import { HeldRows } from './HeldRows.tsx'
import type { ChatView, Intend } from './intents.ts'
import { LongerCard, type LongerProps, NeedLonger } from './Longer.tsx'
import { SaveDecisions } from './SaveDecisions.tsx'
import { Section } from './Section.tsx'
import { SubPage } from './SubPage.tsx'

/** A closed conversation is forgotten once its last envelope has run out. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 3600 * 1000

export interface PrivacyPageProps {
  readonly view: CustomerView
  /** Global Privacy Control is on in this browser. */
  readonly optsOut: boolean
  readonly intend: Intend
  readonly onBack: () => void
  readonly onRoster: () => void
}

export function PrivacyPage({ view, optsOut, intend, onBack, onRoster }: PrivacyPageProps) {
  return (
    <SubPage title={privacyWords.title} onBack={onBack}>
      {view.kind === 'chat' ? (
        <OfChat chat={view} intend={intend} onRoster={onRoster} />
      ) : (
        <p>{view.kind === 'stopped' ? privacyWords.stopped : privacyWords.nothingYet}</p>
      )}
      <Section title={privacyWords.optOut}>
        <p class='small'>{optsOut ? privacyWords.optOutOn : privacyWords.optOutOff}</p>
      </Section>
      <Contact contact={contactOf(view)} />
    </SubPage>
  )
}

function OfChat({ chat, intend, onRoster }: { readonly chat: ChatView; readonly intend: Intend; readonly onRoster: () => void }) {
  const { centre } = chat
  return (
    <>
      <Section title={privacyWords.who}>
        <p>{rosterSentence(chat.readers)}</p>
        <Button onPress={onRoster}>{privacyWords.everybody}</Button>
      </Section>
      <Terms centre={centre} />
      <Section title={privacyWords.decided}>
        <p class='small'>{privacyWords.started(chat.deskLabel, moment(chat.startedAt))}</p>
        {chat.decisions.length === 0 ? null : (
          <ul class='guests'>
            {chat.decisions.map((decision) => (
              <Decision key={decision.id} decision={decision} isOver={chat.stage === 'closed'} intend={intend} />
            ))}
          </ul>
        )}
        {chat.decisions.length === 0 ? null : <p class='small muted'>{privacyWords.noWay}</p>}
        <SaveDecisions chat={chat} intend={intend} />
      </Section>
      <Kept chat={chat} intend={intend} />
      <HeldRows held={centre.held} isOver={chat.stage === 'closed'} onShow={() => intend({ kind: 'showHeld' })} />
    </>
  )
}

/** Ended with one press, as it was given with one. */
function Decision({ decision, isOver, intend }: { readonly decision: DecisionView; readonly isOver: boolean; readonly intend: Intend }) {
  const { id, who, standing, at } = decision
  return (
    <li class='guest'>
      <p class='small'>
        <bdi class='strong'>{who}</bdi> · {privacyWords.moment(decision.moment)}
        <br />
        {privacyWords.standing(standing, clockTime(at))}
      </p>
      {standing === 'given' && !isOver ? (
        <Button label={promptWords.stopOf(who)} onPress={() => intend({ kind: 'withdraw', decision: id })}>
          {promptWords.stop}
        </Button>
      ) : null}
    </li>
  )
}

function Terms({ centre: { terms } }: { readonly centre: CentreView }) {
  if (terms === null) return null
  return (
    <Section title={privacyWords.terms}>
      <p class='small'>{privacyWords.termsGoOn(moment(terms.changedAt))}</p>
      {terms.changes.length === 0 ? <p class='small'>{privacyWords.termsSame}</p> : null}
      {terms.changes.map(({ purpose, ways, isEnded }) => (
        <p key={purpose} class='small' dir='auto'>
          {privacyWords.change(purpose, ways)} {isEnded ? privacyWords.ended : null}
        </p>
      ))}
    </Section>
  )
}

function Kept({ chat, intend }: LongerProps) {
  const { kept, evidenceDays } = chat.centre
  const forgotten = calendarDay(chat.closesAt + FORGOTTEN_AFTER_MS)
  return (
    <Section title={privacyWords.kept}>
      {chat.stage === 'closed' ? null : <p class='small'>{privacyWords.closes(moment(chat.closesAt))}</p>}
      <NeedLonger chat={chat} intend={intend} />
      <LongerCard chat={chat} intend={intend} place='privacy' />
      <p class='small'>{privacyWords.gone(forgotten)}</p>
      {kept.map(({ what, days }) => (
        <p key={what} class='small' dir='auto'>
          {privacyWords.keptFor(what, days)}
        </p>
      ))}
      {kept.length === 0 ? null : <p class='small'>{privacyWords.evidence(evidenceDays)}</p>}
    </Section>
  )
}

function Contact({ contact }: { readonly contact: string | null }) {
  if (contact === null) return null
  return (
    <Section title={privacyWords.contact}>
      <p class='small' dir='auto'>
        {privacyWords.write(contact)}
      </p>
    </Section>
  )
}

function contactOf(view: CustomerView): string | null {
  if (view.kind === 'notice') return view.notice.contact
  return view.kind === 'chat' ? view.centre.contact : null
}
