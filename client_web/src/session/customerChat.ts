/** The customer's running conversation: the link, the proposals it judges, closing, and its view. */
import type { PageConfig, Ports, StoredKeys } from '../core/ports.ts'
import type { CustomerIntent, CustomerView, Link as LinkWord, Organisation, Problem } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { judgeKeyPackage } from '../keys/mls/admission.ts'
import { parseKeyPackage } from '../keys/mls/parse.ts'
import { judgeCredential } from '../keys/trustChain.ts'
import { Lapsed, Untrusted } from '../keys/untrusted.ts'
import type { SealedStore } from '../store/sealed.ts'
import { CLOSE } from '../wire/generated/codes.ts'
import type { ConversationCard, FromRelay, Proposal, Welcomed } from '../wire/generated/frames.ts'
import { sameOctets } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { runChat } from './chat.ts'
import type { Plan } from './commits.ts'
import { type Conversation, readerOf, type Situation } from './conversation.ts'
import { brokenProblem, entryViews, readerViews, wordsView } from './conversationView.ts'
import { signHello } from './hello.ts'
import { LinkLost, openLink } from './link.ts'
import { believedRecords, CUSTOMER, type CustomerRecord, NAMES, writeRecord } from './records.ts'
import type { TrustKeeper } from './trustKeeper.ts'

export interface Beginning {
  readonly ports: Ports
  readonly page: PageConfig
  readonly keeper: TrustKeeper
  readonly organisation: Organisation
  readonly keys: StoredKeys
  readonly signer: Signer
  readonly record: CustomerRecord
  readonly conversation: Conversation
  readonly store: SealedStore
  changed(): void
  /** The relay does not open this conversation. */
  refused(code: string): void
}

export type ChatIntent = Extract<CustomerIntent, { readonly kind: 'send' | 'retry' | 'end' | 'seen' }>

export interface CustomerChat {
  view(): CustomerView
  act(intent: ChatIntent): void
  believed(): Promise<void>
  problemIs(problem: Problem | null): void
  start(): Promise<void>
  /** The link goes down; what rests stays. */
  stop(): void
  /** The link goes down and everything that rests here is wiped. */
  leave(): Promise<void>
}

