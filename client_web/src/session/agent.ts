/** The agent's program: trust, sign-in and the device's keys; what happens at the desk is in `agentDesk.ts`. */
import type { ConsoleConfig, Ports, SignInPort, StoredKeys } from '../core/ports.ts'
import type { AgentIntent, AgentView, Organisation, Problem, Program } from '../core/views.ts'
import { sha256 } from '../keys/digest.ts'
import { parseEnvelope } from '../keys/dsse.ts'
import { newKeyPair, signerFromCryptoKey } from '../keys/ed25519.ts'
import { selfTest } from '../keys/mls/selfTest.ts'
import { parseBundle, type TrustMemory, type TrustState } from '../keys/trustChain.ts'
import { Malformed, Untrusted } from '../keys/untrusted.ts'
import { organisationWords } from '../keys/words.ts'
import { newSealingKey, type SealedStore, sealedStore } from '../store/sealed.ts'
import { fromBase32 } from '../wire/octets.ts'
import { Desk } from './agentDesk.ts'
import { observable } from './observable.ts'
import { BELIEVED, believedRecords, NAMES, PINNED, readRecord, SESSION, type SessionRecord, writeRecord } from './records.ts'
import { TrustKeeper } from './trustKeeper.ts'

const RETRY_MS = 5000

type AgentPorts = Ports & { readonly signIn: SignInPort }

export const startAgent = (ports: AgentPorts, config: ConsoleConfig): Program<AgentView, AgentIntent> => {
  const agent = new Agent(ports, config)
  agent.start()
  return { view: agent.view, intend: (intent) => agent.intend(intent), dispose: () => agent.dispose() }
}

/** This device as it is held in memory. */
interface Device {
  readonly keys: StoredKeys
  readonly store: SealedStore
}

class Agent {
  readonly view = observable<AgentView>({ kind: 'checking' })
  readonly #ports: AgentPorts
  readonly #config: ConsoleConfig
  #device: Device | null = null
  #keeper: TrustKeeper | null = null
  #desk: Desk | null = null
  #session: SessionRecord | null = null
  #isBusy = false
  #isDisposed = false

  constructor(ports: AgentPorts, config: ConsoleConfig) {
    this.#ports = ports
    this.#config = config
  }

  start(): void {
    this.#run(() => this.#begin())
  }

  intend(intent: AgentIntent): void {
    if (intent.kind === 'signIn') this.#run(() => this.#signIn(intent.agent, intent.password))
    else if (intent.kind === 'signOut') this.#run(() => this.#signOut())
    else this.#desk?.act(intent)
  }

  dispose(): void {
    this.#isDisposed = true
    this.#keeper?.stop()
    this.#desk?.stop()
  }

