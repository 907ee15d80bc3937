/** Single keys of the console. They are off while somebody types or a dialog is open (WCAG 2.1.4). */

export type Shortcut = 'next' | 'down' | 'up' | 'reply' | 'close' | 'handOver'

const KEYS: Readonly<Record<string, Shortcut>> = { n: 'next', j: 'down', k: 'up', r: 'reply', e: 'close', t: 'handOver' }

export function shortcutOf(event: KeyboardEvent): Shortcut | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null
  const target = event.target
  if (target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select, dialog *'))) return null
  return KEYS[event.key.toLowerCase()] ?? null
}

/** Moves the focus by one row in the list, without leaving it. */
export function moveInList(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLButtonElement>('.list .row:not(:disabled)')]
  const here = rows.findIndex((row) => row === document.activeElement || row.getAttribute('aria-current') === 'true')
  rows[Math.min(rows.length - 1, Math.max(0, here + step))]?.focus()
}

export function focusComposer(): void {
  document.querySelector<HTMLTextAreaElement>('.chat textarea')?.focus()
}

export function pressHandOver(): void {
  document.querySelector<HTMLButtonElement>('[data-hand-over] button')?.click()
}

export function pressClose(): void {
  document.querySelector<HTMLButtonElement>('[data-close-chat] button')?.click()
}
