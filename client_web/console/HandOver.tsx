/** Handing a chat over to a colleague of the desk: who is online, what it means, and how it stands. */
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'

import type { AgentChat, AgentIntent, HandoffView, OfferView } from '../src/core/views.ts'
import { Button } from '../src/ui/Button.tsx'
import { deskName } from '../src/ui/deskName.ts'
import { words } from './words.en.ts'

type Intend = (intent: AgentIntent) => void

/** The button in the head of a chat, with its dialog. */
export function HandOver({ chat, intend }: { readonly chat: AgentChat; readonly intend: Intend }): JSX.Element {
  const asks = useRef<HTMLDialogElement>(null)
  const { conversation } = chat
  const open = (): void => {
    intend({ kind: 'listColleagues', conversation })
    asks.current?.showModal()
  }
  const hand = (to: string | null): void => {
    asks.current?.close()
    intend({ kind: 'handOff', conversation, to })
  }
  return (
    <span data-hand-over>
      <Button onPress={open}>
        {words.handOverShort}
        <span class='phone-gone'>
          {words.handOverRest} <kbd>T</kbd>
        </span>
      </Button>
      <dialog ref={asks} aria-label={words.handOver}>
        <h2>{words.handOver}</h2>
        <p>{words.handOverLead}</p>
        <Colleagues chat={chat} hand={hand} />
        <Button onPress={() => asks.current?.close()}>{words.handOverNo}</Button>
      </dialog>
    </span>
  )
}

function Colleagues({ chat, hand }: { readonly chat: AgentChat; readonly hand: (to: string | null) => void }): JSX.Element {
  const { colleagues } = chat
  if (colleagues === null || colleagues.length === 0) {
    return <p role='status'>{colleagues === null ? words.colleaguesAsking : words.nobodyThere(deskName(chat.desk))}</p>
  }
  return (
    <ul class='choices' aria-label={words.colleagues(deskName(chat.desk))}>
      {colleagues.map(({ agent, name }) => (
        <li key={agent}>
          <Button onPress={() => hand(agent)}>{words.handTo(name)}</Button>
        </li>
      ))}
      {colleagues.length > 1 && (
        <li>
          <Button onPress={() => hand(null)}>{words.handToAnyone}</Button>
        </li>
      )}
    </ul>
  )
}

/** How the handoff of the open chat stands. */
export function HandoffState({ chat, intend }: { readonly chat: AgentChat; readonly intend: Intend }): JSX.Element {
  const { handoff, conversation } = chat
  return (
    <div role='status'>
      {handoff !== null && (
        <div class='handoff'>
          <p>{sentence(handoff)}</p>
          {handoff.state !== 'changing' && (
            <Button onPress={() => intend({ kind: 'callOff', conversation })}>
              {handoff.state === 'ended' ? words.dismiss : words.keepIt}
            </Button>
          )}
        </div>
      )}
    </div>
  )
}

function sentence(handoff: HandoffView): string {
  switch (handoff.state) {
    case 'asked':
      return words.handoffAsked(handoff.taker)
    case 'accepted':
      return words.handoffAccepted(handoff.taker ?? '')
    case 'changing':
      return handoff.isGiver ? words.handingOver(handoff.taker) : words.takingOver(handoff.giver)
    case 'ended':
      return words.handoffEnded(handoff.why, handoff.taker)
  }
}

/** What colleagues hand over to whoever sits here. */
export function Offers({
  offers,
  intend,
  busy,
}: {
  readonly offers: readonly OfferView[]
  readonly intend: Intend
  readonly busy: boolean
}) {
  return (
    <div role='status' aria-label={words.offers}>
      {offers.map(({ conversation, desk, giver }) => (
        <section key={conversation} class='offer' aria-label={words.offerTitle(giver)}>
          <p class='strong'>{words.offerTitle(giver)}</p>
          <p class='small'>{words.offerLead(deskName(desk))}</p>
          <div class='pair'>
            <Button onPress={() => intend({ kind: 'declineOffer', conversation })}>{words.offerNo}</Button>
            <Button disabled={busy} onPress={() => intend({ kind: 'take', desk, conversation })}>
              {words.offerYes}
            </Button>
          </div>
        </section>
      ))}
    </div>
  )
}
