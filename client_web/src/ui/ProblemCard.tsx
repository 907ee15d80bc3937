/** A problem in words: what happened, what we did, what to do, and a code to quote. */
import type { ComponentChildren } from 'preact'

import type { Problem, ProblemCode } from '../core/views.ts'
import { problemActions, problemWords } from '../i18n/en.ts'
import { Icon } from './icons.tsx'

/** Red is kept for what may be an attack; the rest is amber. */
const RED: ReadonlySet<ProblemCode> = new Set(['organisation_unconfirmed', 'policy_unlisted', 'agent_unconfirmed', 'conversation_broken'])

export interface ProblemCardProps {
  readonly problem: Problem
  /** The level of its heading on the screen it stands on. */
  readonly heading: 'h1' | 'h2'
  readonly children?: ComponentChildren
}

export function ProblemCard({ problem, heading: Heading, children }: ProblemCardProps) {
  const words = problemWords[problem.code]
  const red = RED.has(problem.code)
  return (
    <section class={red ? 'card card-red' : 'card card-amber'} role='alert'>
      <Heading class='card-title'>
        <Icon name={red ? 'stop' : 'warning'} />
        {words.title}
      </Heading>
      <p>
        {words.happened} {words.did}
      </p>
      <p class='strong'>{words.todo}</p>
      <p class='small muted'>
        {problemActions.quote}: <bdi class='code'>{quoted(problem)}</bdi>
      </p>
      {children ? <div class='card-actions'>{children}</div> : null}
    </section>
  )
}

function quoted(problem: Problem): string {
  return problem.detail === '' ? problem.code : `${problem.code} · ${problem.detail}`
}
