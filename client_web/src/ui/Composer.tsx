/** Where a message is written: grows to five lines, Enter sends, Shift and Enter starts a line. The text stays until it was handed over. */
import type { TargetedKeyboardEvent } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'

import { composerWords } from '../i18n/en.ts'
import { Icon } from './icons.tsx'

/** The relay's limit for one message (`wire/sotto_wire/limits.py`, TEXT_CHARACTERS). */
export const TEXT_CHARACTERS = 8_000
const FIVE_LINES_PX = 140

export interface ComposerProps {
  readonly onSend: (text: string) => void
  /** Why nothing can be sent right now; writing stays possible. */
  readonly waiting: string | null
  /** What happens to what is sent now, when that is not the usual. */
  readonly note?: string | null
  /** What was typed before and not sent. */
  readonly draft?: string
  readonly onDraft?: (text: string) => void
}

export function Composer({ onSend, waiting, note = null, draft: kept = '', onDraft }: ComposerProps) {
  const [draft, show] = useState(kept)
  const setDraft = (text: string) => {
    show(text)
    onDraft?.(text)
  }
  const area = useRef<HTMLTextAreaElement>(null)
  const hint = useId()
  useLayoutEffect(() => fitHeight(area.current, draft), [draft])
  const tooLong = draft.length > TEXT_CHARACTERS
  const ready = waiting === null && !tooLong && draft.trim() !== ''
  const send = () => {
    area.current?.focus()
    if (!ready) return
    onSend(draft.trim())
    setDraft('')
  }
  return (
    <form class='composer' onSubmit={preventing(send)}>
      <div class='field'>
        <textarea
          ref={area}
          rows={1}
          dir='auto'
          value={draft}
          aria-label={composerWords.label}
          placeholder={composerWords.label}
          aria-describedby={hint}
          aria-invalid={tooLong}
          autocomplete='off'
          enterkeyhint='send'
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => sendsNow(event) && preventing(send)(event)}
        />
        <button type='submit' class='button button-primary button-icon send' aria-label={composerWords.send} aria-disabled={!ready}>
          <Icon name='up' />
        </button>
      </div>
      <Hint id={hint} said={waiting ?? note} tooLong={tooLong} />
    </form>
  )
}

function Hint({ id, said, tooLong }: { readonly id: string; readonly said: string | null; readonly tooLong: boolean }) {
  if (tooLong) {
    return (
      <p id={id} class='composer-hint composer-bad' role='alert'>
        {composerWords.tooLong(TEXT_CHARACTERS)}
      </p>
    )
  }
  return (
    <p id={id} class={said === null ? 'visually-hidden' : 'composer-hint'}>
      {said ?? composerWords.hint}
    </p>
  )
}

/** Enter while an input method composes a word chooses the word; it does not send. */
function sendsNow(event: TargetedKeyboardEvent<HTMLTextAreaElement>): boolean {
  return event.key === 'Enter' && !event.shiftKey && !event.isComposing
}

function preventing(act: () => void): (event: Event) => void {
  return (event) => {
    event.preventDefault()
    act()
  }
}

/** By CSSOM, because a style attribute is refused under a strict policy; browsers with `field-sizing` do it alone. */
function fitHeight(element: HTMLTextAreaElement | null, draft: string): void {
  if (!element || CSS?.supports?.('field-sizing', 'content')) return
  element.style.blockSize = 'auto'
  element.style.blockSize = draft === '' ? '44px' : `${Math.min(element.scrollHeight, FIVE_LINES_PX)}px`
}
