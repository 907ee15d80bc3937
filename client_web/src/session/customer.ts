/** The customer's program: from the notice to the closed chat. States intents in, views out; the conversation itself runs in `customerChat.ts`. */
import type { PageConfig, Ports, StoredKeys } from '../core/ports.ts'
import type { CustomerIntent, CustomerView, Organisation, Problem, Program } from '../core/views.ts'
import { signerFromCryptoKey } from '../keys/ed25519.ts'
import { selfTest } from '../keys/mls/selfTest.ts'
import type { TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { organisationWords } from '../keys/words.ts'
import { BrokenSeal, sealedStore } from '../store/sealed.ts'
import { fromBase32 } from '../wire/octets.ts'
import { BadFrame } from '../wire/shape.ts'
import { recordName } from './chat.ts'
import { decodeConversation, encodeConversation } from './conversationCodec.ts'
import { type CustomerChat, runCustomerChat } from './customerChat.ts'
import { observable } from './observable.ts'
import { makeConversation, prepareNotice } from './opening.ts'
import type { StartNotice } from './policy.ts'
import { BELIEVED, believedRecords, CUSTOMER, NAMES, readRecord, writeRecord } from './records.ts'
import { type TrustKeeper, trustKeeper } from './trustKeeper.ts'

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'notice'; readonly keeper: TrustKeeper; readonly notice: StartNotice; readonly organisation: Organisation }
  | { readonly kind: 'chat'; readonly chat: CustomerChat; readonly keeper: TrustKeeper }

