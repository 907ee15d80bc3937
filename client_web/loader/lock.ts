/** One live tab: holds a `navigator.locks` lock, asks the holder to yield, and takes it by force only from a tab that does not answer. */

export interface TabLock {
  readonly held: boolean
  /** True when this tab holds it now. With `steal` the other tab is asked first. */
  acquire(steal: boolean): Promise<boolean>
  release(): void
}

export interface LockWorld {
  readonly locks: LockManager
  /** Reaches the same site's other tabs; a fresh one for each lock. */
  channel(): BroadcastChannel
  /** How long another tab is given to let go by itself. */
  patience(): AbortSignal
  /** Called once each time a held lock goes to another tab; before it is let go. */
  onLost(): void
}

export function tabLock(name: string, { locks, channel, patience, onLost }: LockWorld): TabLock {
  let letGo: (() => void) | null = null
  let others: BroadcastChannel | null = null
  const release = (): void => {
    others?.close()
    others = null
    letGo?.()
    letGo = null
  }
  const lose = (): void => {
    if (letGo === null) return
    onLost()
    release()
  }
  const holding = (): Promise<void> => {
    others = channel()
    others.onmessage = lose
    return new Promise((resolve) => {
      letGo = resolve
    })
  }
  const request = (options: LockOptions): Promise<boolean> =>
    new Promise((resolve) => {
      const held = locks.request(name, options, (lock) => {
        resolve(lock !== null)
        return lock === null ? undefined : holding()
      })
      held.catch(() => {
        // Aborted while waiting, or stolen while held.
        resolve(false)
        lose()
      })
    })
  const askAround = (): void => {
    const asking = channel()
    asking.postMessage('yield')
    asking.close()
  }
  const acquire = async (steal: boolean): Promise<boolean> => {
    if (letGo !== null) return true
    if (!steal) return request({ ifAvailable: true })
    askAround()
    return (await request({ signal: patience() })) || request({ steal: true })
  }
  return {
    get held() {
      return letGo !== null
    },
    acquire,
    release,
  }
}
