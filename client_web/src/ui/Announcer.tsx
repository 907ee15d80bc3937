/** The one polite live region for new entries. It must stay mounted, or the browser forgets that it is live. */
import { useEffect, useRef, useState } from 'preact/hooks'

import type { EntryView } from '../core/views.ts'
import { ANNOUNCE_EVERY_MS, announcement, freshEntries } from './announce.ts'

export function Announcer({ entries }: { readonly entries: readonly EntryView[] }) {
  const [text, setText] = useState('')
  const heard = useRef(new Set(entries.map((entry) => entry.id)))
  const newest = useRef(entries)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  newest.current = entries
  useEffect(() => {
    if (timer.current !== null || freshEntries(entries, heard.current).length === 0) return
    timer.current = setTimeout(() => {
      timer.current = null
      const fresh = freshEntries(newest.current, heard.current)
      for (const entry of fresh) heard.current.add(entry.id)
      const words = announcement(fresh)
      if (words !== null) setText(words)
    }, ANNOUNCE_EVERY_MS)
  }, [entries])
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current)
    },
    [],
  )
  return (
    <p class='visually-hidden' role='status' aria-live='polite'>
      {text}
    </p>
  )
}
