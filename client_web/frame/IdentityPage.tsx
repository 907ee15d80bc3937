/** How we know who this is, and what that does not prove. */
import type { Organisation } from '../src/core/views.ts'
import { identityWords } from '../src/i18n/en.ts'
import { Words } from '../src/ui/Words.tsx'
import { calendarDay } from '../src/ui/when.ts'
import { SubPage } from './SubPage.tsx'

export function IdentityPage({ organisation, onBack }: { readonly organisation: Organisation; readonly onBack: () => void }) {
  return (
    <SubPage title={identityWords.title(organisation.name)} onBack={onBack}>
      <p>{identityWords.belongs(organisation.name, calendarDay(organisation.checkedAt))}</p>
      <div class='section'>
        <h2>{identityWords.wordsTitle}</h2>
        <Words words={organisation.words} />
        <p class='small'>{identityWords.wordsStay}</p>
      </div>
      <p class='small muted'>{identityWords.limits}</p>
    </SubPage>
  )
}
