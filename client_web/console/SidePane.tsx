/** Right pane: who can read the open conversation, the words to compare, and what this page does not promise. */
import type { JSX } from 'preact'

import type { AgentChat, Organisation } from '../src/core/views.ts'
import { Button } from '../src/ui/Button.tsx'
import { Roster } from '../src/ui/Roster.tsx'
import { Words } from '../src/ui/Words.tsx'
import { words } from './words.en.ts'

export interface SidePaneProps {
  readonly chat: AgentChat | null
  readonly organisation: Organisation
  readonly shown: boolean
  readonly onClose: () => void
}

export function SidePane({ chat, organisation, shown, onClose }: SidePaneProps): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <aside class={shown ? 'side shown' : 'side'} aria-label={words.whoReads} tabIndex={0}>
      <span class='only-narrow'>
        <Button onPress={onClose}>{words.back}</Button>
      </span>
      {chat && (
        <section>
          <h2>{words.whoReads}</h2>
          {chat.stage === 'gone' ? (
            <p class='small muted'>{words.goneReaders}</p>
          ) : (
            <Roster organisation={organisation} readers={chat.readers} words={chat.words} />
          )}
        </section>
      )}
      <section>
        <h2>{words.organisation}</h2>
        <p class='strong'>
          <bdi>{organisation.name}</bdi>
        </p>
        <Words words={organisation.words} />
        <p class='small muted'>{words.organisationLead}</p>
        <p class='small muted'>{words.served}</p>
      </section>
    </aside>
  )
}
