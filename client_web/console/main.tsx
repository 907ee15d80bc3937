/** Starts the console in this tab: one live tab holds the device; another one offers to take over. */
import { render } from 'preact'

import type { AgentIntent, AgentView, Program } from '../src/core/views.ts'
import { startAgent } from '../src/session/agent.ts'
import { indexedStore } from '../src/store/indexed.ts'
import { Button } from '../src/ui/Button.tsx'
import { useWatched } from '../src/ui/watched.ts'
import { Console } from './Console.tsx'
import { browserClock, documentsAt, signInAt, socketTo } from './ports.ts'
import { words } from './words.en.ts'

const LOCK = 'sotto-console'
const here = document.getElementById('app')

function Screen({ program }: { readonly program: Program<AgentView, AgentIntent> }) {
  return <Console view={useWatched(program.view)} intend={program.intend} />
}

function AnotherTab() {
  return (
    <main class='card-page'>
      <section class='sheet'>
        <h1>{words.anotherTabTitle}</h1>
        <p>{words.anotherTabLead}</p>
        <Button look='primary' onPress={() => void hold({ steal: true })}>
          {words.useHere}
        </Button>
      </section>
    </main>
  )
}

function show(screen: preact.ComponentChild): void {
  if (here) render(screen, here)
}

function start(): Program<AgentView, AgentIntent> {
  const base = location.origin
  const ports = {
    link: socketTo(`${base.replace(/^http/, 'ws')}/v1/socket`),
    store: indexedStore('sotto-console'),
    documents: documentsAt(base),
    signIn: signInAt(base),
    clock: browserClock,
    languages: navigator.languages,
    entropy: (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)),
  }
  return startAgent(ports, { root: '', origin: location.origin, build: 'console' })
}

/** The lock is held until the tab closes or another tab steals it; a stolen tab stops at once. */
async function hold(how: { readonly steal: boolean }): Promise<void> {
  let program: Program<AgentView, AgentIntent> | null = null
  try {
    await navigator.locks.request(LOCK, how.steal ? { steal: true } : { ifAvailable: true }, async (lock) => {
      if (lock === null) return show(<AnotherTab />)
      program = start()
      show(<Screen program={program} />)
      await new Promise<never>(() => undefined)
    })
  } catch {
    // The lock was stolen by the tab where "use here" was pressed.
    const stolen = program as Program<AgentView, AgentIntent> | null
    stolen?.dispose()
    show(<AnotherTab />)
  }
}

void hold({ steal: false })
