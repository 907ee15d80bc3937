/** The widget as the host page sees it: launcher, panel, and behind them the frame with its services. Nothing is loaded, stored or connected before it is wanted. */
import type { PageConfig } from '../src/core/ports.ts'
import { indexedStore, storeExists } from '../src/store/indexed.ts'
import { type Api, installApi } from './api.ts'
import { firstMissing, partsOf } from './capabilities.ts'
import type { Snippet } from './config.ts'
import { fetchDocument } from './documents.ts'
import { type FrameHost, markupFor, startFrame } from './frameHost.ts'
import { buildLauncher, type Cannot, type Launcher } from './launcher.ts'
import { socketHost, socketUrl } from './link.ts'
import { tabLock } from './lock.ts'
import { saveFile } from './saving.ts'
import { type Served, type Services, serve } from './serve.ts'
import { followViewport } from './viewport.ts'

/** A live tab answers at once; a frozen one never does. */
const YIELD_WITHIN_MS = 2_000

export interface Build {
  readonly appUrl: string
  readonly appSri: string
}

/** Starts the widget and resolves when a conversation kept on this device was taken up again, or there is none. */
export async function startWidget(page: Window, snippet: Snippet, build: Build): Promise<void> {
  const widget = new Widget(page, snippet, build)
  if (firstMissing(partsOf(page)) === null && (await mayTakeUp(page, nameOf(snippet)))) widget.takeUp()
}

/** Names lock, channel and database: one conversation for each relay and site on this origin. */
function nameOf(snippet: Snippet): string {
  return `sotto ${new URL(snippet.relay).host} ${snippet.site}`
}

/** A conversation is kept here and no other tab has it. */
async function mayTakeUp(page: Window, name: string): Promise<boolean> {
  if (!(await storeExists(name).catch(() => false))) return false
  const { held = [] } = await page.navigator.locks.query()
  return !held.some((lock) => lock.name === name)
}

class Widget {
  readonly #page: Window
  readonly #snippet: Snippet
  readonly #build: Build
  readonly #launcher: Launcher
  readonly #api: Api
  #services: Services | null = null
  #served: Served | null = null
  #frame: FrameHost | null = null
  #markup: string | null = null
  #open = false

  constructor(page: Window, snippet: Snippet, build: Build) {
    this.#page = page
    this.#snippet = snippet
    this.#build = build
    this.#launcher = buildLauncher(page.document, { onToggle: () => this.#toggle(), onEscape: () => this.#close() })
    page.document.body.append(this.#launcher.host)
    followViewport(page, { panel: this.#launcher.panel, onResize: () => this.#tellPanel() })
    this.#api = installApi(page, {
      open: () => this.#openPanel(),
      close: () => this.#close(),
      toggle: () => this.#toggle(),
      show: () => this.#show(true),
      hide: () => this.#show(false),
      shutdown: () => void this.#shutdown(),
    })
    this.#api.runQueued()
  }

  /** Builds the frame behind the closed panel, so that unread messages are counted. */
  takeUp(): void {
    this.#ensureFrame()
  }

  #toggle(): void {
    if (this.#open) this.#close()
    else this.#openPanel()
  }

  #openPanel(): void {
    const missing = firstMissing(partsOf(this.#page))
    if (missing !== null) this.#cannot(missing)
    if (missing !== null || this.#open) return
    this.#open = true
    this.#launcher.setOpen(true)
    this.#ensureFrame()
    this.#tellPanel()
    this.#frame?.focus()
    this.#api.emit('open')
  }

  #close(): void {
    if (!this.#open) return
    this.#open = false
    this.#launcher.setOpen(false)
    this.#tellPanel()
    this.#launcher.focus()
    this.#api.emit('close')
  }

  #show(shown: boolean): void {
    this.#launcher.host.hidden = !shown
  }

  #cannot(reason: Cannot): void {
    this.#close()
    this.#launcher.sayCannot(reason, this.#snippet.contact)
    this.#api.emit('error', reason)
  }

  #ensureFrame(): void {
    if (this.#frame !== null) return
    const { appUrl: url, appSri: sri } = this.#build
    this.#markup ??= markupFor(this.#page, { url, sri, nonce: this.#snippet.nonce })
    const { root, site, desk } = this.#snippet
    const config: PageConfig = { root, site, desk, origin: this.#page.location.origin, build: sri }
    this.#frame = startFrame({
      page: this.#page,
      box: this.#launcher.panel,
      markup: this.#markup,
      config,
      onPort: (port) => this.#serve(port),
      onSilence: () => {
        this.#frame = null
        this.#cannot('no_frame')
      },
    })
  }

  #serve(port: MessagePort): void {
    this.#services ??= this.#makeServices()
    this.#served = serve(port, this.#services)
    this.#tellPanel()
    this.#api.emit('ready')
  }

  #makeServices(): Services {
    const name = nameOf(this.#snippet)
    const { relay } = this.#snippet
    const lock = tabLock(name, {
      locks: this.#page.navigator.locks,
      channel: () => new BroadcastChannel(name),
      patience: () => AbortSignal.timeout(YIELD_WITHIN_MS),
      onLost: () => this.#served?.say({ kind: 'lockLost' }),
    })
    return {
      lock,
      store: indexedStore(name),
      document: (path) => fetchDocument(relay, path),
      socket: (hear) => socketHost(socketUrl(relay), hear),
      closePanel: () => this.#close(),
      saveFile: (name, content) => saveFile(this.#page, name, content.slice()),
      showUnread: (count) => {
        this.#launcher.setUnread(count)
        this.#api.emit('unread', count)
      },
    }
  }

  #tellPanel(): void {
    this.#served?.say({ kind: 'panel', open: this.#open, heightPx: Math.round(this.#launcher.panel.clientHeight) })
  }

  /** Leaves nothing behind: no frame, no socket, no data. */
  async #shutdown(): Promise<void> {
    this.#close()
    this.#served?.stop()
    this.#frame?.remove()
    this.#launcher.host.remove()
    const store = this.#services?.store ?? indexedStore(nameOf(this.#snippet))
    await store.wipe().then(
      () => this.#api.emit('shutdown'),
      () => this.#api.emit('error', 'no_storage'),
    )
    this.#services?.lock.release()
  }
}
