/** Ending takes two presses; the way back weighs as much as the way out. */
import { endWords } from '../src/i18n/en.ts'
import { Button } from '../src/ui/Button.tsx'
import { SubPage } from './SubPage.tsx'

export interface EndPageProps {
  readonly onBack: () => void
  readonly onEnd: () => void
}

export function EndPage({ onBack, onEnd }: EndPageProps) {
  return (
    <SubPage title={endWords.title} onBack={onBack}>
      <p>{endWords.detail}</p>
      <div class='pair'>
        <Button onPress={onBack}>{endWords.keep}</Button>
        <Button look='danger' onPress={onEnd}>
          {endWords.end}
        </Button>
      </div>
    </SubPage>
  )
}
