/** "Need longer?" and the card behind it: the policy's words, two equal answers, nothing chosen beforehand. No clock counts down. */
import { longerWords } from '../src/i18n/longer.en.ts'
import { Button } from '../src/ui/Button.tsx'
import type { ChatView, Intend } from './intents.ts'

export interface LongerProps {
  readonly chat: ChatView
  readonly intend: Intend
}

/** In the chat from an hour before the end on, in the privacy centre at any time. */
export function NeedLonger({ chat: { longer }, intend }: LongerProps) {
  if (!longer.isOffered) return null
  return (
    <Button look='ghost' onPress={() => intend({ kind: 'longer', act: longer.card === null ? 'ask' : 'drop' })}>
      {longerWords.need}
    </Button>
  )
}

/** The region is there before the card, so that a screen reader hears it come; the pressed button keeps the focus. */
export function LongerCard({ chat: { longer }, intend, place }: LongerProps & { readonly place: 'chat' | 'privacy' }) {
  return (
    <div aria-live='polite'>
      {longer.isSending ? <p class='status'>{longerWords.sending}</p> : null}
      {longer.card === null ? null : <Card id={`longer-${place}`} paragraphs={longer.card} intend={intend} />}
    </div>
  )
}

/** The chat stays behind the privacy centre, with a card of its own. */
function Card({ id, paragraphs, intend }: { readonly id: string; readonly paragraphs: readonly string[]; readonly intend: Intend }) {
  const answer = (act: 'keep' | 'drop') => () => intend({ kind: 'longer', act })
  return (
    <section class='prompt' aria-labelledby={id}>
      <h2 class='strong' id={id}>
        {longerWords.title}
      </h2>
      {paragraphs.map((paragraph) => (
        <p key={paragraph} dir='auto'>
          {paragraph}
        </p>
      ))}
      <fieldset class='pair answers'>
        <legend class='visually-hidden'>{longerWords.answer}</legend>
        <Button onPress={answer('drop')}>{longerWords.notNow}</Button>
        <Button onPress={answer('keep')}>{longerWords.keep}</Button>
      </fieldset>
    </section>
  )
}
