/** The device's own question once somebody was let in: two equal answers, nothing chosen beforehand, and closing it is "nothing". */
import type { Share } from '../src/core/views.ts'
import { shareWords } from '../src/i18n/en.ts'
import { Button, IconButton } from '../src/ui/Button.tsx'
import type { Intend } from './intents.ts'

export interface ShareCardProps {
  readonly share: Share | null
  readonly intend: Intend
}

/** The region is there before the question, so that a screen reader hears it come; it takes no focus from what is being written. */
export function ShareCard({ share, intend }: ShareCardProps) {
  return <div aria-live='polite'>{share === null ? null : <Card key={share.id} share={share} intend={intend} />}</div>
}

function Card({ share: { id, to, count }, intend }: { readonly share: Share; readonly intend: Intend }) {
  const answer = (wanted: boolean) => () => intend({ kind: 'share', with: id, wanted })
  return (
    <section class='prompt' aria-labelledby='share-title'>
      <div class='prompt-head'>
        <h2 class='strong' id='share-title'>
          {shareWords.title(to)}
        </h2>
        <IconButton icon='cross' label={shareWords.close} onPress={answer(false)} />
      </div>
      <p>{shareWords.detail(to, count)}</p>
      {/* "Nothing" stands where "Allow" stood a moment ago: a press too many shares nothing. */}
      <fieldset class='pair answers'>
        <legend class='visually-hidden'>{shareWords.answer}</legend>
        <Button onPress={answer(true)}>{shareWords.soFar}</Button>
        <Button onPress={answer(false)}>{shareWords.nothing}</Button>
      </fieldset>
    </section>
  )
}
