/** The page's `Sotto(…)` function: runs what was queued before the loader came, then answers directly. Only metadata ever crosses it. */

export type EventName = 'ready' | 'open' | 'close' | 'unread' | 'error' | 'shutdown'
type Listener = (detail: number | string | null) => void

export interface Verbs {
  open(): void
  close(): void
  toggle(): void
  show(): void
  hide(): void
  shutdown(): void
}

export interface Api {
  /** Does what the page asked for before the loader came; to be called once everything is in place. */
  runQueued(): void
  emit(name: EventName, detail?: number | string): void
}

declare global {
  interface Window {
    Sotto?: unknown
  }
}

const EVENTS: ReadonlySet<string> = new Set<EventName>(['ready', 'open', 'close', 'unread', 'error', 'shutdown'])

export function installApi(page: Window, verbs: Verbs): Api {
  const listeners = new Map<string, Set<Listener>>()
  const on = (name: unknown, listener: unknown): (() => void) | undefined => {
    if (typeof name !== 'string' || !EVENTS.has(name) || typeof listener !== 'function') return undefined
    const heard: Listener = (detail) => void listener(detail)
    const known = listeners.get(name) ?? new Set()
    listeners.set(name, known.add(heard))
    return () => void known.delete(heard)
  }
  const sotto = (verb: unknown, ...rest: readonly unknown[]): unknown => {
    if (verb === 'on') return on(rest[0], rest[1])
    return isVerb(verbs, verb) ? verbs[verb]() : undefined
  }
  const queued = queueOf(page.Sotto)
  page.Sotto = sotto
  return {
    runQueued: () => {
      for (const call of queued) if (Array.isArray(call)) sotto(...(call as [unknown, ...unknown[]]))
    },
    emit: (name, detail) => {
      for (const listener of listeners.get(name) ?? []) listener(detail ?? null)
    },
  }
}

function isVerb(verbs: Verbs, verb: unknown): verb is keyof Verbs {
  return typeof verb === 'string' && Object.hasOwn(verbs, verb)
}

function queueOf(before: unknown): readonly unknown[] {
  const queue: unknown = typeof before === 'function' ? Reflect.get(before, 'q') : null
  return Array.isArray(queue) ? queue : []
}
