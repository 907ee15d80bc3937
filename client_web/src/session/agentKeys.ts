/** An agent's device at the relay: how it stands, and the key packages it can be added with, refilled when they run low. */
import type { DeviceView } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import type { SealedStore } from '../store/sealed.ts'
import type { DeviceChanged } from '../wire/generated/frames.ts'
import { type DeviceStanding, deviceLabel, deviceStanding, NO_DEVICE, newKeyPackages } from './agentDevice.ts'
import { type Link, LinkLost } from './link.ts'
import { KEY_PACKAGES, type KeyPackageRecord, NAMES, readRecord, writeRecord } from './records.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const PACKAGES_WANTED = 20
const PACKAGES_LOW = 5

interface World {
  readonly signer: Signer
  readonly agent: string
  readonly store: SealedStore
  readonly link: Link
  readonly keeper: TrustKeeper
  relayNow(): number
}

export class AgentKeys {
  readonly #world: World
  #standing: DeviceStanding = NO_DEVICE
  #packages: readonly KeyPackageRecord[] = []
  #held = 0
  #wantsApproval = false

  constructor(world: World) {
    this.#world = world
  }

  get standing(): DeviceStanding {
    return this.#standing
  }

  /** The standing, for people. */
  get view(): DeviceView {
    const { view } = this.#standing
    return view.state === 'unknown' ? { state: 'unknown', asking: this.#wantsApproval } : view
  }

  get packages(): readonly KeyPackageRecord[] {
    return this.#packages
  }

  async restore(): Promise<void> {
    this.#packages = (await readRecord(KEY_PACKAGES, this.#world.store.load(NAMES.keyPackages))) ?? []
  }

  /** The relay's count of single-use packages held for us. */
  heldIs(count: number): void {
    this.#held = count
  }

  /** What the relay says of this device; its credential is judged by ourselves (`Untrusted`). */
  async changed(frame: Pick<DeviceChanged, 'credential'> & { readonly deviceState: string }): Promise<void> {
    const { keeper, signer, agent, relayNow } = this.#world
    if (keeper.state === null) return
    this.#standing = await deviceStanding(frame, { trust: keeper.state, device: signer.publicKey, agent, now: relayNow() })
    await this.#enrol()
  }

  /** The relay shut this device out for good. */
  revoked(): void {
    this.#standing = { ...NO_DEVICE, view: { state: 'revoked' } }
  }

  /** Asks at once, or as soon as the link is up: what was pressed before is not lost. */
  async askForApproval(): Promise<void> {
    this.#wantsApproval = true
    await this.#enrol()
  }

  async #enrol(): Promise<void> {
    const { link, signer } = this.#world
    if (!this.#wantsApproval || !link.online) return
    try {
      if (this.#standing.view.state === 'unknown') await link.ask({ tag: 'enrol', label: await deviceLabel(signer.publicKey) })
      this.#wantsApproval = false
    } catch (error) {
      if (!(error instanceof LinkLost)) this.#wantsApproval = false
      throw error
    }
  }

  /** One was claimed for a conversation that we took. */
  claimed(): void {
    this.#held = Math.max(0, this.#held - 1)
  }

  /** The records without a used package, for the transaction that keeps what it opened. */
  without(used: KeyPackageRecord): ReadonlyMap<string, Uint8Array> {
    this.#packages = this.#packages.filter((each) => each !== used)
    return this.#records()
  }

  /** Private parts rest sealed before the public ones are published: else somebody could be added with a key that is gone. */
  async refill(): Promise<void> {
    const { signer, store, link, relayNow } = this.#world
    const { credential, identity } = this.#standing
    if (credential === null || identity === null || this.#held >= PACKAGES_LOW || !link.online) return
    const now = relayNow()
    const fresh = await newKeyPackages(PACKAGES_WANTED - this.#held, { identity, signer, credential, now })
    this.#packages = [...this.#packages.filter(({ notAfter }) => notAfter > now), ...fresh]
    await store.save(this.#records())
    const answer = await link.ask({ tag: 'publish', packages: fresh.map(({ keyPackage }) => keyPackage), lastResort: null })
    if (answer.tag === 'held') this.#held = answer.singleUse
  }

  #records(): ReadonlyMap<string, Uint8Array> {
    return new Map([[NAMES.keyPackages, writeRecord(KEY_PACKAGES, this.#packages)]])
  }
}
