/** The app's entry: locks the frame, asks for its port, shows the widget. */
import './lockdown.ts'

import { render } from 'preact'

import { startCustomer } from '../src/session/customer.ts'
import { useWatched } from '../src/ui/watched.ts'
import { type App, startApp } from './app.ts'
import { parseHandover, parseToApp, READY } from './bridge.ts'
import { adoptStyles } from './styles.ts'
import { Widget } from './Widget.tsx'

/** The page above the wall. Both frames are opaque, so the source is the proof, not the origin. */
const host = window.parent.parent

function Root({ app }: { readonly app: App }) {
  return <Widget view={useWatched(app.view)} open={useWatched(app.panelOpen)} optsOut={optsOut} intend={app.intend} />
}

/** Global Privacy Control; the browser says it, and nobody is asked. */
const optsOut = 'globalPrivacyControl' in navigator && navigator.globalPrivacyControl === true

function setHeight(px: number): void {
  document.documentElement.style.setProperty('--panel-height', `${px}px`)
}

function receivePort(event: MessageEvent): void {
  const [port] = event.ports
  const handover = parseHandover(event.data)
  if (event.source !== host || port === undefined || handover === null) return
  window.removeEventListener('message', receivePort)
  const app = startApp({
    page: handover.page,
    languages: navigator.languages,
    optsOut,
    startCustomer,
    setHeight,
    say: (message) => port.postMessage(message),
  })
  port.onmessage = ({ data }) => {
    const message = parseToApp(data)
    if (message !== null) app.take(message)
  }
  port.onmessageerror = () => app.fail('messageerror')
  const root = document.getElementById('app')
  if (root !== null) render(<Root app={app} />, root)
}

adoptStyles(document)
window.addEventListener('message', receivePort)
host.postMessage(READY, '*')
