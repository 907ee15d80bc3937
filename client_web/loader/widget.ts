/** The widget as the host page sees it: launcher, panel, and behind them the frame with its services. Nothing is loaded, stored or connected before it is wanted. */
import type { PageConfig } from '../src/core/ports.ts'
import { indexedStore, storeExists } from '../src/store/indexed.ts'
import { type Api, installApi } from './api.ts'
import { firstMissing, partsOf } from './capabilities.ts'
import type { Snippet } from './config.ts'
import { fetchDocument } from './documents.ts'
import { type FrameHost, markupFor, startFrame } from './frameHost.ts'
import { buildLauncher, type Cannot } from './launcher.ts'
import { socketHost, socketUrl } from './link.ts'
import { tabLock } from './lock.ts'
import { type Served, serve } from './serve.ts'
import { followViewport } from './viewport.ts'

/** A live tab answers at once; a frozen one never does. */
const YIELD_WITHIN_MS = 2_000

export interface Build {
  readonly appUrl: string
  readonly appSri: string
}

/** Starts the widget and resolves when a conversation kept on this device was taken up again, or there is none. */
export async function startWidget(page: Window, snippet: Snippet, build: Build): Promise<void> {
  const name = `sotto ${new URL(snippet.relay).host} ${snippet.site}`
  const config: PageConfig = {
    root: snippet.root,
    site: snippet.site,
    desk: snippet.desk,
    origin: page.location.origin,
    build: build.appSri,
  }
  let open = false
  let frame: FrameHost | null = null
  let served: Served | null = null
  let markup: string | null = null

  const lock = tabLock(name, {
    locks: page.navigator.locks,
    channel: () => new BroadcastChannel(name),
    patience: () => AbortSignal.timeout(YIELD_WITHIN_MS),
    onLost: () => served?.say({ kind: 'lockLost' }),
  })
  const store = indexedStore(name)
  const launcher = buildLauncher(page.document, { onToggle: () => (open ? close() : openPanel()), onEscape: () => close() })
  const tellPanel = (): void => served?.say({ kind: 'panel', open, heightPx: Math.round(launcher.panel.clientHeight) })
  const cannot = (reason: Cannot): void => {
    close()
    launcher.sayCannot(reason, snippet.contact)
    api.emit('error', reason)
  }
  const onPort = (port: MessagePort): void => {
    served = serve(port, {
      lock,
      store,
      document: (path) => fetchDocument(snippet.relay, path),
      socket: (hear) => socketHost(socketUrl(snippet.relay), hear),
      closePanel: () => close(),
      showUnread: (count) => {
        launcher.setUnread(count)
        api.emit('unread', count)
      },
    })
    tellPanel()
    api.emit('ready')
  }
  const ensureFrame = (): void => {
    if (frame !== null) return
    markup ??= markupFor(page, { url: build.appUrl, sri: build.appSri, nonce: snippet.nonce })
    const onSilence = (): void => {
      frame = null
      cannot('no_frame')
    }
    frame = startFrame({ page, box: launcher.panel, markup, config, onPort, onSilence })
  }
  const openPanel = (): void => {
    const missing = firstMissing(partsOf(page))
    if (missing !== null) {
      cannot(missing)
      return
    }
    if (open) return
    open = true
    launcher.setOpen(true)
    ensureFrame()
    tellPanel()
    frame?.focus()
    api.emit('open')
  }
  const close = (): void => {
    if (!open) return
    open = false
    launcher.setOpen(false)
    tellPanel()
    launcher.focus()
    api.emit('close')
  }
  const shutdown = (): void => {
    close()
    served?.stop()
    served = null
    frame?.remove()
    frame = null
    lock.release()
    launcher.host.remove()
    store.wipe().then(
      () => api.emit('shutdown'),
      () => api.emit('error', 'no_storage'),
    )
  }
  const show = (shown: boolean): void => {
    launcher.host.hidden = !shown
  }
  page.document.body.append(launcher.host)
  followViewport(page, { panel: launcher.panel, onResize: tellPanel })
  const api: Api = installApi(page, {
    open: openPanel,
    close,
    toggle: () => (open ? close() : openPanel()),
    show: () => show(true),
    hide: () => show(false),
    shutdown,
  })
  api.runQueued()
  if (firstMissing(partsOf(page)) === null && (await mayTakeUp(page, name))) ensureFrame()
}

/** A conversation is kept here and no other tab has it. */
async function mayTakeUp(page: Window, name: string): Promise<boolean> {
  if (!(await storeExists(name).catch(() => false))) return false
  const { held = [] } = await page.navigator.locks.query()
  return !held.some((lock) => lock.name === name)
}
