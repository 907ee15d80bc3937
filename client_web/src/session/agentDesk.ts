/** A signed-in agent at work: the link, the device's standing, the queues, taking, joining, and the conversations. */
import type { ConsoleConfig, Ports } from '../core/ports.ts'
import type { AgentIntent, AgentView, Link as LinkWord, Organisation, Problem } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { Untrusted } from '../keys/untrusted.ts'
import type { SealedStore } from '../store/sealed.ts'
import { CLOSE } from '../wire/generated/codes.ts'
import type { ConversationCard, DeviceChanged, Envelope, FromRelay, Queue, Welcomed } from '../wire/generated/frames.ts'
import { fromHex, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import {
  type DeviceStanding,
  deviceLabel,
  deviceStanding,
  NO_DEVICE,
  newKeyPackages,
  PACKAGES_LOW,
  PACKAGES_WANTED,
} from './agentDevice.ts'
import { enter } from './agentJoin.ts'
import { chatView, deskView, proposedView, summaryOf } from './agentView.ts'
import { type Chat, recordName, runChat } from './chat.ts'
import type { Conversation } from './conversation.ts'
import { decodeConversation, encodeConversation } from './conversationCodec.ts'
import { signHello } from './hello.ts'
import { LinkLost, openLink } from './link.ts'
import {
  believedRecords,
  CHAT_INDEX,
  KEY_PACKAGES,
  type KeyPackageRecord,
  NAMES,
  readRecord,
  type SessionRecord,
  writeRecord,
} from './records.ts'
import { serial } from './serial.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const CONSOLE_SITE = 'console'

export interface DeskBeginning {
  readonly ports: Ports
  readonly config: ConsoleConfig
  readonly keeper: TrustKeeper
  readonly organisation: Organisation
  readonly signer: Signer
  readonly store: SealedStore
  readonly session: SessionRecord
  changed(): void
  /** The sign-in is over; `wrong` is no password but an ended session. */
  signedOut(): void
}

export type DeskIntent = Exclude<AgentIntent, { readonly kind: 'signIn' | 'signOut' }>

export interface Desk {
  view(): AgentView
  act(intent: DeskIntent): void
  believed(): Promise<void>
  problemIs(problem: Problem | null): void
  start(): Promise<void>
  stop(): void
}

export const runDesk = (begin: DeskBeginning): Desk => {
  const { ports, config, keeper, signer, store, session, changed } = begin
  const me = signer.publicKey
  const inOrder = serial()
  const chats = new Map<string, Chat>()
  const cards = new Map<string, ConversationCard>()
  const queues = new Map<string, Queue>()
  let packages: readonly KeyPackageRecord[] = []
  let desks: readonly string[] = session.desks
  let word: LinkWord = 'connecting'
  let standing: DeviceStanding = NO_DEVICE
  let problem: Problem | null = null
  let shown: string | null = null
  let taking = false
  let offset = 0
  let held = 0

  const relayNow = (): number => ports.clock.now() + offset
  const problemIs = (next: Problem | null): void => {
    problem = next
    changed()
  }
  const failed = (error: unknown): void => {
    if (error instanceof LinkLost) return
    if (error instanceof Refused) {
      problemIs({ code: 'refused', detail: error.code })
      return
    }
    if (error instanceof Untrusted) {
      problemIs({ code: 'organisation_unconfirmed', detail: error.reason })
      return
    }
    problemIs({ code: 'refused', detail: error instanceof Error ? error.name : 'unknown' })
  }
  const link = openLink(
    { port: ports.link, clock: ports.clock, entropy: ports.entropy },
    {
      hello: (challenge) => {
        const { origin, build } = config
        return signHello(challenge, { signer, speaker: { site: CONSOLE_SITE, origin, role: 'agent', session: session.token, build } })
      },
      welcomed: (frame) => welcomed(frame),
      frame: (frame) => receive(frame),
      state: (state) => {
        word = state
        changed()
      },
      ended: (code, refusal) => {
        if (code === CLOSE.notSignedIn) return begin.signedOut()
        problemIs(code === CLOSE.takenOver ? { code: 'another_tab', detail: '' } : { code: 'refused', detail: refusal ?? `${code}` })
      },
    },
  )

  const adopt = (conversation: Conversation): Chat => {
    const name = toHex(conversation.id)
    const chat = runChat(conversation, {
      me,
      signer,
      link,
      store,
      clock: ports.clock,
      trust: keeper,
      relayNow,
      entropy: ports.entropy,
      changed: () => {
        chatChanged(name)
        changed()
      },
    })
    chats.set(name, chat)
    return chat
  }
  const chatChanged = (name: string): void => {
    const chat = chats.get(name)
    if (chat === undefined) return
    if (shown === name && chat.conversation.unread > 0) chat.seen()
  }
  const index = (without: string | null = null): Uint8Array => {
    const listed = [...chats].filter(([name, { conversation }]) => name !== without && conversation.stage !== 'closed')
    return writeRecord(
      CHAT_INDEX,
      listed.map(([, { conversation }]) => ({ conversation: conversation.id })),
    )
  }

  const welcomed = (frame: Welcomed): void => {
    offset = frame.serverTime - ports.clock.now()
    held = frame.keyPackages
    desks = frame.agent?.desks ?? desks
    for (const desk of desks) link.ask({ tag: 'watch', desk }).catch(failed)
    for (const card of frame.conversations) follow(card)
    deviceChanged(frame)
    changed()
  }
  /** A conversation that we are in, or will be once the customer's device lets us. */
  const follow = (card: ConversationCard): void => {
    const name = toHex(card.conversation)
    cards.set(name, card)
    const chat = chats.get(name)
    if (chat !== undefined) chat.resume(card)
    else if (card.stage !== 'closed')
      link.ask({ tag: 'follow', conversation: card.conversation, after: Math.min(card.since, card.head) }).catch(failed)
  }
  const deviceChanged = (frame: Pick<DeviceChanged, 'credential'> & { readonly deviceState: string }): void => {
    inOrder
      .run(async () => {
        const trust = keeper.state
        if (trust === null) return
        standing = await deviceStanding(frame, { trust, device: me, agent: session.agent, now: relayNow() })
        changed()
        await refill()
      })
      .catch(failed)
  }
  const refill = async (): Promise<void> => {
    const { credential, identity } = standing
    if (credential === null || identity === null || held >= PACKAGES_LOW || !link.online) return
    const now = relayNow()
    const fresh = await newKeyPackages(PACKAGES_WANTED - held, { identity, signer, credential, now })
    packages = [...packages.filter(({ notAfter }) => notAfter > now), ...fresh]
    await store.save(new Map([[NAMES.keyPackages, writeRecord(KEY_PACKAGES, packages)]]))
    link.ask({ tag: 'publish', packages: fresh.map(({ keyPackage }) => keyPackage), lastResort: null }).then((answer) => {
      if (answer.tag === 'held') held = answer.singleUse
    }, failed)
  }

  const receive = (frame: FromRelay): void => {
    switch (frame.tag) {
      case 'envelope':
        takeEnvelope(frame)
        return
      case 'delivered':
        chats.get(toHex(frame.conversation))?.delivered(frame.seq)
        return
      case 'changed':
        cardChanged(frame.card)
        return
      case 'queue':
        queues.set(frame.desk, frame)
        changed()
        return
      case 'device':
        deviceChanged(frame)
        return
      case 'trust':
        keeper.take(frame.bundle).catch(failed)
    }
  }
  const cardChanged = (card: ConversationCard): void => {
    const name = toHex(card.conversation)
    cards.set(name, card)
    chats.get(name)?.card(card)
    if (card.stage === 'closed') forgetClosed(name)
    changed()
  }
  /** What is closed leaves this device; it stays on the screen until it is put away. */
  const forgetClosed = (name: string): void => {
    const chat = chats.get(name)
    if (chat === undefined) return
    inOrder.run(() => chat.retire(new Map([[NAMES.chats, index(name)]]))).catch(failed)
  }
  const takeEnvelope = (envelope: Envelope): void => {
    inOrder
      .run(async () => {
        const chat = chats.get(toHex(envelope.conversation))
        if (chat !== undefined) return chat.envelope(envelope)
        if (envelope.kind === 'welcome') await enterBy(envelope)
      })
      .catch(failed)
  }
  const enterBy = async (envelope: Envelope): Promise<void> => {
    const { credential } = standing
    await keeper.refresh()
    const trust = keeper.state
    if (trust === null || credential === null) return
    const { conversation, used } = await enter(envelope, { packages, trust, credential })
    const chat = adopt(conversation)
    packages = packages.filter((each) => each !== used)
    held = Math.max(0, held - 1)
    // State, index and the spent key package in one transaction: a crash in between would lose or re-use a key.
    await store.save(
      new Map([
        [recordName(conversation.id), encodeConversation(conversation)],
        [NAMES.chats, index()],
        [NAMES.keyPackages, writeRecord(KEY_PACKAGES, packages)],
      ]),
    )
    link.tell({ tag: 'ack', conversation: conversation.id, seq: envelope.seq })
    const card = cards.get(toHex(conversation.id))
    if (card !== undefined)
      chat.resume({ ...card, stage: card.stage === 'proposed' ? 'active' : card.stage, head: Math.max(card.head, envelope.seq) })
    changed()
    await refill()
  }

  const take = (desk: string, conversation: string | null): void => {
    if (taking) return
    taking = true
    changed()
    link
      .ask({ tag: 'take', desk, conversation: conversation === null ? null : fromHex(conversation) })
      .then((answer) => {
        if (answer.tag !== 'taken') return
        held = Math.max(0, held - 1)
        shown = toHex(answer.card.conversation)
        follow(answer.card)
      }, failed)
      .finally(() => {
        taking = false
        changed()
      })
  }
  const enrol = async (): Promise<void> => {
    await link.ask({ tag: 'enrol', label: await deviceLabel(me) })
  }
  const show = (name: string | null): void => {
    const before = shown === null ? undefined : chats.get(shown)
    if (before !== undefined && shown !== name && before.conversation.stage === 'closed') chats.delete(toHex(before.conversation.id))
    shown = name
    if (name !== null) chatChanged(name)
    changed()
  }
  const act = (intent: DeskIntent): void => {
    switch (intent.kind) {
      case 'askForApproval':
        enrol().catch(failed)
        return
      case 'take':
        take(intent.desk, intent.conversation)
        return
      case 'show':
        show(intent.conversation)
        return
      case 'send':
        chats.get(intent.conversation)?.say(intent.text)
        return
      case 'retry':
        chats.get(intent.conversation)?.retry(intent.id)
        return
      case 'close':
        chats.get(intent.conversation)?.close()
        return
      case 'dismissProblem':
        for (const chat of chats.values()) chat.problemIs(null)
        problemIs(null)
        return
    }
  }
  const proposed = (): readonly ConversationCard[] =>
    [...cards].flatMap(([name, card]) => (!chats.has(name) && card.stage === 'proposed' ? [card] : []))

  const view = (): AgentView => {
    const chat = shown === null ? undefined : chats.get(shown)
    const card = shown === null ? undefined : proposed().find(({ conversation }) => toHex(conversation) === shown)
    return {
      kind: 'desk',
      name: session.name,
      organisation: begin.organisation,
      device: standing.view,
      link: word,
      desks: desks.map((desk) => deskView(desk, queues.get(desk))),
      chats: [...proposed().map(proposedView), ...[...chats.values()].map(summaryOf)],
      open: chat !== undefined ? chatView(chat, { me, problem: null }) : card !== undefined ? proposedView(card) : null,
      problem: problem ?? (keeper.freshness() === 'fresh' ? null : { code: 'trust_expired', detail: keeper.freshness() }),
      taking,
    }
  }
  const restore = async (): Promise<void> => {
    const trust = keeper.state
    if (trust === null) return
    packages = (await readRecord(KEY_PACKAGES, store.load(NAMES.keyPackages))) ?? []
    for (const { conversation } of (await readRecord(CHAT_INDEX, store.load(NAMES.chats))) ?? []) {
      const saved = await store.load(recordName(conversation))
      if (saved !== null) adopt(await decodeConversation(saved, trust))
    }
  }
  return {
    view,
    act,
    believed: async () => {
      await store.save(believedRecords(keeper))
      for (const chat of chats.values()) chat.trustChanged()
    },
    problemIs,
    start: async () => {
      await restore()
      link.start()
    },
    stop: () => link.stop(),
  }
}
