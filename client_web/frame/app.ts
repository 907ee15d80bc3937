/** Runs the customer's session behind the lock and shows its view: one live tab, the others offer "use here". */
import type { CustomerPorts, PageConfig } from '../src/core/ports.ts'
import type { CustomerIntent, CustomerView, Program } from '../src/core/views.ts'
import { type Observable, observable } from '../src/session/observable.ts'
import type { ToApp, ToLoader } from './bridge.ts'
import type { WidgetIntent } from './intents.ts'
import { bridgeOver } from './ports.ts'

export type StartCustomer = (ports: CustomerPorts, page: PageConfig) => Program<CustomerView, CustomerIntent>

export interface App {
  readonly view: Observable<CustomerView>
  readonly panelOpen: Observable<boolean>
  intend(intent: WidgetIntent): void
  /** What arrived on the port, parsed. */
  take(message: ToApp): void
  /** The port brought something unreadable: an answer may be lost, so stop rather than guess. */
  fail(detail: string): void
}

export interface AppWorld {
  readonly page: PageConfig
  /** Languages the person reads, best first. */
  readonly languages: readonly string[]
  /** Global Privacy Control is on. */
  readonly optsOut: boolean
  readonly startCustomer: StartCustomer
  say(message: ToLoader): void
  setHeight(px: number): void
}

const ELSEWHERE: CustomerView = { kind: 'stopped', organisation: null, problem: { code: 'another_tab', detail: '' } }

export function startApp({ page, languages, optsOut, startCustomer, say, setHeight }: AppWorld): App {
  const bridge = bridgeOver(say, { languages, optsOut })
  const view = observable<CustomerView>({ kind: 'checking' })
  const panelOpen = observable(false)
  let told = 0
  let program: Program<CustomerView, CustomerIntent> | null = null

  const run = (): void => {
    const started = startCustomer(bridge.ports, page)
    program = started
    view.value = started.view.value
    started.view.subscribe((next) => {
      if (program === started) view.value = next
    })
    started.intend({ kind: 'open' })
  }
  const stop = (last: CustomerView): void => {
    program?.dispose()
    program = null
    view.value = last
  }
  const acquire = async (steal: boolean): Promise<void> => {
    if (program !== null) return
    view.value = { kind: 'checking' }
    if (await bridge.lock(steal).catch(() => false)) run()
    else stop(ELSEWHERE)
  }
  const tellUnread = (): void => {
    const unread = view.value.kind === 'chat' ? view.value.unread : 0
    if (panelOpen.value && unread > 0) queueMicrotask(() => program?.intend({ kind: 'seen' }))
    const count = panelOpen.value ? 0 : unread
    if (count !== told) say({ kind: 'unread', count })
    told = count
  }
  view.subscribe(tellUnread)
  panelOpen.subscribe(tellUnread)
  void acquire(false)

  return {
    view,
    panelOpen,
    fail: (detail) => stop({ kind: 'stopped', organisation: null, problem: { code: 'old_browser', detail } }),
    intend: (intent) => {
      if (intent.kind === 'useHere') void acquire(true)
      else if (intent.kind !== 'closePanel') program?.intend(intent)
      if (intent.kind === 'closePanel' || intent.kind === 'notNow') say({ kind: 'closePanel' })
    },
    take: (message) => {
      if (message.kind === 'lockLost') stop(ELSEWHERE)
      else if (message.kind === 'panel') {
        setHeight(message.heightPx)
        // "Not now" is not for ever: opening the panel again asks again.
        if (message.open && !panelOpen.value && view.value.kind !== 'chat') program?.intend({ kind: 'open' })
        panelOpen.value = message.open
      } else bridge.take(message)
    },
  }
}
