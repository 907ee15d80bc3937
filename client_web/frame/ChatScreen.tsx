/** The conversation: who is here, who can read, the log, and where to write. */
import { chatWords, clockWords, composerWords, endWords, faceWords, leaveWords, resendWords } from '../src/i18n/en.ts'
import { privacyWords } from '../src/i18n/privacy.en.ts'
import { Button } from '../src/ui/Button.tsx'
import { Composer } from '../src/ui/Composer.tsx'
import { deskName } from '../src/ui/deskName.ts'
import { Icon } from '../src/ui/icons.tsx'
import { MessageList } from '../src/ui/MessageList.tsx'
import { ProblemCard } from '../src/ui/ProblemCard.tsx'
import { initial, rosterSentence } from '../src/ui/Roster.tsx'
import { moment } from '../src/ui/when.ts'
import { Guests } from './Guests.tsx'
import { Head, VerifiedSeal } from './Head.tsx'
import { IncidentPanel } from './IncidentPanel.tsx'
import type { ChatView, Intend } from './intents.ts'
import { LongerCard, NeedLonger } from './Longer.tsx'
import { PromptCard } from './PromptCard.tsx'
import { SaveDecisions } from './SaveDecisions.tsx'
import { ShareCard } from './ShareCard.tsx'

export interface ChatScreenProps {
  readonly chat: ChatView
  readonly intend: Intend
  readonly open: boolean
  readonly onIdentity: () => void
  readonly onRoster: () => void
  readonly onPrivacy: () => void
  readonly onEnd: () => void
}

export function ChatScreen({ chat, intend, open, onIdentity, onRoster, onPrivacy, onEnd }: ChatScreenProps) {
  return (
    <>
      <ChatHead chat={chat} intend={intend} onIdentity={onIdentity} onPrivacy={onPrivacy} />
      <button type='button' class='strip' onClick={onRoster} aria-haspopup='true'>
        <Icon name='people' />
        <span class='strip-text'>{rosterSentence(chat.readers)}</span>
        <Icon name='next' small />
      </button>
      <Guests chat={chat} intend={intend} />
      <LinkBanner chat={chat} />
      <TermsBanner chat={chat} onPrivacy={onPrivacy} />
      <div role='status'>
        {chat.clockOff === 0 || chat.stage === 'closed' ? null : <p class='banner'>{clockWords.off(chat.clockOff)}</p>}
      </div>
      <IncidentPanel chat={chat} intend={intend} open={open} />
      <main class='chat-main'>
        <MessageList
          entries={chat.entries}
          alone={isAlone(chat)}
          onRetry={chat.stage === 'closed' || isBroken(chat) ? null : (id) => intend({ kind: 'retry', id })}
          before={<Safety />}
          after={<AfterEntries chat={chat} intend={intend} onEnd={onEnd} />}
        />
        <PromptCard prompt={chat.prompt} intend={intend} />
        <ShareCard share={chat.share} intend={intend} />
        <LongerCard chat={chat} intend={intend} place='chat' />
        {chat.stage === 'closed' ? <ClosedFoot chat={chat} intend={intend} /> : <OpenFoot chat={chat} intend={intend} onEnd={onEnd} />}
      </main>
    </>
  )
}

function ChatHead({ chat, intend, onIdentity, onPrivacy }: Pick<ChatScreenProps, 'chat' | 'intend' | 'onIdentity' | 'onPrivacy'>) {
  // Nobody has read a left message yet, so nobody of those on call stands at its head.
  const others = chat.stage === 'left' ? [] : chat.readers.filter(({ me }) => !me)
  const agent = others.find(({ face }) => face === 'agent') ?? others[0]
  const title = agent?.name ?? chat.organisation.name
  return (
    <Head intend={intend} onPrivacy={onPrivacy}>
      <span class='avatar' aria-hidden='true'>
        {initial(title)}
      </span>
      <div class='head-text'>
        <h1 class='head-title'>
          <span class='visually-hidden'>{chatWords.heading('')}</span>
          <bdi>{title}</bdi>{' '}
          <span class='head-sub'>
            {agent === undefined
              ? chatWords.desk(chat.deskLabel)
              : faceWords(agent.face, agent.face === 'agent' ? chat.deskLabel : deskName(agent.desk))}
          </span>
        </h1>
        <VerifiedSeal organisation={chat.organisation} onOpen={onIdentity} />
      </div>
    </Head>
  )
}

function LinkBanner({ chat }: { readonly chat: ChatView }) {
  const waiting = chat.entries.filter((entry) => entry.kind === 'message' && entry.standing === 'sending').length
  const words = chat.link === 'offline' ? chatWords.offline(waiting) : chatWords.connecting
  return <div role='status'>{chat.link === 'online' || chat.stage === 'closed' ? null : <p class='banner'>{words}</p>}</div>
}

/** Said before the next message, with what changed one press away. */
function TermsBanner({ chat, onPrivacy }: Pick<ChatScreenProps, 'chat' | 'onPrivacy'>) {
  const isNews = chat.stage !== 'closed' && (chat.centre.terms?.changes.length ?? 0) > 0
  return (
    <div role='status'>
      {isNews ? (
        <div class='banner with-icon'>
          {privacyWords.terms}.{' '}
          <Button look='ghost' onPress={onPrivacy}>
            {privacyWords.seeTerms}
          </Button>
        </div>
      ) : null}
    </div>
  )
}

