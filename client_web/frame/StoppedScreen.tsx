/** The widget stopped: why, and the one thing that can be done about it here. */
import type { ProblemCode } from '../src/core/views.ts'
import { chatWords, problemActions, widgetWords } from '../src/i18n/en.ts'
import { Button } from '../src/ui/Button.tsx'
import { Icon } from '../src/ui/icons.tsx'
import { ProblemCard } from '../src/ui/ProblemCard.tsx'
import { Head } from './Head.tsx'
import type { Intend, StoppedView, WidgetIntent } from './intents.ts'

export interface StoppedScreenProps {
  readonly view: StoppedView
  readonly intend: Intend
  readonly onPrivacy: () => void
}

export function StoppedScreen({ view, intend, onPrivacy }: StoppedScreenProps) {
  const way = wayOn(view.problem.code)
  return (
    <>
      <Head intend={intend} onPrivacy={onPrivacy}>
        <StoppedTitle view={view} />
      </Head>
      <main class='page page-centre'>
        <div tabIndex={-1} data-first>
          <ProblemCard problem={view.problem} heading='h1'>
            {way === null ? null : <Button onPress={() => intend(way.intent)}>{way.label}</Button>}
          </ProblemCard>
        </div>
      </main>
    </>
  )
}

function StoppedTitle({ view }: { readonly view: StoppedView }) {
  if (view.organisation === null) return <p class='head-text head-sub'>{widgetWords.unconfirmed}</p>
  return (
    <div class='head-text'>
      <p class='head-title'>
        <bdi>{view.organisation.name}</bdi>
      </p>
      <p class='seal'>
        <Icon name='shield' small />
        {widgetWords.verified(view.organisation.name)}
      </p>
    </div>
  )
}

function wayOn(code: ProblemCode): { readonly label: string; readonly intent: WidgetIntent } | null {
  switch (code) {
    case 'another_tab':
      return { label: problemActions.useHere, intent: { kind: 'useHere' } }
    case 'chat_lost':
      return { label: chatWords.startNew, intent: { kind: 'forget' } }
    case 'conversation_broken':
    case 'continued_elsewhere':
    case 'relay_set_back':
      return { label: chatWords.forget, intent: { kind: 'forget' } }
    case 'relay_unreachable':
    case 'trust_expired':
    case 'refused':
    case 'reconnecting':
    case 'agent_unconfirmed':
      return { label: widgetWords.tryAgain, intent: { kind: 'open' } }
    case 'organisation_unconfirmed':
    case 'policy_unlisted':
      return { label: widgetWords.close, intent: { kind: 'closePanel' } }
    case 'no_secure_context':
    case 'no_storage':
    case 'old_browser':
      return null
  }
}