export const runCustomerChat = (begin: Beginning): CustomerChat => {
  const { ports, page, keeper, signer, changed } = begin
  let saving: Promise<void> = Promise.resolve()
  /** What is over must not be written again behind the wipe. */
  const store: SealedStore = {
    load: begin.store.load,
    save: (changes) => {
      if (!isOver) saving = begin.store.save(changes)
      return saving
    },
  }
  let record = begin.record
  let word: LinkWord = 'connecting'
  let offset = 0
  let wantsEnd = false
  let isOver = false
  let offered: Proposal | null = null
  let ended: Problem | null = null

  const relayNow = (): number => ports.clock.now() + offset
  const link = openLink(
    { port: ports.link, clock: ports.clock, entropy: ports.entropy },
    {
      hello: (challenge) =>
        signHello(challenge, {
          signer,
          speaker: { site: page.site, origin: page.origin, role: 'customer', session: null, build: page.build },
        }),
      welcomed: (frame) => welcomed(frame),
      frame: (frame) => receive(frame),
      state: (state) => {
        word = state
        changed()
      },
      ended: (code, refusal) => {
        ended = endedProblem(code, refusal)
        changed()
      },
    },
  )
  const chat = runChat(begin.conversation, {
    me: signer.publicKey,
    signer,
    link,
    store,
    clock: ports.clock,
    trust: keeper,
    relayNow,
    entropy: ports.entropy,
    changed: () => {
      if (chat.conversation.stage === 'closed') over()
      consider()
      changed()
    },
  })

  const keepRecord = async (next: CustomerRecord): Promise<void> => {
    await store.save(new Map([[NAMES.customer, writeRecord(CUSTOMER, next)]]))
    record = next
  }
  const welcomed = (frame: Welcomed): void => {
    offset = frame.serverTime - ports.clock.now()
    const card = frame.conversations.find(({ conversation }) => sameOctets(conversation, record.conversation))
    if (record.groupInfo !== null) openNow().catch(openFailed)
    else if (card === undefined) over()
    else proceed(card)
  }
  const openNow = async (): Promise<void> => {
    const { conversation, groupInfo, start } = record
    if (groupInfo === null) return
    const opened = await link.ask({ tag: 'open', conversation, groupInfo, start })
    if (opened.tag !== 'opened') return
    await keepRecord({ ...record, groupInfo: null, receipt: opened.receipt, ahead: opened.ahead })
    proceed(opened.card)
  }
  const openFailed = (error: unknown): void => {
    if (error instanceof LinkLost) return
    if (error instanceof Refused && (error.code === 'unavailable' || error.code === 'too_fast')) {
      ports.clock.after(error.retryAfterMs ?? 2000, () => void openNow().catch(openFailed))
      return
    }
    begin.refused(error instanceof Refused ? error.code : 'open')
  }
  const proceed = (card: ConversationCard): void => {
    chat.resume(card)
    if (wantsEnd) chat.close()
  }
  const receive = (frame: FromRelay): void => {
    switch (frame.tag) {
      case 'envelope':
        if (isOurs(frame.conversation)) chat.envelope(frame)
        return
      case 'delivered':
        if (isOurs(frame.conversation)) chat.delivered(frame.seq)
        return
      case 'changed':
        if (isOurs(frame.card.conversation)) chat.card(frame.card)
        return
      case 'proposal':
        if (!isOurs(frame.conversation)) return
        offered = frame
        consider()
        return
      case 'trust':
        keeper.take(frame.bundle).catch(distrusted)
        return
    }
  }
  const isOurs = (conversation: Uint8Array): boolean => sameOctets(conversation, record.conversation)
  const distrusted = (error: unknown): void => {
    if (!(error instanceof Untrusted)) throw error
    chat.problemIs({ code: 'organisation_unconfirmed', detail: error.reason })
  }

  /** The relay proposes; this device checks everything itself and adds, or does not. */
  const consider = (): void => {
    const proposal = offered
    if (proposal === null || chat.conversation.pending !== null) return
    offered = null
    chat
      .propose((conversation, situation) => judgeProposal(proposal, conversation, situation))
      .then((isTaken) => {
        if (!isTaken) offered ??= proposal
      })
      .catch((error: unknown) => {
        if (error instanceof Untrusted) chat.problemIs({ code: 'agent_unconfirmed', detail: error.reason })
        else if (error instanceof Refused) chat.problemIs({ code: 'agent_unconfirmed', detail: error.code })
        else throw error
      })
  }
  const judgeProposal = async (proposal: Proposal, conversation: Conversation, situation: Situation): Promise<Plan | null> => {
    const keyPackage = parseKeyPackage(proposal.keyPackage)
    const { signatureKey, identity } = keyPackage.leafNode
    if (readerOf(conversation, signatureKey) !== null || conversation.stage === 'closed') return null
    await keeper.refresh()
    if (keeper.freshness() !== 'fresh') throw new Lapsed('trust')
    const at = Math.max(situation.now, conversation.memory.committedAt)
    judgeKeyPackage(keyPackage, at)
    const { desk } = conversation.facts.terms
    await judgeCredential(keeper.state ?? situation.trust, identity, { at, leafKey: signatureKey, desk, role: 'agent', kind: 'human' })
    return { adds: [proposal.keyPackage], grounds: { reliesOn: record.startDigest, decision: record.start } }
  }

  /** Closed: the screen keeps what it shows, the device keeps nothing. */
  const over = (): void => {
    if (isOver) return
    isOver = true
    link.stop()
    keeper.stop()
    void wipe()
  }
  const wipe = (): Promise<void> => saving.then(ports.store.wipe, ports.store.wipe)
  const view = (): CustomerView => {
    const { conversation } = chat
    const stage = isOver ? 'closed' : record.groupInfo !== null ? 'opening' : conversation.stage
    return {
      kind: 'chat',
      organisation: begin.organisation,
      deskLabel: record.deskLabel,
      stage,
      ahead: record.ahead,
      link: word,
      entries: entryViews(conversation),
      readers: readerViews(conversation, signer.publicKey),
      words: conversation.readers.length > 1 ? wordsView(conversation) : null,
      closesAt: conversation.closesAt,
      problem: brokenProblem(conversation) ?? ended ?? chat.problem ?? expiry(keeper),
      unread: conversation.unread,
    }
  }
  return {
    view,
    act: (intent) => {
      switch (intent.kind) {
        case 'send':
          return chat.say(intent.text)
        case 'retry':
          return chat.retry(intent.id)
        case 'seen':
          return chat.seen()
        case 'end':
          wantsEnd = true
          if (link.online) chat.close()
      }
    },
    believed: async () => {
      await store.save(believedRecords(keeper))
      chat.trustChanged()
    },
    problemIs: chat.problemIs,
    start: async () => {
      link.start()
    },
    stop: () => link.stop(),
    leave: async () => {
      isOver = true
      link.stop()
      await wipe()
    },
  }
}

const expiry = (keeper: TrustKeeper): Problem | null =>
  keeper.freshness() === 'fresh' ? null : { code: 'trust_expired', detail: keeper.freshness() }

export const endedProblem = (code: number, refusal: string | null): Problem =>
  code === CLOSE.takenOver ? { code: 'another_tab', detail: '' } : { code: 'refused', detail: refusal ?? `${code}` }