function Safety() {
  return (
    <p class='safety'>
      <Icon name='shield' />
      {chatWords.safety}
    </p>
  )
}

function AfterEntries({ chat, intend, onEnd }: Pick<ChatScreenProps, 'chat' | 'intend' | 'onEnd'>) {
  const words = stageWords(chat)
  return (
    <>
      <div role='status'>{words === null ? null : <p class='status'>{words}</p>}</div>
      <LeaveQuestion chat={chat} intend={intend} />
      <ResendQuestion chat={chat} intend={intend} />
      {chat.problem === null ? null : (
        <ProblemCard problem={chat.problem} heading='h2'>
          {chat.problem.code === 'agent_unconfirmed' ? (
            <Button look='danger' onPress={onEnd}>
              {endWords.end}
            </Button>
          ) : null}
          {isBroken(chat) ? <Button onPress={() => intend({ kind: 'forget' })}>{chatWords.forget}</Button> : null}
        </ProblemCard>
      )}
    </>
  )
}

/** Nobody is there: the customer may leave a message, which lets in whoever is on call. Nothing happens by itself. */
function LeaveQuestion({ chat, intend }: Pick<ChatScreenProps, 'chat' | 'intend'>) {
  if (chat.leave === 'not_now') return null
  if (chat.leave === 'asking') return <p class='status'>{leaveWords.asking}</p>
  if (chat.leave === 'nobody') return <p class='status'>{leaveWords.nobody}</p>
  return (
    <section class='card'>
      <h2 class='card-title'>{leaveWords.title(chat.deskLabel)}</h2>
      <p>{leaveWords.detail(chat.deskLabel)}</p>
      <Button onPress={() => intend({ kind: 'leaveMessage' })}>{leaveWords.leave}</Button>
    </section>
  )
}

/** Two answers of equal weight: what was said to somebody who left is the customer's to say again, or not. */
function ResendQuestion({ chat: { resend }, intend }: Pick<ChatScreenProps, 'chat' | 'intend'>) {
  if (resend === null) return null
  return (
    <section class='card card-amber' role='alert'>
      <h2 class='card-title'>{resendWords.title}</h2>
      <p>{resendWords.happened(resend.count)}</p>
      <div class='pair'>
        <Button onPress={() => intend({ kind: 'resend', again: false })}>{resendWords.leave}</Button>
        <Button onPress={() => intend({ kind: 'resend', again: true })}>{resendWords.send(resend.to)}</Button>
      </div>
    </section>
  )
}

function stageWords(chat: ChatView): string | null {
  switch (chat.stage) {
    case 'opening':
      return chatWords.opening
    case 'waiting':
      return chat.deskAway
        ? chat.leave === 'offered'
          ? null
          : chatWords.nobody(chat.deskLabel)
        : `${chatWords.waiting(chat.deskLabel)} ${chatWords.ahead(chat.ahead)}`
    case 'left':
      return leftWords(chat)
    case 'proposed':
      return chatWords.proposed(chat.deskLabel)
    case 'active':
    case 'closed':
      return null
  }
}

/** That it is left, and the page may be closed, is said only once the relay has it. */
function leftWords({ entries, leave }: ChatView): string | null {
  const own = entries.filter((entry) => entry.kind === 'message' && entry.mine)
  if (leave === 'asking') return null
  if (own.length === 0) return leaveWords.write
  return own.some((entry) => entry.kind === 'message' && entry.standing === 'sending') ? leaveWords.sending : leaveWords.left
}

const OVER: ReadonlySet<string> = new Set(['conversation_broken', 'continued_elsewhere', 'chat_lost', 'relay_set_back'])

const isBroken = (chat: ChatView): boolean => chat.problem !== null && OVER.has(chat.problem.code)

/** What is written before somebody joins could be read by nobody: it waits on this device and is encrypted for whoever joins. */
const isAlone = (chat: ChatView): boolean => chat.stage !== 'closed' && chat.readers.every(({ me }) => me)

function OpenFoot({ chat, intend, onEnd }: Pick<ChatScreenProps, 'chat' | 'intend' | 'onEnd'>) {
  const note = isAlone(chat) && !isBroken(chat) ? composerWords.sentOnJoining(chat.deskLabel) : null
  return (
    <div>
      <Composer
        waiting={isBroken(chat) ? composerWords.over : null}
        note={note}
        draft={chat.draft}
        onDraft={(text) => intend({ kind: 'draft', text })}
        onSend={(text) => intend({ kind: 'send', text })}
      />
      <div class='chat-foot'>
        <div class='with-icon'>
          <Icon name='clock' small />
          <p aria-live='polite'>{chatWords.closes(moment(chat.closesAt))}</p>
          {chat.longer.isNear ? <NeedLonger chat={chat} intend={intend} /> : null}
        </div>
        <Button look='ghost' onPress={onEnd}>
          {endWords.end}
        </Button>
      </div>
    </div>
  )
}

function ClosedFoot({ chat, intend }: Pick<ChatScreenProps, 'chat' | 'intend'>) {
  return (
    <div class='foot' data-first tabIndex={-1}>
      <h2 class='strong'>{chatWords.closedTitle}</h2>
      <p class='small'>{chatWords.closedDetail}</p>
      <SaveDecisions chat={chat} intend={intend} />
      <Button onPress={() => intend({ kind: 'forget' })}>{chatWords.clear}</Button>
    </div>
  )
}
