/** A value that can be watched: how a program shows its view. */

export interface Observable<T> {
  value: T
  subscribe(fn: (value: T) => void): () => void
}

export const observable = <T>(initial: T): Observable<T> => {
  const listeners = new Set<(value: T) => void>()
  let current = initial
  return {
    get value() {
      return current
    },
    set value(next) {
      current = next
      for (const listener of listeners) listener(next)
    },
    subscribe: (fn) => {
      listeners.add(fn)
      return () => listeners.delete(fn)
    },
  }
}
