/** Nothing is known yet, and nothing was sent. */
import { widgetWords } from '../src/i18n/en.ts'
import { Head } from './Head.tsx'
import type { Intend } from './intents.ts'

export function CheckingScreen({ intend, onPrivacy }: { readonly intend: Intend; readonly onPrivacy: () => void }) {
  return (
    <>
      <Head intend={intend} onPrivacy={onPrivacy}>
        <p class='head-text head-sub'>{widgetWords.unconfirmed}</p>
      </Head>
      <main class='page page-centre'>
        <h1 class='with-icon' tabIndex={-1} data-first>
          <span class='pulse' aria-hidden='true' /> {widgetWords.checking}
        </h1>
        <p class='muted'>{widgetWords.checkingDetail}</p>
      </main>
    </>
  )
}
