/** A message from before this device came, as the customer shared it: it says so itself, so that nobody takes it for the log of the chat. */
import type { EntryView } from '../core/views.ts'
import { shareWords } from '../i18n/en.ts'
import { moment } from './when.ts'

export function EarlierMessage({ entry }: { readonly entry: Extract<EntryView, { kind: 'earlier' }> }) {
  return (
    <article class='entry entry-earlier'>
      <p class='from'>
        <bdi>{entry.whose === 'customer' ? shareWords.customer : entry.from}</bdi>
        {entry.whose === 'assistant' ? <span class='from-face'> · {shareWords.assistant}</span> : null}
      </p>
      <p class='bubble' dir='auto'>
        {entry.text}
      </p>
      <p class='meta'>
        <time dateTime={new Date(entry.at).toISOString()}>{moment(entry.at)}</time>
        <span>· {shareWords.label}</span>
      </p>
    </article>
  )
}
