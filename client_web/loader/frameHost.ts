/** Builds wall and app on demand, hands over one port when the app says it is ready, and gives up in words when it does not. */
import { HANDOVER, READY } from '../frame/bridge.ts'
import type { PageConfig } from '../src/core/ports.ts'
import { launcherWords } from '../src/i18n/en.ts'
import { type AppScript, buildWall, trustedMarkup, wallMarkup } from './frames.ts'

/** A slow phone on a slow network loads 110 KB in this time; a refused script never does. */
const READY_WITHIN_MS = 20_000

export interface FrameHost {
  /** Gives the keyboard to the app. */
  focus(): void
  remove(): void
}

export interface FrameWorld {
  readonly page: Window
  readonly box: HTMLElement
  readonly markup: string
  readonly config: PageConfig
  onPort(port: MessagePort): void
  /** The browser or the host's policy kept the app from running, or its bytes were not the pinned ones. */
  onSilence(): void
}

/** To be called once: a host with Trusted Types admits the policy's name a single time. */
export function markupFor(page: Window, script: AppScript): string {
  return trustedMarkup(page, wallMarkup(script))
}

export function startFrame({ page, box, markup, config, onPort, onSilence }: FrameWorld): FrameHost {
  const wall = buildWall(page.document, { markup, title: launcherWords.panel })
  const silence = page.setTimeout(() => {
    remove()
    onSilence()
  }, READY_WITHIN_MS)
  const onMessage = (event: MessageEvent): void => {
    const app = appOf(wall)
    if (app === null || event.source !== app || event.data !== READY) return
    page.removeEventListener('message', onMessage)
    page.clearTimeout(silence)
    const { port1, port2 } = new MessageChannel()
    onPort(port1)
    // The app's origin is opaque, so no narrower target than '*' exists; the window itself was checked above.
    app.postMessage({ kind: HANDOVER, page: config }, '*', [port2])
  }
  const remove = (): void => {
    page.removeEventListener('message', onMessage)
    page.clearTimeout(silence)
    wall.remove()
  }
  page.addEventListener('message', onMessage)
  box.append(wall)
  return { focus: () => (appOf(wall) ?? wall).focus(), remove }
}

/** Asking an opaque frame for an index that is not there throws in Chromium; its length may always be read. */
function appOf(wall: HTMLIFrameElement): Window | null {
  const inside = wall.contentWindow
  return inside !== null && inside.length > 0 ? (inside[0] ?? null) : null
}
