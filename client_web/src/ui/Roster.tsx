/** Who can read the conversation now, from the group's own list of keys, and the words to compare. Widget and console share it. */
import type { ConversationWords, Organisation, ReaderView } from '../core/views.ts'
import { faceWords, rosterWords } from '../i18n/en.ts'
import { deskName } from './deskName.ts'
import { Icon } from './icons.tsx'
import { Words } from './Words.tsx'
import { clockTime } from './when.ts'

export interface RosterProps {
  readonly organisation: Organisation
  readonly readers: readonly ReaderView[]
  readonly words: ConversationWords | null
}

export function Roster({ organisation, readers, words }: RosterProps) {
  return (
    <>
      <div class='section'>
        <ul class='people'>
          {readers.map((reader) => (
            <Reader key={reader.id} reader={reader} organisation={organisation} />
          ))}
        </ul>
        <p class='small muted'>{rosterWords.truth}</p>
      </div>
      <div class='section'>
        <h2 class='strong'>{rosterWords.wordsTitle}</h2>
        {words === null ? (
          <p class='small muted'>{rosterWords.noWords}</p>
        ) : (
          <>
            <p class='small'>{rosterWords.wordsWhy}</p>
            <Words words={words.words} />
            <p class='small muted'>{rosterWords.wordsEpoch(words.epoch)}</p>
          </>
        )}
      </div>
    </>
  )
}

function Reader({ reader, organisation }: { readonly reader: ReaderView; readonly organisation: Organisation }) {
  const since = rosterWords.since(clockTime(reader.since))
  const role = reader.face === 'customer' ? null : faceWords(reader.face, deskName(reader.desk))
  return (
    <li class='person'>
      <span class='avatar' aria-hidden='true'>
        {reader.face === 'customer' ? <Icon name='person' /> : initial(reader.name)}
      </span>
      <div class='person-text'>
        <bdi class='strong'>{readerName(reader)}</bdi>
        <p class='small muted'>{role === null ? since : `${role} · ${since}`}</p>
        {role === null ? null : (
          <p class='small verified strong with-icon'>
            <Icon name='shield' small />
            {rosterWords.certified(organisation.name)}
          </p>
        )}
      </div>
    </li>
  )
}

function readerName(reader: ReaderView): string {
  if (reader.me) return rosterWords.thisDevice
  return reader.face === 'customer' ? rosterWords.customer : reader.name
}

/** The first letter as a person would see it, also when it is several code points. */
export function initial(name: string): string {
  const first = new Intl.Segmenter().segment(name)[Symbol.iterator]().next()
  return first.done ? '?' : first.value.segment.toLocaleUpperCase()
}

/** The sentence that is always in sight; readers who are not the one who looks are named while there are few. */
export function rosterSentence(readers: readonly ReaderView[]): string {
  const others = readers.filter((reader) => !reader.me)
  const [only] = others
  if (only === undefined) return rosterWords.onlyYou
  return others.length === 1 ? rosterWords.two(readerName(only)) : rosterWords.many(readers.length)
}
