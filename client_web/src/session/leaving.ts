/** A message left for whoever is on call, at the customer's device: offered while nobody is there, asked for by the customer alone. */
import type { CustomerView } from '../core/views.ts'
import type { OnCall } from '../wire/generated/frames.ts'
import { Refused } from '../wire/refused.ts'
import { type Link, LinkLost } from './link.ts'

export type LeaveView = Extract<CustomerView, { readonly kind: 'chat' }>['leave']

interface World {
  readonly link: Link
  changed(): void
  /** Keeps whom the relay names, and lets them in. */
  letIn(answer: OnCall): Promise<void>
}

export class Leaving {
  readonly #world: World
  #state: 'open' | 'asking' | 'nobody' = 'open'

  constructor(world: World) {
    this.#world = world
  }

  /** `isAlone`: the customer waits and nobody of the desk is there. `isLettingIn`: those on call are on their way in. */
  view({ isAlone, isLettingIn }: { readonly isAlone: boolean; readonly isLettingIn: boolean }): LeaveView {
    if (this.#state === 'asking' || isLettingIn) return 'asking'
    return !isAlone ? 'not_now' : this.#state === 'nobody' ? 'nobody' : 'offered'
  }

  async ask(conversation: Uint8Array): Promise<void> {
    const { link, letIn, changed } = this.#world
    this.#state = 'asking'
    changed()
    try {
      const answer = await link.ask({ tag: 'leave', conversation })
      if (answer.tag === 'on_call') await letIn(answer)
      this.#state = 'open'
    } catch (error) {
      if (!(error instanceof Refused || error instanceof LinkLost)) throw error
      this.#state = error instanceof Refused && error.code === 'not_found' ? 'nobody' : 'open'
    } finally {
      if (this.#state === 'asking') this.#state = 'open'
      changed()
    }
  }
}
