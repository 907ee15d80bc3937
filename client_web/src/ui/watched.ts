/** A program's value on the screen: drawn again whenever it changes. */
import { useEffect, useState } from 'preact/hooks'

interface Watched<T> {
  readonly value: T
  subscribe(fn: (value: T) => void): () => void
}

export function useWatched<T>(watched: Watched<T>): T {
  const [value, show] = useState(watched.value)
  useEffect(() => {
    // It may have changed between the first drawing and now.
    show(watched.value)
    return watched.subscribe(show)
  }, [watched])
  return value
}