export const startCustomer = (ports: Ports, page: PageConfig): Program<CustomerView, CustomerIntent> => {
  const view = observable<CustomerView>({ kind: 'checking' })
  const root = fromBase32(page.root)
  let phase: Phase = { kind: 'idle' }
  let isDisposed = false

  const show = (next: CustomerView): void => {
    if (!isDisposed) view.value = next
  }
  const stop = (problem: Problem, organisation: Organisation | null): void => {
    phase = { kind: 'idle' }
    show({ kind: 'stopped', problem, organisation })
  }
  const organisationOf = async (trust: TrustState, pinned: Uint8Array): Promise<Organisation> => ({
    name: trust.roots.newest.document.name,
    words: await organisationWords(pinned),
    site: page.site,
    checkedAt: ports.clock.now(),
  })

  const open = async (): Promise<void> => {
    if (phase.kind === 'busy' || phase.kind === 'chat') return
    phase = { kind: 'busy' }
    show({ kind: 'checking' })
    if (root === null || root.length !== 32) return stop({ code: 'organisation_unconfirmed', detail: 'fingerprint' }, null)
    const keys = await ports.store.loadKeys()
    if (keys !== null && (await restore(keys, root))) return
    await prepare(root)
  }

  /** No socket, nothing stored: two public documents over HTTP. */
  const prepare = async (pinned: Uint8Array): Promise<void> => {
    const keeper = keeperFor(pinned, null)
    const trust = await believe(keeper)
    if (trust === null) return
    const organisation = await organisationOf(trust, pinned)
    const prepared = await prepareNotice(trust, { documents: ports.documents, page, now: ports.clock.now() })
    if (prepared.kind === 'stopped') return stop(prepared.problem, organisation)
    phase = { kind: 'notice', keeper, notice: prepared.notice, organisation }
    show({ kind: 'notice', organisation, notice: prepared.notice.view, starting: false })
  }
  const believe = async (keeper: TrustKeeper): Promise<TrustState | null> => {
    try {
      return await keeper.fetch()
    } catch (error) {
      const code = error instanceof Untrusted ? 'organisation_unconfirmed' : 'relay_unreachable'
      stop({ code, detail: error instanceof Untrusted ? error.reason : 'trust' }, null)
      return null
    }
  }
  const keeperFor = (pinned: Uint8Array, memory: Parameters<typeof trustKeeper>[1]): TrustKeeper =>
    trustKeeper(pinned, memory, {
      documents: ports.documents,
      clock: ports.clock,
      believed: async () => {
        if (phase.kind === 'chat') await phase.chat.believed()
      },
      distrusted: (error) => {
        if (phase.kind === 'chat') phase.chat.problemIs({ code: 'organisation_unconfirmed', detail: error.reason })
      },
    })

  /** The one act: keys, decision and group are made, saved sealed, and only then the relay hears of them. */
  const start = async (): Promise<void> => {
    if (phase.kind !== 'notice' || root === null) return
    const { keeper, notice, organisation } = phase
    const trust = keeper.state
    if (trust === null || keeper.freshness() !== 'fresh') return stop({ code: 'trust_expired', detail: 'lapsed' }, organisation)
    phase = { kind: 'busy' }
    show({ kind: 'notice', organisation, notice: notice.view, starting: true })
    const made = await attempt('old_browser', organisation, async () => {
      await selfTest(ports.clock.now())
      return makeConversation(ports, { page, root, trust, notice })
    })
    if (made === null) return
    const { keys, signer, record, conversation } = made
    const store = sealedStore(ports.store, { key: keys.sealing, entropy: ports.entropy, mayWrite: () => !isDisposed })
    const saved = await attempt('no_storage', organisation, async () => {
      await ports.store.saveKeys(keys)
      await store.save(
        new Map([
          ...believedRecords(keeper),
          [NAMES.customer, writeRecord(CUSTOMER, record)],
          [recordName(conversation.id), encodeConversation(conversation)],
        ]),
      )
      return true
    })
    if (saved === null) return
    await run({ keeper, organisation, keys, signer, record, conversation, store })
  }
  const attempt = async <T>(code: 'old_browser' | 'no_storage', organisation: Organisation, task: () => Promise<T>): Promise<T | null> => {
    try {
      return await task()
    } catch (error) {
      stop({ code, detail: error instanceof Error ? error.name : 'unknown' }, organisation)
      return null
    }
  }

  /** After a reload: what rests sealed goes on where it stood. False when nothing usable rests here. */
  const restore = async (keys: StoredKeys, pinned: Uint8Array): Promise<boolean> => {
    const store = sealedStore(ports.store, { key: keys.sealing, entropy: ports.entropy, mayWrite: () => !isDisposed })
    try {
      const record = await readRecord(CUSTOMER, store.load(NAMES.customer))
      const believed = await readRecord(BELIEVED, store.load(NAMES.believed))
      const saved = record && (await store.load(recordName(record.conversation)))
      if (record === null || saved === null) throw new BrokenSeal('incomplete')
      const keeper = keeperFor(pinned, believed?.memory ?? null)
      const trust = await (believed === null ? keeper.fetch() : keeper.take(believed.bundle))
      const conversation = await decodeConversation(saved, trust)
      const signer = signerFromCryptoKey(keys.device.privateKey, keys.devicePublic)
      await run({ keeper, organisation: await organisationOf(trust, pinned), keys, signer, record, conversation, store })
      void keeper.refresh(true)
      return true
    } catch (error) {
      if (error instanceof BrokenSeal || error instanceof BadFrame || error instanceof Untrusted) {
        await ports.store.wipe()
        return false
      }
      throw error
    }
  }

  const run = async (begin: Omit<Parameters<typeof runCustomerChat>[0], 'ports' | 'page' | 'changed' | 'refused'>): Promise<void> => {
    const chat = runCustomerChat({
      ...begin,
      ports,
      page,
      changed: () => {
        if (phase.kind === 'chat' && phase.chat === chat) show(chat.view())
      },
      refused: (code) => {
        void leave().then(() => stop({ code: 'refused', detail: code }, begin.organisation))
      },
    })
    phase = { kind: 'chat', chat, keeper: begin.keeper }
    show(chat.view())
    await chat.start()
    begin.keeper.poll()
  }

  /** Everything of this conversation leaves the device. */
  const leave = async (): Promise<void> => {
    if (phase.kind === 'chat') {
      phase.keeper.stop()
      await phase.chat.leave()
    }
    phase = { kind: 'idle' }
  }
  const forget = async (): Promise<void> => {
    await leave()
    await open()
  }

  const act = async (intent: CustomerIntent): Promise<void> => {
    switch (intent.kind) {
      case 'open':
        return open()
      case 'start':
        return start()
      case 'notNow':
        return
      case 'forget':
        return forget()
      default:
        if (phase.kind === 'chat') phase.chat.act(intent)
    }
  }
  return {
    view,
    intend: (intent) => {
      act(intent).catch((error: unknown) => stop({ code: 'no_storage', detail: error instanceof Error ? error.name : 'unknown' }, null))
    },
    dispose: () => {
      isDisposed = true
      if (phase.kind !== 'chat') return
      phase.keeper.stop()
      phase.chat.stop()
    },
  }
}
