/** Whoever was let in by a decision of their own stays in sight while they can read, and is sent away with one press: as many as letting them in took. */
import { faceWords, promptWords } from '../src/i18n/en.ts'
import { Button } from '../src/ui/Button.tsx'
import { deskName } from '../src/ui/deskName.ts'
import type { ChatView, Intend } from './intents.ts'

export function Guests({ chat, intend }: { readonly chat: ChatView; readonly intend: Intend }) {
  const guests = chat.stage === 'closed' ? [] : chat.readers.filter(({ decision }) => decision !== null)
  if (guests.length === 0) return null
  return (
    <section aria-label={promptWords.guests}>
      <ul class='guests'>
        {guests.map(({ id, name, face, desk, decision }) => (
          <li key={id} class='guest'>
            <p class='small'>
              <bdi class='strong'>{name}</bdi> · {faceWords(face, deskName(desk))} · {promptWords.canRead}
            </p>
            <Button label={promptWords.stopOf(name)} onPress={() => decision !== null && intend({ kind: 'withdraw', decision })}>
              {promptWords.stop}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}
