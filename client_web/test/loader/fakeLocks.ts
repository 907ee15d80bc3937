/** A lock manager in memory: one holder for each name, `ifAvailable`, `steal` and `signal` as the Web Locks specification says. Shared by the "tabs" of a test. */

interface Held {
  readonly stolen: (reason: DOMException) => void
}

type Grant = (lock: Lock | null) => unknown

export class FakeLocks implements LockManager {
  readonly #held = new Map<string, Held>()
  readonly #queue: { readonly name: string; readonly start: () => void }[] = []

  request(name: string, ...rest: readonly unknown[]): Promise<never> {
    const [options, grant] = rest as [LockOptions, Grant]
    return this.#request(name, options, grant) as Promise<never>
  }

  async query(): Promise<LockManagerSnapshot> {
    return { held: [...this.#held.keys()].map((name) => ({ name, mode: 'exclusive' as const })), pending: [] }
  }

  async #request(name: string, options: LockOptions, grant: Grant): Promise<unknown> {
    const holder = this.#held.get(name)
    if (holder !== undefined && options.ifAvailable) return grant(null)
    if (holder !== undefined && options.steal) holder.stolen(new DOMException('stolen', 'AbortError'))
    else if (holder !== undefined) await this.#turn(name, options.signal)
    return new Promise((resolve, reject) => {
      const mine: Held = { stolen: reject }
      this.#held.set(name, mine)
      void Promise.resolve(grant({ name, mode: 'exclusive' })).then((value) => {
        if (this.#held.get(name) === mine) this.#release(name)
        resolve(value)
      })
    })
  }

  #turn(name: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { name, start: resolve }
      this.#queue.push(entry)
      signal?.addEventListener('abort', () => {
        this.#queue.splice(this.#queue.indexOf(entry), 1)
        reject(signal.reason)
      })
    })
  }

  #release(name: string): void {
    this.#held.delete(name)
    const next = this.#queue.findIndex((entry) => entry.name === name)
    if (next >= 0) this.#queue.splice(next, 1)[0]?.start()
  }
}
