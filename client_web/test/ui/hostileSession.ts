/** A session whose every text is an injection, one after the other: what the widget shows when relay, agent and officer all mean harm. Never in a release. */

import type { PageConfig, Ports } from '../../src/core/ports.ts'
import type { CustomerIntent, CustomerView, Program } from '../../src/core/views.ts'
import { observable } from '../../src/session/observable.ts'
import { activeChat, aMessage, aNotice, anOrganisation } from './fixtures.ts'

declare global {
  /** Set by the test before the app starts its session. */
  var hostileTexts: readonly string[] | undefined
  /** How many were shown. */
  var hostileShown: number
}

const STEPS = 3

/** The same text wherever a text may stand. */
function viewsOf(text: string): readonly CustomerView[] {
  const organisation = { ...anOrganisation, name: text, site: text, words: anOrganisation.words.map(() => text) }
  const notice = { ...aNotice, controller: text, deskLabel: text, paragraphs: [text, text], contact: text }
  const readers = activeChat.readers.map((reader) => ({ ...reader, name: text, desk: text }))
  const entries = [
    { kind: 'joined', id: 'e1', who: text, desk: text, face: 'agent', at: 0 } as const,
    aMessage({ id: 'e2', text }),
    aMessage({ id: 'e3', text, mine: false, from: text }),
  ]
  return [
    { kind: 'notice', organisation, notice, starting: false },
    { ...activeChat, organisation, deskLabel: text, entries, readers, words: { words: [text, text], epoch: 1 } },
    { kind: 'stopped', organisation, problem: { code: 'old_browser', detail: text } },
  ]
}

export function startCustomer(ports: Ports, _page: PageConfig): Program<CustomerView, CustomerIntent> {
  const view = observable<CustomerView>({ kind: 'checking' })
  const show = (step: number): void => {
    const text = globalThis.hostileTexts?.[Math.floor(step / STEPS)]
    const next = text === undefined ? undefined : viewsOf(text)[step % STEPS]
    globalThis.hostileShown = Math.floor(step / STEPS)
    if (next !== undefined) view.value = next
    ports.clock.after(next === undefined ? 50 : 0, () => show(next === undefined ? step : step + 1))
  }
  return { view, intend: (intent) => intent.kind === 'open' && show(0), dispose: () => undefined }
}
