/** A file of every decision, for the customer: one tap from who can read, and after the end. */
import { saveWords } from '../src/i18n/en.ts'
import { Button } from '../src/ui/Button.tsx'
import type { ChatView, Intend } from './intents.ts'

/** Once the relay has the first decision there is something to save. */
export function SaveDecisions({ chat, intend }: { readonly chat: ChatView; readonly intend: Intend }) {
  if (chat.stage === 'opening') return null
  return (
    <div class='section'>
      <p class='small muted'>{saveWords.lead}</p>
      <Button onPress={() => intend({ kind: 'saveReceipts' })}>{saveWords.save}</Button>
    </div>
  )
}
