/** The loader's entry: finds its own snippet and starts the widget once. */
import { findScript, readSnippet } from './config.ts'
import { startWidget } from './widget.ts'

/** Put in by the build, which hashes the app before it builds the loader. */
declare const __SOTTO_APP_SRI__: string

function complain(about: string): void {
  // biome-ignore lint/suspicious/noConsole: the developer who pasted the snippet has no other place to read this
  console.error(`Sotto: ${about}`)
}

/** What keeps the widget from starting, or null when it has started. */
function start(): string | null {
  const script = findScript(document, import.meta.url)
  if (script === null) return 'the script element of the snippet was not found'
  const snippet = readSnippet(script)
  if (typeof snippet === 'string') return `${snippet} is missing or malformed in the snippet`
  if (document.querySelector('sotto-chat') !== null) return 'the snippet stands twice on this page'
  const appUrl = new URL('app.js', script.src).href
  startWidget(window, snippet, { appUrl, appSri: __SOTTO_APP_SRI__ }).catch(() => complain('the chat could not start'))
  return null
}

const trouble = start()
if (trouble !== null) complain(trouble)
