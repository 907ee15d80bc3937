/** The customer's view of who can read. */
import { endWords, rosterWords } from '../src/i18n/en.ts'
import { Button } from '../src/ui/Button.tsx'
import { Roster } from '../src/ui/Roster.tsx'
import type { ChatView, Intend } from './intents.ts'
import { SaveDecisions } from './SaveDecisions.tsx'
import { SubPage } from './SubPage.tsx'

export interface RosterPageProps {
  readonly chat: ChatView
  readonly intend: Intend
  readonly onBack: () => void
  readonly onEnd: () => void
}

export function RosterPage({ chat, intend, onBack, onEnd }: RosterPageProps) {
  return (
    <SubPage title={rosterWords.title} onBack={onBack}>
      <Roster organisation={chat.organisation} readers={chat.readers} words={chat.words} />
      <SaveDecisions chat={chat} intend={intend} />
      {chat.stage === 'closed' ? null : (
        <div class='actions'>
          <Button look='danger' onPress={onEnd}>
            {endWords.end}
          </Button>
        </div>
      )}
    </SubPage>
  )
}