  async #begin(): Promise<void> {
    await selfTest(this.#ports.clock.now())
    const keys = await this.#ports.store.loadKeys()
    this.#device = keys && { keys, store: this.#storeOf(keys) }
    if (!(await this.#believe())) return
    const saved = this.#device && (await readRecord(SESSION, this.#device.store.load(NAMES.session)))
    this.#session = saved
    if (saved !== null && saved.token !== '' && saved.expiresAt > this.#ports.clock.now()) await this.#work(saved)
    else this.#askToSignIn()
  }

  async #believe(): Promise<boolean> {
    const kept = this.#device && (await readRecord(BELIEVED, this.#device.store.load(NAMES.believed)))
    try {
      const keeper = this.#keeperFor(await this.#pinnedRoot(), kept?.memory ?? null)
      this.#keeper = keeper
      await (kept === null ? keeper.fetch() : keeper.take(kept.bundle))
      if (kept !== null) void keeper.refresh(true)
      return true
    } catch (error) {
      if (error instanceof Untrusted) throw error
      this.#stop({ code: 'relay_unreachable', detail: 'trust' })
      this.#ports.clock.after(RETRY_MS, () => this.start())
      return false
    }
  }

  /** The root is pinned by configuration, by what this browser saw first, or by what it sees now. */
  async #pinnedRoot(): Promise<Uint8Array> {
    if (this.#config.root !== '') return fromBase32(this.#config.root) ?? missing()
    const known = this.#device && (await readRecord(PINNED, this.#device.store.load(NAMES.pinned)))
    if (known !== null) return known.root
    const [first] = parseBundle(await this.#ports.documents.trustBundle()).roots
    return first === undefined ? missing() : sha256(parseEnvelope(first).payload)
  }

  async #signIn(agent: string, password: string): Promise<void> {
    const keeper = this.#keeper
    if (this.#isBusy || this.#desk !== null || keeper?.state == null) return
    this.#isBusy = true
    this.#show({ kind: 'signIn', busy: true, wrong: false, retryAfterMs: null })
    try {
      const answer = await this.#ports.signIn.signIn(agent, password).catch(() => null)
      if (answer === null) return this.#askToSignIn()
      if (answer.kind === 'refused') return this.#askToSignIn(answer.code === 'not_signed_in', answer.retryAfterMs)
      // Another person at this browser is another device: nothing of the first may be read by the second.
      if (this.#session !== null && this.#session.agent !== answer.agent) await this.#forgetDevice()
      const { session: token, expiresAt, name, desks } = answer
      const session = { token, expiresAt, agent: answer.agent, name, desks }
      await this.#keep(session, keeper)
      await this.#work(session)
    } finally {
      this.#isBusy = false
    }
  }

  async #forgetDevice(): Promise<void> {
    await this.#ports.store.wipe()
    this.#device = null
  }

  async #keep(session: SessionRecord, keeper: TrustKeeper): Promise<void> {
    this.#device ??= await this.#newDevice()
    const records = new Map(believedRecords(keeper))
    records.set(NAMES.session, writeRecord(SESSION, session))
    const pinned = keeper.state?.memory.pinned
    if (pinned !== undefined) records.set(NAMES.pinned, writeRecord(PINNED, { root: pinned }))
    await this.#device.store.save(records)
    this.#session = session
  }

  async #newDevice(): Promise<Device> {
    const { pair, publicKey } = await newKeyPair()
    const keys = { sealing: await newSealingKey(), device: pair, devicePublic: publicKey }
    await this.#ports.store.saveKeys(keys, new Map())
    return { keys, store: this.#storeOf(keys) }
  }

  async #work(session: SessionRecord): Promise<void> {
    const keeper = this.#keeper
    if (this.#device === null || keeper?.state == null) return
    const { keys, store } = this.#device
    const desk = new Desk({
      ports: this.#ports,
      config: this.#config,
      keeper,
      organisation: await this.#organisationOf(keeper.state),
      signer: signerFromCryptoKey(keys.device.privateKey, keys.devicePublic),
      store,
      session,
      changed: () => {
        if (this.#desk === desk) this.#show(desk.view())
      },
      signedOut: () => this.#run(() => this.#endSession(session)),
    })
    this.#desk = desk
    this.#show(desk.view())
    await desk.start()
    keeper.poll()
  }

  /** The token goes; the device and its sealed conversations stay for the same person's next sign-in. */
  async #endSession(ended: SessionRecord): Promise<void> {
    this.#desk?.stop()
    this.#desk = null
    this.#keeper?.stop()
    this.#session = { ...ended, token: '', expiresAt: 0 }
    await this.#device?.store.save(new Map([[NAMES.session, writeRecord(SESSION, this.#session)]]))
    this.#askToSignIn()
  }

  async #signOut(): Promise<void> {
    if (this.#session === null || this.#desk === null) return
    const { token } = this.#session
    await this.#endSession(this.#session)
    await this.#ports.signIn.signOut(token).catch(() => undefined)
  }

  #keeperFor(pinned: Uint8Array, memory: TrustMemory | null): TrustKeeper {
    const { documents, clock } = this.#ports
    return new TrustKeeper(pinned, memory, {
      documents,
      clock,
      believed: async () => this.#desk?.believed(),
      distrusted: (error) => this.#desk?.problemIs({ code: 'organisation_unconfirmed', detail: error.reason }),
    })
  }

  async #organisationOf(trust: TrustState): Promise<Organisation> {
    const words = await organisationWords(trust.memory.pinned)
    return { name: trust.roots.newest.document.name, words, site: '', checkedAt: this.#ports.clock.now() }
  }

  #storeOf(keys: StoredKeys): SealedStore {
    const { store, entropy } = this.#ports
    return sealedStore(store, { key: keys.sealing, entropy, mayWrite: () => !this.#isDisposed })
  }

  #askToSignIn(wrong = false, retryAfterMs: number | null = null): void {
    this.#show({ kind: 'signIn', busy: false, wrong, retryAfterMs })
  }

  #stop(problem: Problem): void {
    this.#show({ kind: 'stopped', problem })
  }

  #run(task: () => Promise<void>): void {
    task().catch((error: unknown) => {
      if (error instanceof Untrusted) this.#stop({ code: 'organisation_unconfirmed', detail: error.reason })
      else this.#stop({ code: 'no_storage', detail: error instanceof Error ? error.name : 'unknown' })
    })
  }

  #show(next: AgentView): void {
    if (!this.#isDisposed) this.view.value = next
  }
}

const missing = (): never => {
  throw new Malformed('no root')
}
