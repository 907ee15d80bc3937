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
import { type Desk, runDesk } from './agentDesk.ts'
import { observable } from './observable.ts'
import { BELIEVED, believedRecords, NAMES, PINNED, readRecord, SESSION, type SessionRecord, writeRecord } from './records.ts'
import { type TrustKeeper, trustKeeper } from './trustKeeper.ts'

const RETRY_MS = 5000

/** This device as it is held in memory. */
interface Device {
  readonly keys: StoredKeys
  readonly store: SealedStore
}

export const startAgent = (ports: Ports & { readonly signIn: SignInPort }, config: ConsoleConfig): Program<AgentView, AgentIntent> => {
  const view = observable<AgentView>({ kind: 'checking' })
  let device: Device | null = null
  let keeper: TrustKeeper | null = null
  let desk: Desk | null = null
  let session: SessionRecord | null = null
  let isBusy = false
  let isDisposed = false

  const show = (next: AgentView): void => {
    if (!isDisposed) view.value = next
  }
  const stop = (problem: Problem): void => show({ kind: 'stopped', problem })
  const storeOf = (keys: StoredKeys): SealedStore =>
    sealedStore(ports.store, { key: keys.sealing, entropy: ports.entropy, mayWrite: () => !isDisposed })

  const begin = async (): Promise<void> => {
    await selfTest(ports.clock.now())
    const keys = await ports.store.loadKeys()
    device = keys && { keys, store: storeOf(keys) }
    if (!(await believe())) return
    const saved = device && (await readRecord(SESSION, device.store.load(NAMES.session)))
    session = saved
    if (saved !== null && saved.token !== '' && saved.expiresAt > ports.clock.now()) await work(saved)
    else askToSignIn()
  }
  const askToSignIn = (wrong = false, retryAfterMs: number | null = null): void =>
    show({ kind: 'signIn', busy: false, wrong, retryAfterMs })

  /** The root is pinned by configuration, by what this browser saw first, or by what it sees now. */
  const pinnedRoot = async (bundle: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    if (config.root !== '') return fromBase32(config.root) ?? missing()
    const known = device && (await readRecord(PINNED, device.store.load(NAMES.pinned)))
    if (known !== null) return known.root
    const [first] = parseBundle(await bundle()).roots
    return first === undefined ? missing() : sha256(parseEnvelope(first).payload)
  }
  const believe = async (): Promise<boolean> => {
    const kept = device && (await readRecord(BELIEVED, device.store.load(NAMES.believed)))
    try {
      const pinned = await pinnedRoot(ports.documents.trustBundle)
      keeper = keeperFor(pinned, kept?.memory ?? null)
      await (kept === null ? keeper.fetch() : keeper.take(kept.bundle))
      if (kept !== null) void keeper.refresh(true)
      return true
    } catch (error) {
      if (error instanceof Untrusted) stop({ code: 'organisation_unconfirmed', detail: error.reason })
      else {
        stop({ code: 'relay_unreachable', detail: 'trust' })
        ports.clock.after(RETRY_MS, () => run(begin))
      }
      return false
    }
  }
  const keeperFor = (pinned: Uint8Array, memory: TrustMemory | null): TrustKeeper =>
    trustKeeper(pinned, memory, {
      documents: ports.documents,
      clock: ports.clock,
      believed: async () => desk?.believed(),
      distrusted: (error) => desk?.problemIs({ code: 'organisation_unconfirmed', detail: error.reason }),
    })

  const signIn = async (agent: string, password: string): Promise<void> => {
    if (isBusy || keeper?.state == null) return
    isBusy = true
    show({ kind: 'signIn', busy: true, wrong: false, retryAfterMs: null })
    try {
      const answer = await ports.signIn.signIn(agent, password)
      if (answer.kind === 'refused') return askToSignIn(answer.code === 'not_signed_in', answer.retryAfterMs)
      const { session: token, expiresAt, name, desks } = answer
      // Another person at this browser is another device: nothing of the first may be read by the second.
      if (session !== null && session.agent !== answer.agent) await forgetDevice()
      const next = { token, expiresAt, agent: answer.agent, name, desks }
      await keep(next, keeper)
      await work(next)
    } catch (error) {
      if (error instanceof Untrusted) throw error
      stop({ code: 'relay_unreachable', detail: error instanceof Error ? error.name : 'sign_in' })
      ports.clock.after(RETRY_MS, askToSignIn)
    } finally {
      isBusy = false
    }
  }
  const forgetDevice = async (): Promise<void> => {
    await ports.store.wipe()
    device = null
  }
  const keep = async (next: SessionRecord, believed: TrustKeeper): Promise<void> => {
    device ??= await newDevice()
    const pinned = believed.state?.memory.pinned
    await device.store.save(
      new Map([
        [NAMES.session, writeRecord(SESSION, next)],
        ...(pinned === undefined
          ? []
          : [[NAMES.pinned, writeRecord(PINNED, { root: pinned, isFirstSeen: config.root === '' ? 1 : 0 })] as const]),
        ...believedRecords(believed),
      ]),
    )
    session = next
  }
  const newDevice = async (): Promise<Device> => {
    const { pair, publicKey } = await newKeyPair()
    const keys = { sealing: await newSealingKey(), device: pair, devicePublic: publicKey }
    await ports.store.saveKeys(keys)
    return { keys, store: storeOf(keys) }
  }

  const work = async (current: SessionRecord): Promise<void> => {
    const trust = keeper?.state
    if (device === null || keeper === null || trust == null) return
    const { keys, store } = device
    const started = runDesk({
      ports,
      config,
      keeper,
      organisation: await organisationOf(trust),
      signer: signerFromCryptoKey(keys.device.privateKey, keys.devicePublic),
      store,
      session: current,
      changed: () => {
        if (desk === started) show(started.view())
      },
      signedOut: () => run(() => endSession(current)),
    })
    desk = started
    show(started.view())
    await started.start()
    keeper.poll()
  }
  const organisationOf = async (trust: TrustState): Promise<Organisation> => ({
    name: trust.roots.newest.document.name,
    words: await organisationWords(trust.memory.pinned),
    site: '',
    checkedAt: ports.clock.now(),
  })
  /** The token goes, the device and its sealed conversations stay for the same person's next sign-in. */
  const endSession = async (ended: SessionRecord): Promise<void> => {
    desk?.stop()
    desk = null
    keeper?.stop()
    session = { ...ended, token: '', expiresAt: 0 }
    await device?.store.save(new Map([[NAMES.session, writeRecord(SESSION, session)]]))
    askToSignIn()
  }
  const signOut = async (): Promise<void> => {
    if (session === null || desk === null) return
    const { token } = session
    await endSession(session)
    await ports.signIn.signOut(token).catch(() => undefined)
  }
  const run = (task: () => Promise<void>): void => {
    task().catch((error: unknown) => {
      if (error instanceof Untrusted) return stop({ code: 'organisation_unconfirmed', detail: error.reason })
      stop({ code: 'no_storage', detail: error instanceof Error ? error.name : 'unknown' })
    })
  }
  run(begin)
  return {
    view,
    intend: (intent) => {
      if (intent.kind === 'signIn') run(() => signIn(intent.agent, intent.password))
      else if (intent.kind === 'signOut') run(signOut)
      else desk?.act(intent)
    },
    dispose: () => {
      isDisposed = true
      keeper?.stop()
      desk?.stop()
    },
  }
}

const missing = (): never => {
  throw new Malformed('no root')
}
