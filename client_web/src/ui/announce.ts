/** What a screen reader hears of new entries: politely, at most one announcement in two seconds, never the history and never one's own words. */
import type { EntryView } from '../core/views.ts'
import { chatWords, faceWords, shareWords } from '../i18n/en.ts'
import { deskName } from './deskName.ts'
import { clockTime } from './when.ts'

export const ANNOUNCE_EVERY_MS = 2_000

/** Entries after the last one heard, in words; null when there is nothing to say. */
export function announcement(fresh: readonly EntryView[]): string | null {
  const said = fresh.flatMap((entry) => sentence(entry) ?? [])
  if (said.length > 3) return chatWords.newMessages(said.length)
  return said.length === 0 ? null : said.join('. ')
}

function sentence(entry: EntryView): string | null {
  switch (entry.kind) {
    case 'message':
      return entry.mine ? null : chatWords.said(entry.from, entry.text)
    case 'joined':
    case 'left':
      return `${entry.who} ${movement(entry)}`
    case 'shared':
      return sharedWords(entry)
    case 'earlier':
      return null
    case 'closed':
      return chatWords.closed(clockTime(entry.at))
    case 'reconnected':
      return chatWords.reconnected(clockTime(entry.at))
    case 'gap':
      return chatWords.gap
  }
}

/** What somebody did, to be said after their name. */
export function movement(entry: Extract<EntryView, { kind: 'joined' | 'left' }>): string {
  const at = clockTime(entry.at)
  return entry.kind === 'joined' ? chatWords.joined(faceWords(entry.face, deskName(entry.desk)), at) : chatWords.left(at)
}

/** That earlier messages were shared, to whoever reads it. */
export function sharedWords({ side, who, count, leftOut, standing }: Extract<EntryView, { kind: 'shared' }>): string {
  if (side === 'newcomer') return shareWords.newcomer(count, leftOut)
  if (side === 'other') return shareWords.other(who)
  if (standing === 'sent') return shareWords.giver(who, count, leftOut)
  return standing === 'sending' ? shareWords.sending(who) : shareWords.notSent(who)
}

/** The entries that were not there before; entries keep their ids and are only added. */
export function freshEntries(entries: readonly EntryView[], heard: ReadonlySet<string>): readonly EntryView[] {
  return entries.filter((entry) => !heard.has(entry.id))
}
