/** A question to the customer, in the exact words that are signed: two equal answers, nothing chosen beforehand, and closing it is "not now". */
import type { PromptView } from '../src/core/views.ts'
import { promptWords } from '../src/i18n/en.ts'
import { Button, IconButton } from '../src/ui/Button.tsx'
import type { Intend } from './intents.ts'

export interface PromptCardProps {
  readonly prompt: PromptView | null
  readonly intend: Intend
}

/** The region is there before the question, so that a screen reader hears it come; it takes no focus from what is being written. */
export function PromptCard({ prompt, intend }: PromptCardProps) {
  return <div aria-live='polite'>{prompt === null ? null : <Card key={prompt.id} prompt={prompt} intend={intend} />}</div>
}

function Card({ prompt, intend }: { readonly prompt: PromptView; readonly intend: Intend }) {
  const answer = (given: 'given' | 'refused' | 'deferred') => () => intend({ kind: 'answer', request: prompt.id, answer: given })
  return (
    <section class='prompt' aria-labelledby='prompt-title'>
      <div class='prompt-head'>
        <h2 class='strong' id='prompt-title'>
          {promptWords.title}
        </h2>
        <IconButton icon='cross' label={promptWords.notNow} onPress={answer('deferred')} />
      </div>
      {prompt.paragraphs.map((paragraph) => (
        <p key={paragraph} dir='auto'>
          {paragraph}
        </p>
      ))}
      {prompt.more.length === 0 ? null : (
        <details>
          <summary>{promptWords.more}</summary>
          {prompt.more.map((paragraph) => (
            <p key={paragraph} dir='auto'>
              {paragraph}
            </p>
          ))}
        </details>
      )}
      <fieldset class='pair answers'>
        <legend class='visually-hidden'>{promptWords.answer}</legend>
        <Button onPress={answer('refused')}>{promptWords.refuse}</Button>
        <Button onPress={answer('given')}>{promptWords.allow}</Button>
      </fieldset>
    </section>
  )
}
