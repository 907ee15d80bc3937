/** The notice, once for each conversation: the exact paragraphs of the policy and two equal answers. */
import { noticeWords } from '../src/i18n/en.ts'
import { Button } from '../src/ui/Button.tsx'
import { Head, VerifiedSeal } from './Head.tsx'
import type { Intend, NoticeScreenView } from './intents.ts'

export interface NoticeScreenProps {
  readonly view: NoticeScreenView
  readonly intend: Intend
  readonly onIdentity: () => void
  readonly onPrivacy: () => void
}

export function NoticeScreen({ view, intend, onIdentity, onPrivacy }: NoticeScreenProps) {
  return (
    <>
      <Head intend={intend} onPrivacy={onPrivacy}>
        <div class='head-text'>
          <p class='head-title'>
            <bdi>{view.organisation.name}</bdi>
          </p>
          <VerifiedSeal organisation={view.organisation} onOpen={onIdentity} />
        </div>
      </Head>
      <main class='page page-centre'>
        <h1 tabIndex={-1} data-first>
          {noticeWords.title}
        </h1>
        <Languages view={view} intend={intend} />
        <div class='notice-text' lang={view.notice.language}>
          <Paragraphs of={view.notice.paragraphs} />
          {view.notice.more.length > 0 && (
            <details class='more'>
              <summary lang='en'>{noticeWords.more}</summary>
              <Paragraphs of={view.notice.more} />
            </details>
          )}
        </div>
        <Answers starting={view.starting} intend={intend} />
        <p class='small muted'>
          {noticeWords.otherWays}: <bdi>{view.notice.contact}</bdi>
        </p>
      </main>
    </>
  )
}

function Paragraphs({ of }: { readonly of: readonly string[] }) {
  return of.map((paragraph) => (
    <p key={paragraph} dir='auto'>
      {paragraph}
    </p>
  ))
}

/** Each language by its own name, so that who needs it can read it. */
function Languages({ view, intend }: { readonly view: NoticeScreenView; readonly intend: Intend }) {
  const { language, languages } = view.notice
  if (languages.length < 2) return null
  return (
    <fieldset class='languages'>
      <legend class='visually-hidden'>{noticeWords.language}</legend>
      {languages.map((each) => (
        <button
          key={each}
          type='button'
          lang={each}
          class='button button-ghost button-small'
          aria-pressed={each === language}
          aria-disabled={view.starting}
          onClick={() => view.starting || intend({ kind: 'speak', language: each })}
        >
          {ownName(each)}
        </button>
      ))}
    </fieldset>
  )
}

const ownName = (language: string): string => new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language

/** Same element, same size, same look: neither answer is made easier than the other. */
function Answers({ starting, intend }: { readonly starting: boolean; readonly intend: Intend }) {
  return (
    <fieldset class='pair answers'>
      <legend class='visually-hidden'>{noticeWords.answer}</legend>
      <Button disabled={starting} onPress={() => intend({ kind: 'notNow' })}>
        {noticeWords.notNow}
      </Button>
      <Button disabled={starting} onPress={() => intend({ kind: 'start' })}>
        {starting ? noticeWords.starting : noticeWords.start}
      </Button>
    </fieldset>
  )
}
