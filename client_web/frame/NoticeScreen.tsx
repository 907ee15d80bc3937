/** The notice, once for each conversation: the exact paragraphs of the policy and two equal answers. */
import { noticeWords } from '../src/i18n/en.ts'
import { Button } from '../src/ui/Button.tsx'
import { Head, VerifiedSeal } from './Head.tsx'
import type { Intend, NoticeScreenView } from './intents.ts'

export interface NoticeScreenProps {
  readonly view: NoticeScreenView
  readonly intend: Intend
  readonly onIdentity: () => void
}

export function NoticeScreen({ view, intend, onIdentity }: NoticeScreenProps) {
  return (
    <>
      <Head intend={intend}>
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
        {view.notice.paragraphs.map((paragraph) => (
          <p key={paragraph} dir='auto'>
            {paragraph}
          </p>
        ))}
        <Answers starting={view.starting} intend={intend} />
        <p class='small muted'>
          {noticeWords.otherWays}: <bdi>{view.notice.contact}</bdi>
        </p>
      </main>
    </>
  )
}

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
