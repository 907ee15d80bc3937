/** What one conversation keeps on this device. What is over must not be written again behind the wipe. */
import type { StorePort } from '../core/ports.ts'
import type { SealedStore } from '../store/sealed.ts'
import type { Octets } from '../wire/octets.ts'

export class Shelf {
  readonly #store: Pick<SealedStore, 'load' | 'save'>
  readonly #port: Pick<StorePort, 'wipe'>
  #saving: Promise<void> = Promise.resolve()
  #isWiped = false

  constructor(store: Pick<SealedStore, 'load' | 'save'>, port: Pick<StorePort, 'wipe'>) {
    this.#store = store
    this.#port = port
  }

  load(name: string): Promise<Octets | null> {
    return this.#store.load(name)
  }

  /** After the wipe nothing is written, and nobody is told so. */
  save(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    if (!this.#isWiped) this.#saving = this.#store.save(changes)
    return this.#saving
  }

  wipe(): Promise<void> {
    this.#isWiped = true
    const wipe = (): Promise<void> => this.#port.wipe()
    return this.#saving.then(wipe, wipe)
  }
}
