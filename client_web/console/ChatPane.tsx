/** The open conversation: who can read in its head, the log, the composer. */
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'

import type { AgentChat, AgentIntent } from '../src/core/views.ts'
import { chatWords, composerWords } from '../src/i18n/en.ts'
import { Announcer } from '../src/ui/Announcer.tsx'
import { Button } from '../src/ui/Button.tsx'
import { Composer } from '../src/ui/Composer.tsx'
import { Icon } from '../src/ui/icons.tsx'
import { MessageList } from '../src/ui/MessageList.tsx'
import { ProblemCard } from '../src/ui/ProblemCard.tsx'
import { AskCustomer, AskedList } from './AskCustomer.tsx'
import { HandOver, HandoffState } from './HandOver.tsx'
import { isOver } from './stages.ts'
import { words } from './words.en.ts'

export interface ChatPaneProps {
  readonly chat: AgentChat | null
  /** This device can write nowhere any more. */
  readonly revoked: boolean
  readonly intend: (intent: AgentIntent) => void
  readonly onReaders: () => void
}

export function ChatPane({ chat, revoked, intend, onReaders }: ChatPaneProps): JSX.Element {
  if (chat === null) {
    return (
      <section class='chat' id='conversation' aria-label={words.conversation}>
        <p class='chat-empty'>{words.nothingOpen}</p>
      </section>
    )
  }
  const { conversation } = chat
  return (
    <section class='chat' id='conversation' aria-label={chat.label}>
      <ChatHead chat={chat} intend={intend} onReaders={onReaders} />
      <HandoffState chat={chat} intend={intend} />
      {chat.problem && <ProblemCard problem={chat.problem} heading='h2' />}
      {chat.ask && <AskedList ask={chat.ask} />}
      <MessageList
        key={conversation}
        entries={chat.entries}
        onRetry={isOver(chat) || isBroken(chat) ? null : (id) => intend({ kind: 'retry', conversation, id })}
        after={<AfterEntries chat={chat} />}
      />
      <Announcer key={`${conversation}-said`} entries={chat.entries} />
      {isOver(chat) ? (
        <p class='composer composer-hint'>{chat.stage === 'gone' ? words.goneLead : chatWords.closedTitle}</p>
      ) : (
        <Composer
          key={`${conversation}-draft`}
          waiting={revoked ? words.deviceRevokedLead : whyNot(chat)}
          draft={chat.draft}
          onDraft={(text) => intend({ kind: 'draft', conversation, text })}
          onSend={(text) => intend({ kind: 'send', conversation, text })}
        />
      )}
    </section>
  )
}

/** Where the customer's device stands, when that is why nothing moves. */
function AfterEntries({ chat }: { readonly chat: AgentChat }): JSX.Element {
  if (chat.handoff?.state === 'changing') return <div role='status' />
  const said = chat.stage === 'proposed' ? (chat.away ? words.awayProposed : words.waitingForDevice) : chat.away ? words.awayInChat : null
  return <div role='status'>{isOver(chat) || said === null ? null : <p class='status'>{said}</p>}</div>
}

const isGuest = ({ readers }: AgentChat): boolean => readers.some(({ me, decision }) => me && decision !== null)

const isBroken = (chat: AgentChat): boolean => chat.problem?.code === 'conversation_broken' || chat.problem?.code === 'relay_set_back'

function whyNot(chat: AgentChat): string | null {
  if (isBroken(chat)) return composerWords.over
  if (chat.handoff?.state === 'changing') return words.keysChanging
  if (chat.stage === 'left') return words.answeringLeft
  return chat.stage === 'active' ? null : words.waitingForDevice
}

function ChatHead({ chat, intend, onReaders }: Omit<ChatPaneProps, 'revoked'> & { readonly chat: AgentChat }): JSX.Element {
  const asks = useRef<HTMLDialogElement>(null)
  return (
    <header class='chat-head'>
      <span class='only-phone'>
        <Button look='ghost' onPress={() => intend({ kind: 'show', conversation: null })}>
          <Icon name='back' /> <span class='visually-hidden'>{words.back}</span>
        </Button>
      </span>
      <div class='grow'>
        <h2 class='chat-name'>
          <bdi>{chat.label}</bdi>
        </h2>
        {chat.stage === 'gone' ? (
          <p class='small muted strong'>{words.gone}</p>
        ) : (
          <p class='small verified strong with-icon'>
            <Icon name='shield' small />
            {words.encrypted(chat.readers.length)}
          </p>
        )}
      </div>
      <span class='only-narrow'>
        <Button onPress={onReaders}>
          <Icon name='people' />
          <span class='phone-hidden'>{words.whoReads}</span>
        </Button>
      </span>
      {!isOver(chat) && !isGuest(chat) && (
        <span class='chat-acts'>
          {chat.stage === 'active' && chat.ask !== null && chat.ask.moments.length > 0 && (
            <AskCustomer conversation={chat.conversation} ask={chat.ask} intend={intend} />
          )}
          {chat.stage === 'active' && chat.handoff === null && <HandOver chat={chat} intend={intend} />}
          <span data-close-chat>
            <Button onPress={() => asks.current?.showModal()}>
              {words.closeShort}
              <span class='phone-gone'>
                {words.closeRest} <kbd>E</kbd>
              </span>
            </Button>
          </span>
        </span>
      )}
      <dialog ref={asks} aria-label={words.close}>
        <p>{words.closeAsk}</p>
        <div class='pair'>
          <Button onPress={() => asks.current?.close()}>{words.closeNo}</Button>
          <Button
            onPress={() => {
              asks.current?.close()
              intend({ kind: 'close', conversation: chat.conversation })
            }}
          >
            {words.closeYes}
          </Button>
        </div>
      </dialog>
    </header>
  )
}
