/** The launcher, its badge and the box around the wall, in a shadow root of their own. The only part of the widget that lives in the host's page. */
import { launcherWords } from '../src/i18n/en.ts'
import launcherStyle from '../src/styles/launcher.css?inline'
import tokens from '../src/styles/tokens.css?inline'

export type Cannot = keyof typeof launcherWords.cannot

export interface Launcher {
  /** The element in the page; removing it removes everything. */
  readonly host: HTMLElement
  readonly panel: HTMLElement
  setOpen(open: boolean): void
  setUnread(count: number): void
  /** Says in words why no chat opens here, and offers the other way if the snippet names one. */
  sayCannot(reason: Cannot, contact: string | null): void
  focus(): void
}

export interface LauncherActs {
  onToggle(): void
  onEscape(): void
}

const SPEECH = 'M5 5h14a1.5 1.5 0 011.5 1.5v8A1.5 1.5 0 0119 16h-7l-5 4v-4H5a1.5 1.5 0 01-1.5-1.5v-8A1.5 1.5 0 015 5z'

export function buildLauncher(page: Document, acts: LauncherActs): Launcher {
  const { host, button, badge, panel, cannot } = buildParts(page, acts)
  let open = false
  let unread = 0
  const label = (): void => {
    button.setAttribute('aria-expanded', String(open))
    button.setAttribute('aria-label', labelOf({ open, unread }))
    badge.hidden = open || unread === 0
    badge.textContent = unread > 99 ? '99+' : String(unread)
  }
  label()
  return {
    host,
    panel,
    setOpen: (next) => {
      open = next
      panel.hidden = !next
      if (next) cannot.hidden = true
      label()
    },
    setUnread: (count) => {
      unread = count
      label()
    },
    sayCannot: (reason, contact) => {
      cannot.replaceChildren(...cannotWords(page, { reason, contact, dismiss: () => dismiss(cannot, button) }))
      cannot.hidden = false
    },
    focus: () => button.focus(),
  }
}

function labelOf({ open, unread }: { readonly open: boolean; readonly unread: number }): string {
  if (open) return launcherWords.close
  return unread === 0 ? launcherWords.open : launcherWords.openUnread(unread)
}

interface Parts {
  readonly host: HTMLElement
  readonly button: HTMLElement
  readonly badge: HTMLElement
  readonly panel: HTMLElement
  readonly cannot: HTMLElement
}

function buildParts(page: Document, acts: LauncherActs): Parts {
  const host = page.createElement('sotto-chat')
  host.lang = 'en'
  const root = host.attachShadow({ mode: 'open' })
  root.adoptedStyleSheets = [tokens, launcherStyle].map(sheetOf)
  const button = make(page, { tag: 'button', name: 'launcher' })
  const badge = make(page, { tag: 'span', name: 'badge' })
  const panel = make(page, { tag: 'div', name: 'panel' })
  const cannot = make(page, { tag: 'div', name: 'cannot' })
  button.setAttribute('type', 'button')
  button.append(icon(page), launcherWords.help, badge)
  panel.setAttribute('role', 'dialog')
  panel.setAttribute('aria-label', launcherWords.panel)
  cannot.setAttribute('role', 'alert')
  panel.hidden = badge.hidden = cannot.hidden = true
  button.addEventListener('click', acts.onToggle)
  root.addEventListener('keydown', (event) => {
    if (event instanceof KeyboardEvent && event.key === 'Escape') acts.onEscape()
  })
  root.append(panel, cannot, button)
  return { host, button, badge, panel, cannot }
}

function dismiss(cannot: HTMLElement, button: HTMLElement): void {
  cannot.hidden = true
  button.focus()
}

interface CannotParts {
  readonly reason: Cannot
  readonly contact: string | null
  dismiss(): void
}

function cannotWords(page: Document, { reason, contact, dismiss: onDismiss }: CannotParts): HTMLElement[] {
  const title = page.createElement('h2')
  title.textContent = launcherWords.cannotTitle
  const why = page.createElement('p')
  why.textContent = launcherWords.cannot[reason]
  const close = page.createElement('button')
  close.type = 'button'
  close.textContent = launcherWords.dismiss
  close.addEventListener('click', onDismiss)
  if (contact === null) return [title, why, close]
  const link = page.createElement('a')
  link.href = contact
  link.rel = 'noreferrer'
  link.textContent = launcherWords.otherWays
  return [title, why, link, close]
}

function make(page: Document, { tag, name }: { readonly tag: string; readonly name: string }): HTMLElement {
  const element = page.createElement(tag)
  element.className = name
  return element
}

function icon(page: Document): SVGElement {
  const space = 'http://www.w3.org/2000/svg'
  const svg = page.createElementNS(space, 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = page.createElementNS(space, 'path')
  path.setAttribute('d', SPEECH)
  svg.append(path)
  return svg
}

function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  return sheet
}
