/** Asking the customer to let somebody in: what for, who, and the exact card they will read. Nothing is chosen beforehand. */
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'

import type { AskView, CandidateView } from '../src/core/askViews.ts'
import type { AgentIntent } from '../src/core/views.ts'
import { Button } from '../src/ui/Button.tsx'
import { clockTime } from '../src/ui/when.ts'
import { words } from './words.en.ts'

export interface AskCustomerProps {
  readonly conversation: string
  readonly ask: AskView
  readonly intend: (intent: AgentIntent) => void
}

export function AskCustomer({ conversation, ask, intend }: AskCustomerProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const [moment, setMoment] = useState<string | null>(null)
  const [device, setDevice] = useState<string | null>(null)
  const found = ask.found !== null && ask.found.moment === moment ? ask.found.candidates : null
  const chosen = found?.find((each) => each.device === device) ?? null
  const open = () => {
    setMoment(null)
    setDevice(null)
    dialog.current?.showModal()
  }
  const choose = (next: string) => {
    setMoment(next)
    setDevice(null)
    intend({ kind: 'find', conversation, moment: next })
  }
  const send = () => {
    if (moment === null || chosen === null) return
    intend({ kind: 'ask', conversation, moment, device: chosen.device })
    dialog.current?.close()
  }
  return (
    <>
      <span data-ask>
        <Button onPress={open}>{words.ask}</Button>
      </span>
      <dialog ref={dialog} class='ask' aria-label={words.askTitle}>
        <h2>{words.askTitle}</h2>
        <p class='small muted'>{words.askLead}</p>
        <Choice
          legend={words.askWhat}
          name='moment'
          options={ask.moments.map((each) => [each, words.moment(each)])}
          chosen={moment}
          onChoose={choose}
        />
        {found === null ? null : <Candidates found={found} chosen={device} onChoose={setDevice} />}
        {chosen === null ? null : <Preview candidate={chosen} />}
        <div class='pair'>
          <Button onPress={() => dialog.current?.close()}>{words.askCancel}</Button>
          <Button disabled={chosen === null} onPress={send}>
            {words.askSend}
          </Button>
        </div>
      </dialog>
    </>
  )
}

interface ChoiceProps {
  readonly legend: string
  readonly name: string
  readonly options: readonly (readonly [value: string, label: string])[]
  readonly chosen: string | null
  readonly onChoose: (value: string) => void
}

function Choice({ legend, name, options, chosen, onChoose }: ChoiceProps): JSX.Element {
  return (
    <fieldset>
      <legend class='strong'>{legend}</legend>
      {options.map(([value, label]) => (
        <label key={value}>
          <input type='radio' name={name} value={value} checked={chosen === value} onChange={() => onChoose(value)} />
          <bdi>{label}</bdi>
        </label>
      ))}
    </fieldset>
  )
}

interface CandidatesProps {
  readonly found: readonly CandidateView[]
  readonly chosen: string | null
  readonly onChoose: (device: string) => void
}

function Candidates({ found, chosen, onChoose }: CandidatesProps): JSX.Element {
  if (found.length === 0) return <p role='status'>{words.askNobody}</p>
  const options = found.map(({ device, name, label }) => [device, `${name} · ${label}`] as const)
  return <Choice legend={words.askWho} name='device' options={options} chosen={chosen} onChoose={onChoose} />
}

function Preview({ candidate }: { readonly candidate: CandidateView }): JSX.Element {
  return (
    <section class='ask-card' aria-label={words.askCard}>
      <h3 class='strong'>{words.askCard}</h3>
      {candidate.paragraphs.map((paragraph) => (
        <p key={paragraph} dir='auto'>
          {paragraph}
        </p>
      ))}
    </section>
  )
}

/** Where each question stands. */
export function AskedList({ ask }: { readonly ask: AskView }): JSX.Element | null {
  if (ask.requests.length === 0) return null
  return (
    <ul class='asked small' aria-label={words.asked} aria-live='polite'>
      {ask.requests.map(({ id, moment, who, standing, at }) => (
        <li key={id}>
          <bdi class='strong'>{who}</bdi> · {words.moment(moment)} · {words.standing(standing)} · {clockTime(at)}
        </li>
      ))}
    </ul>
  )
}
