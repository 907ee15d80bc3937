/** The sign-in page. Paste is allowed; the password goes to the session and is kept nowhere. */
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { AgentIntent, AgentView } from '../src/core/views.ts'
import { words } from './words.en.ts'

type SignInView = Extract<AgentView, { kind: 'signIn' }>

function textOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === 'string' ? value : ''
}

export function SignIn({ view, intend }: { view: SignInView; intend: (intent: AgentIntent) => void }): JSX.Element {
  const trouble = troubleOf(view)
  const alert = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    if (trouble) alert.current?.focus()
  }, [trouble])
  const submit = (event: JSX.TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    intend({ kind: 'signIn', agent: textOf(form, 'agent').trim(), password: textOf(form, 'password') })
  }
  return (
    <main class='card-page'>
      <form class='sheet' onSubmit={submit} aria-describedby='lead'>
        <h1>{words.signInTitle}</h1>
        <p id='lead' class='muted'>
          {words.signInLead}
        </p>
        {trouble && (
          <p class='trouble' role='alert' tabIndex={-1} ref={alert}>
            {trouble}
          </p>
        )}
        <label for='agent'>{words.name}</label>
        <input id='agent' name='agent' autocomplete='username' autocapitalize='none' spellcheck={false} required />
        <label for='password'>{words.password}</label>
        <input id='password' name='password' type='password' autocomplete='current-password' required />
        <button type='submit' class='button button-primary' disabled={view.busy}>
          {view.busy ? words.signingIn : words.signIn}
        </button>
      </form>
    </main>
  )
}

function troubleOf(view: SignInView): string | null {
  if (view.retryAfterMs !== null) return words.signInLater(Math.ceil(view.retryAfterMs / 1000))
  return view.wrong ? words.signInWrong : null
}
