/** An agent's device at the relay: how it stands, and the key packages it can be added with, refilled when they run low. */
import type { DeviceView } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { parseKeyPackage } from '../keys/mls/parse.ts'
import type { SealedStore } from '../store/sealed.ts'
import type { DeviceChanged } from '../wire/generated/frames.ts'
import { KEY_PACKAGES_LOW } from '../wire/generated/limits.ts'
import { sameOctets } from '../wire/octets.ts'
import { type DeviceStanding, deviceLabel, deviceStanding, NO_DEVICE, newKeyPackages, newLastResort } from './agentDevice.ts'
import { type Link, LinkLost } from './link.ts'
import { KEY_PACKAGES, type KeyPackageRecord, NAMES, readRecord, writeRecord } from './records.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const PACKAGES_WANTED = 20
/** A last resort that ends within a day may lie too long in a customer's phone. */
const RENEW_MS = 24 * 3600 * 1000

type Held = Pick<DeviceChanged, 'keyPackages' | 'lastResortUntil'>

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
  #lastResortUntil = 0
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
    if (view.state === 'issued') return { ...view, low: this.#held < KEY_PACKAGES_LOW }
    return view.state === 'unknown' ? { state: 'unknown', asking: this.#wantsApproval } : view
  }

  get packages(): readonly KeyPackageRecord[] {
    return this.#packages
  }

  async restore(): Promise<void> {
    this.#packages = (await readRecord(KEY_PACKAGES, this.#world.store.load(NAMES.keyPackages))) ?? []
  }

  /** What the relay holds for us: how many single-use packages, and until when the one of last resort. */
  heldIs({ keyPackages, lastResortUntil }: Held): void {
    this.#held = keyPackages
    this.#lastResortUntil = lastResortUntil
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

  /**
   * The records without a used package, for the transaction that keeps what it opened. One of last resort is published anew at once;
   * its private part stays until its end, because it may have been claimed for other conversations whose Welcome is still to come.
   */
  without(used: KeyPackageRecord): ReadonlyMap<string, Uint8Array> {
    if (used.isLastResort === 1) this.#lastResortUntil = 0
    else this.#packages = this.#packages.filter((each) => each !== used)
    return this.#records()
  }

  /** Private parts rest sealed before the public ones are published: else somebody could be added with a key that is gone. */
  async refill(): Promise<void> {
    const { signer, store, link, relayNow } = this.#world
    const { credential, identity } = this.#standing
    const now = relayNow()
    const isLow = this.#held < KEY_PACKAGES_LOW
    const wantsLast = this.#lastResortUntil < now + RENEW_MS || !this.#hasLastResort(identity)
    if (credential === null || identity === null || !link.online || !(isLow || wantsLast)) return
    const making = { identity, signer, credential, now }
    const fresh = isLow ? await newKeyPackages(PACKAGES_WANTED - this.#held, making) : []
    const last = wantsLast ? await newLastResort(making) : null
    this.#packages = [...this.#packages.filter(({ notAfter }) => notAfter > now), ...fresh, ...(last === null ? [] : [last])]
    await store.save(this.#records())
    const packages = fresh.map(({ keyPackage }) => keyPackage)
    const answer = await link.ask({ tag: 'publish', packages, lastResort: last?.keyPackage ?? null })
    if (answer.tag !== 'held') return
    this.#held = answer.singleUse
    this.#lastResortUntil = last?.notAfter ?? this.#lastResortUntil
  }

  /** One under the credential in force: whoever was put on call since must be found under what they are now. */
  #hasLastResort(identity: Uint8Array | null): boolean {
    const isCurrent = ({ isLastResort, keyPackage }: KeyPackageRecord): boolean =>
      isLastResort === 1 && identity !== null && sameOctets(parseKeyPackage(keyPackage).leafNode.identity, identity)
    return this.#packages.some(isCurrent)
  }

  #records(): ReadonlyMap<string, Uint8Array> {
    return new Map([[NAMES.keyPackages, writeRecord(KEY_PACKAGES, this.#packages)]])
  }
}
