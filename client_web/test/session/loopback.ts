/** A small real relay in memory: order, one winner per epoch, redelivery, proposals. It judges nothing: what must be refused, the clients refuse. */

import type { LinkEvent, LinkPort } from '../../src/core/ports.ts'
import { sha256 } from '../../src/keys/digest.ts'
import { opaque } from '../../src/keys/mls/bytes.ts'
import { parseCommit } from '../../src/keys/mls/parse.ts'
import { Reader } from '../../src/keys/mls/reader.ts'
import { numberOf } from '../../src/keys/terms.ts'
import { COMMIT_NOTE, DECISION_CLAIMS, HELLO_CLAIMS, WELCOME_BUNDLE } from '../../src/wire/generated/claims.ts'
import {
  type ConversationCard,
  type Envelope,
  FROM_CLIENT,
  FROM_RELAY,
  type FromClient,
  type FromRelay,
  type HandoffCard,
} from '../../src/wire/generated/frames.ts'
import { KEY_PACKAGES_LOW, LAST_RESORT_LIFE_MS } from '../../src/wire/generated/limits.ts'
import type { Stage } from '../../src/wire/generated/stages.ts'
import { concat, fromHex, toHex } from '../../src/wire/octets.ts'
import { decodeAs, encodeAs } from '../../src/wire/shape.ts'

interface Member {
  readonly device: string
  since: number
  until: number
  acked: number
  lastNumber: number
  /** Its group is over: it hears of the conversation and waits to be let into the next. */
  frozen: boolean
  stuck: boolean
}

interface Held {
  readonly id: Uint8Array
  customer: string
  group: number
  readonly desk: string
  readonly site: string
  stage: Stage
  epoch: number
  committedAt: number
  interim: Uint8Array
  readonly envelopes: (Envelope & { readonly to: string | null; readonly others: Uint8Array | null })[]
  readonly members: Member[]
  offer: { readonly device: string; readonly keyPackage: Uint8Array } | null
  /** Once the customer has kept it open; 0 before. */
  closesAt: number
  /** Devices by leaf, as Adds and Removes place them. */
  readonly leaves: (string | null)[]
  handoff: Handing | null
}

interface Handing {
  readonly giver: string
  readonly to: string | null
  readonly standing: HandoffCard['standing']
  readonly taker: string | null
}

interface Socket {
  device: string
  role: 'customer' | 'agent'
  /** Sign-in name; here the token is the name. */
  agent: string
  readonly following: Map<string, number>
  readonly watching: Set<string>
  say(frame: FromRelay): void
  close(code: number): void
}

const NEW = { until: Infinity, acked: 0, lastNumber: 0, frozen: false, stuck: false } as const

export interface Relay {
  /** One client's line to this relay. */
  port(): LinkPort
  readonly conversations: ReadonlyMap<string, Held>
  /** Hex of a device to its credential. */
  readonly credentials: Map<string, Uint8Array>
  readonly packages: Map<string, Uint8Array[]>
  readonly lastResorts: Map<string, Uint8Array>
  readonly enrolled: Set<string>
  /** What the customer is shown instead of the taken device's key package. */
  swapKeyPackage(swap: ((keyPackage: Uint8Array) => Uint8Array) | null): void
  refuseNext(tag: FromClient['tag'], code: string): void
  /** Carries out the next request of this kind and loses the line before it answers. */
  loseNext(tag: FromClient['tag']): void
  /** What everybody but its committer gets of the next commit. */
  malformNextCommit(change: (commit: Uint8Array) => Uint8Array): void
  /** So many rows it says it holds, and never shows. */
  withhold(rows: number): void
  tellEverybody(frame: FromRelay): void
  pushTrust(bundle: Uint8Array): void
  issued(device: Uint8Array): void
  dropAll(code?: number): void
  forget(conversation: string): void
  /** An offer to hand over comes to nothing. */
  endHandoff(conversation: string, standing: 'declined' | 'lapsed' | 'gone'): void
  readonly seen: FromClient['tag'][]
}

const nameOf = (agent: string): string => agent.charAt(0).toUpperCase() + agent.slice(1)

const interimOf = (confirmed: Uint8Array, tag: Uint8Array): Promise<Uint8Array> => sha256(concat(confirmed, opaque(tag)))

/** Its group's number, and the interim transcript hash of epoch 0. */
const firstOf = async (groupInfo: Uint8Array): Promise<{ readonly group: number; readonly interim: Uint8Array }> => {
  const reader = new Reader(groupInfo)
  reader.take(8)
  const group = numberOf(reader.opaque())
  reader.take(8)
  reader.opaque()
  const confirmed = reader.opaque()
  reader.opaque()
  reader.opaque()
  return { group, interim: await interimOf(confirmed, reader.opaque()) }
}

export const newRelay = (now: () => number): Relay => {
  const conversations = new Map<string, Held>()
  const credentials = new Map<string, Uint8Array>()
  const packages = new Map<string, Uint8Array[]>()
  const lastResorts = new Map<string, Uint8Array>()
  const stockOf = (device: string) => ({
    keyPackages: packages.get(device)?.length ?? 0,
    lastResortUntil: lastResorts.has(device) ? now() + LAST_RESORT_LIFE_MS : 0,
  })
  const enrolled = new Set<string>()
  const sockets = new Set<Socket>()
  const refusals: { tag: string; code: string }[] = []
  const seen: FromClient['tag'][] = []
  let swap: ((keyPackage: Uint8Array) => Uint8Array) | null = null
  let malform: ((commit: Uint8Array) => Uint8Array) | null = null
  let losing: FromClient['tag'] | null = null
  let withheld = 0
  let work: Promise<unknown> = Promise.resolve()

  const memberOf = (held: Held, device: string): Member | undefined =>
    held.members.find((member) => member.device === device && member.until === Infinity)
  const partyOf = (held: Held, device: string): Member | undefined =>
    held.members.find((member) => member.device === device && (member.until === Infinity || member.frozen))
  const card = (held: Held, device: string): ConversationCard => {
    const member = partyOf(held, device)
    const head = held.envelopes.length
    return {
      conversation: held.id,
      site: held.site,
      desk: held.desk,
      stage: held.stage,
      group: held.group,
      epoch: held.epoch,
      head,
      since: member?.since ?? head,
      lastNumber: member?.lastNumber ?? 0,
      acked: member?.acked ?? 0,
      committedAt: held.committedAt,
      openedAt: now(),
      closesAt: held.closesAt || now() + 1000,
    }
  }
  const deliver = (): void => {
    for (const socket of sockets) {
      for (const [name, after] of socket.following) {
        const held = conversations.get(name)
        // Who was removed still hears the commit that did it.
        const member = held?.members.findLast(({ device }) => device === socket.device)
        if (held === undefined || member === undefined) continue
        for (const { to, others, ...envelope } of held.envelopes) {
          if (envelope.seq > member.until || envelope.seq <= Math.max(after, member.since) || (to !== null && to !== socket.device))
            continue
          const body = others !== null && toHex(envelope.sender) !== socket.device ? others : envelope.body
          socket.say({ ...envelope, body })
        }
        socket.following.set(name, Math.max(after, Math.min(member.until, held.envelopes.length)))
      }
    }
  }
  const hereOf = (device: string): 'here' | 'away' => ([...sockets].some((socket) => socket.device === device) ? 'here' : 'away')
  const deskOf = (held: Held): 'here' | 'away' =>
    held.members.length > 1 || [...sockets].some(({ role, device }) => role === 'agent' && credentials.has(device)) ? 'here' : 'away'
  const tellHere = (): void => {
    for (const held of conversations.values()) {
      for (const socket of sockets) {
        const isParty = memberOf(held, socket.device) !== undefined || held.offer?.device === socket.device
        if (isParty) socket.say({ tag: 'here', conversation: held.id, customer: hereOf(held.customer), desk: deskOf(held) })
        if (socket.watching.has(held.desk)) queue(socket, held.desk)
      }
    }
  }
  const issued = (name: string): void => {
    for (const socket of sockets) {
      const credential = credentials.get(name) ?? null
      if (socket.device === name) socket.say({ tag: 'device', deviceState: 'issued', credential, ...stockOf(name) })
    }
    tellHere()
  }
  const changed = (held: Held): void => {
    for (const socket of sockets) {
      if (partyOf(held, socket.device) || held.offer?.device === socket.device)
        socket.say({ tag: 'changed', card: card(held, socket.device) })
      const decides = held.stage === 'proposed' ? held.customer : held.handoff?.giver
      if (decides === socket.device && held.offer !== null) {
        const keyPackage = swap?.(held.offer.keyPackage) ?? held.offer.keyPackage
        socket.say({ tag: 'proposal', conversation: held.id, group: held.group, keyPackage })
      }
      for (const member of held.members) {
        const isTold = held.customer === socket.device && member.stuck && member.until === Infinity
        if (isTold) socket.say({ tag: 'complained', conversation: held.id, group: held.group, device: octetsOf(member.device) })
      }
      if (socket.watching.has(held.desk)) queue(socket, held.desk)
    }
  }
  const queue = (socket: Socket, desk: string): void => {
    const waiting = [...conversations.values()].filter((held) => held.desk === desk && held.stage === 'waiting')
    socket.say({
      tag: 'queue',
      desk,
      waiting: waiting.map((held) => ({
        conversation: held.id,
        site: held.site,
        waitingSince: now(),
        why: 'new',
        customer: hereOf(held.customer),
      })),
      waitingCount: waiting.length,
      activeCount: 0,
    })
  }
  const append = (
    held: Held,
    entry: Omit<Envelope, 'tag' | 'conversation' | 'seq' | 'group' | 'postedAt'> & { readonly to?: string; readonly others?: Uint8Array },
  ): number => {
    const { to = null, others = null, ...envelope } = entry
    const seq = held.envelopes.length + 1
    held.envelopes.push({ tag: 'envelope', conversation: held.id, seq, group: held.group, postedAt: now(), ...envelope, to, others })
    return seq
  }
  const octetsOf = fromHex
  const colleaguesOf = (socket: Socket) =>
    [...sockets]
      .filter(({ role, device, agent }) => role === 'agent' && device !== socket.device && agent !== socket.agent)
      .map(({ agent }) => ({ agent, name: nameOf(agent) }))
  const agentOf = (device: string): string => [...sockets].find((socket) => socket.device === device)?.agent ?? ''
  const handoffCard = (held: Held, { giver, to, standing, taker }: Handing): HandoffCard => {
    const who = taker === null ? to : agentOf(taker)
    const names = { giver: nameOf(agentOf(giver)), taker: who === null ? null : nameOf(who) }
    return { conversation: held.id, desk: held.desk, standing, ...names, lapsesAt: now() }
  }
  const tellHandoffs = (): void => {
    for (const socket of sockets) {
      if (socket.role !== 'agent') continue
      const isOffered = ({ giver, to, standing, taker }: Handing): boolean =>
        giver !== socket.device &&
        (standing === 'accepted' ? taker === socket.device : standing === 'asked' && (to ?? socket.agent) === socket.agent)
      const cards = (isMine: (handing: Handing) => boolean): HandoffCard[] =>
        [...conversations.values()].flatMap((held) =>
          held.handoff !== null && isMine(held.handoff) ? [handoffCard(held, held.handoff)] : [],
        )
      socket.say({ tag: 'handoffs', given: cards(({ giver }) => giver === socket.device), offered: cards(isOffered) })
    }
  }
  const endHandoff = (held: Held, standing: 'declined' | 'lapsed' | 'gone' | null): void => {
    held.handoff = standing === null || held.handoff === null ? null : { ...held.handoff, standing }
    if (held.stage === 'active') held.offer = null
    tellHandoffs()
  }
  const takeOver = (socket: Socket, ref: number, held: Held, handing: Handing): void => {
    const keyPackage = packages.get(socket.device)?.pop()
    if (keyPackage === undefined) return
    held.offer = { device: socket.device, keyPackage }
    held.handoff = { ...handing, standing: 'accepted', taker: socket.device }
    socket.say({ tag: 'taken', ref, card: card(held, socket.device) })
    changed(held)
    tellHandoffs()
  }

  const take = async (socket: Socket, frame: FromClient): Promise<void> => {
    seen.push(frame.tag)
    const refusal = refusals.findIndex(({ tag }) => tag === frame.tag)
    if (refusal >= 0 && 'ref' in frame) {
      const [refused] = refusals.splice(refusal, 1)
      return socket.say({ tag: 'refused', ref: frame.ref, code: refused?.code ?? '', retryAfterMs: 1, notice: null, reference: null })
    }
    if (losing === frame.tag) {
      losing = null
      const deaf = { ...socket, say: () => undefined }
      socket.close(1006)
      return carryOut(deaf, frame)
    }
    return carryOut(socket, frame)
  }
  const carryOut = async (socket: Socket, frame: FromClient): Promise<void> => {
    switch (frame.tag) {
      case 'hello': {
        const claims = decodeAs(HELLO_CLAIMS, frame.hello.claims)
        socket.device = toHex(claims.device)
        socket.role = claims.role
        socket.agent = claims.session ?? ''
        return welcome(socket)
      }
      case 'open': {
        const name = toHex(frame.conversation)
        const known = conversations.get(name)
        const first = await firstOf(frame.groupInfo)
        if (known !== undefined && first.group > known.group) goOn(known, { ...first, customer: socket.device })
        const held: Held = known ?? {
          ...first,
          id: frame.conversation,
          customer: socket.device,
          desk: 'support',
          site: 'shop',
          stage: 'waiting',
          epoch: 0,
          committedAt: 0,
          envelopes: [],
          members: [{ ...NEW, device: socket.device, since: 0 }],
          offer: null,
          closesAt: 0,
          leaves: [socket.device],
          handoff: null,
        }
        conversations.set(name, held)
        socket.say({ tag: 'opened', ref: frame.ref, card: card(held, socket.device), receipt: Uint8Array.of(1), ahead: 0 })
        tellHere()
        return changed(held)
      }
      case 'follow':
        socket.following.set(toHex(frame.conversation), frame.after)
        socket.say({ tag: 'done', ref: frame.ref })
        return deliver()
      case 'ack': {
        const held = conversations.get(toHex(frame.conversation))
        const member = held && memberOf(held, socket.device)
        if (held === undefined || member === undefined) return
        member.acked = Math.max(member.acked, frame.seq)
        for (const other of sockets) {
          const rest = held.members.filter(({ device, until }) => device !== other.device && until === Infinity)
          if (rest.length > 0 && memberOf(held, other.device)) {
            other.say({ tag: 'delivered', conversation: held.id, seq: Math.min(...rest.map(({ acked }) => acked)) })
          }
        }
        return
      }
      case 'post':
      case 'commit':
      case 'complain':
      case 'close':
        return inConversation(socket, frame)
      case 'show_holdings':
        return socket.say({ tag: 'holdings', ref: frame.ref, tables: [], left: withheld })
      case 'enrol':
        enrolled.add(socket.device)
        socket.say({ tag: 'done', ref: frame.ref })
        return socket.say({ tag: 'device', deviceState: 'pending', credential: null, ...stockOf(socket.device) })
      case 'publish': {
        const all = [...(packages.get(socket.device) ?? []), ...frame.packages]
        packages.set(socket.device, all)
        if (frame.lastResort !== null) lastResorts.set(socket.device, frame.lastResort)
        return socket.say({ tag: 'held', ref: frame.ref, singleUse: all.length })
      }
      case 'watch':
        socket.watching.add(frame.desk)
        socket.say({ tag: 'done', ref: frame.ref })
        return queue(socket, frame.desk)
      case 'colleagues':
        return socket.say({ tag: 'present', ref: frame.ref, colleagues: colleaguesOf(socket) })
      case 'hand_off': {
        const held = conversations.get(toHex(frame.conversation))
        if (held === undefined || !colleaguesOf(socket).some(({ agent }) => frame.to === null || frame.to === agent)) {
          return socket.say({ tag: 'refused', ref: frame.ref, code: 'nobody_there', retryAfterMs: null, notice: null, reference: null })
        }
        held.handoff = { giver: socket.device, to: frame.to, standing: 'asked', taker: null }
        socket.say({ tag: 'done', ref: frame.ref })
        return tellHandoffs()
      }
      case 'call_off': {
        const held = conversations.get(toHex(frame.conversation))
        socket.say({ tag: 'done', ref: frame.ref })
        if (held === undefined || held.handoff === null) return
        if (held.handoff.giver === socket.device) endHandoff(held, null)
        else if (held.handoff.to !== null) endHandoff(held, 'declined')
        return
      }
      case 'take': {
        const handed = conversations.get(toHex(frame.conversation ?? new Uint8Array()))
        if (handed?.handoff?.standing === 'asked') return takeOver(socket, frame.ref, handed, handed.handoff)
        const held = [...conversations.values()].find((each) => each.stage === 'waiting')
        const keyPackage = packages.get(socket.device)?.pop() ?? lastResorts.get(socket.device)
        const refused = held === undefined ? 'not_found' : keyPackage === undefined ? 'no_key_package' : null
        if (held === undefined || keyPackage === undefined) {
          return socket.say({ tag: 'refused', ref: frame.ref, code: refused ?? '', retryAfterMs: null, notice: null, reference: null })
        }
        held.offer = { device: socket.device, keyPackage }
        held.stage = 'proposed'
        socket.say({ tag: 'taken', ref: frame.ref, card: card(held, socket.device) })
        if (stockOf(socket.device).keyPackages < KEY_PACKAGES_LOW) issued(socket.device)
        tellHere()
        return changed(held)
      }
    }
  }
  const inConversation = async (
    socket: Socket,
    frame: Extract<FromClient, { tag: 'post' | 'commit' | 'complain' | 'close' }>,
  ): Promise<void> => {
    const { ref } = frame
    const refuse = (code: string): void => socket.say({ tag: 'refused', ref, code, retryAfterMs: null, notice: null, reference: null })
    const held = conversations.get(toHex(frame.conversation))
    const member = held && memberOf(held, socket.device)
    if (held === undefined) return refuse('not_found')
    if (member === undefined) return refuse(partyOf(held, socket.device) === undefined ? 'not_found' : 'group_over')
    if (frame.tag === 'complain') {
      member.stuck = true
      socket.say({ tag: 'done', ref })
      return changed(held)
    }
    if (frame.tag === 'close') {
      held.stage = 'closed'
      socket.say({ tag: 'done', ref })
      return changed(held)
    }
    if (held.stage === 'closed') return refuse('wrong_stage')
    const sender = octetsOf(socket.device)
    if (frame.tag === 'post') {
      const before = held.envelopes.find(
        (each) => each.kind === 'message' && toHex(each.sender) === socket.device && each.number === frame.number,
      )
      if (before) return socket.say({ tag: 'posted', ref, conversation: held.id, seq: before.seq, postedAt: now() })
      if (frame.epoch !== held.epoch) return refuse('stale_epoch')
      if (frame.number !== member.lastNumber + 1) return refuse('out_of_order')
      member.lastNumber = frame.number
      const seq = append(held, { epoch: frame.epoch, kind: 'message', sender, number: frame.number, body: frame.message })
      socket.say({ tag: 'posted', ref, conversation: held.id, seq, postedAt: now() })
      return deliver()
    }
    const before = held.envelopes.find((each) => each.kind === 'commit' && toHex(each.body) === toHex(frame.commit))
    if (before) return socket.say({ tag: 'committed', ref, conversation: held.id, seq: before.seq, receipt: null })
    if (frame.epoch !== held.epoch) return refuse('stale_epoch')
    const parsed = parseCommit(frame.commit)
    const interim = held.interim
    const confirmed = await sha256(concat(interim, Uint8Array.of(0, 1), parsed.framedContent, opaque(parsed.signature)))
    held.interim = await interimOf(confirmed, parsed.confirmationTag)
    held.epoch += 1
    const others = malform === null ? {} : { others: malform(frame.commit) }
    malform = null
    const seq = append(held, { epoch: frame.epoch, kind: 'commit', sender, number: 0, body: frame.commit, ...others })
    const { decision } = decodeAs(COMMIT_NOTE, parsed.authenticatedData)
    const isLonger = decision !== null && parsed.proposals.every(({ kind }) => kind !== 'add')
    if (isLonger) held.closesAt = decodeAs(DECISION_CLAIMS, decision.claims).expiresAt
    for (const proposal of parsed.proposals) {
      if (proposal.kind === 'remove') {
        const gone = held.members.find(({ device, until }) => device === held.leaves[proposal.leaf] && until === Infinity)
        if (gone !== undefined) gone.until = seq
        held.leaves[proposal.leaf] = null
      }
      if (proposal.kind !== 'add') continue
      const device = toHex(proposal.keyPackage.leafNode.signatureKey)
      const again = held.members.findLast((member) => member.device === device)
      const place = held.leaves.indexOf(null)
      held.leaves[place < 0 ? held.leaves.length : place] = device
      if (again === undefined) held.members.push({ ...NEW, device, since: seq, acked: seq })
      else if (again.frozen) Object.assign(again, { until: Infinity, frozen: false, stuck: false })
      else Object.assign(again, { until: Infinity, since: seq, acked: seq })
      const body = encodeAs(WELCOME_BUNDLE, { welcome: frame.welcome ?? new Uint8Array(), commit: frame.commit, interimHash: interim })
      append(held, { epoch: held.epoch, kind: 'welcome', sender, number: 0, body, to: device })
      held.stage = 'active'
      held.offer = null
      if (held.handoff?.taker === device) held.handoff = null
    }
    socket.say({ tag: 'committed', ref, conversation: held.id, seq, receipt: null })
    deliver()
    changed(held)
    tellHere()
    tellHandoffs()
  }
  /** The next group: who was in the one before hears of it, and its agent is on offer again. */
  const goOn = (
    held: Held,
    { customer, group, interim }: { readonly customer: string; readonly group: number; readonly interim: Uint8Array },
  ): void => {
    const head = held.envelopes.length
    const agents = held.members.filter((member) => member.until === Infinity && member.device !== held.customer)
    const stored = memberOf(held, held.customer)?.acked ?? 0
    for (const member of held.members) if (member.until === Infinity) Object.assign(member, { until: head, frozen: true })
    held.members.push({ ...NEW, device: customer, since: head, acked: stored })
    Object.assign(held, { customer, group, interim, epoch: 0 })
    const device = agents.findLast((member) => packages.has(member.device))?.device
    const keyPackage = device === undefined ? undefined : packages.get(device)?.pop()
    if (held.stage !== 'active') return
    held.offer = device === undefined || keyPackage === undefined ? null : { device, keyPackage }
    held.stage = held.offer === null ? 'waiting' : 'proposed'
  }
  const welcome = (socket: Socket): void => {
    const mine = [...conversations.values()].filter((held) => partyOf(held, socket.device) || held.offer?.device === socket.device)
    const credential = credentials.get(socket.device) ?? null
    const deviceState =
      socket.role === 'customer' ? 'customer' : credential ? 'issued' : enrolled.has(socket.device) ? 'pending' : 'unknown'
    socket.say({
      tag: 'welcomed',
      serverTime: now(),
      agent: socket.role === 'agent' ? { agent: socket.agent, name: nameOf(socket.agent), desks: ['support'] } : null,
      deviceState,
      credential,
      ...stockOf(socket.device),
      conversations: mine.map((held) => card(held, socket.device)),
    })
    for (const held of mine) changed(held)
    tellHere()
    tellHandoffs()
  }

  const port = (): LinkPort => {
    const listeners: ((event: LinkEvent) => void)[] = []
    const tell = (event: LinkEvent): void => {
      for (const listener of listeners) listener(event)
    }
    let socket: Socket | null = null
    return {
      connect: () => {
        const fresh: Socket = {
          device: '',
          role: 'customer',
          agent: '',
          following: new Map(),
          watching: new Set(),
          say: (frame) => {
            const octets = encodeAs(FROM_RELAY, frame)
            queueMicrotask(() => {
              if (socket === fresh) tell({ kind: 'frame', bytes: octets })
            })
          },
          close: (code) => {
            sockets.delete(fresh)
            if (socket === fresh) socket = null
            tellHere()
            tell({ kind: 'closed', code })
          },
        }
        socket = fresh
        sockets.add(fresh)
        queueMicrotask(() => {
          tell({ kind: 'open' })
          fresh.say({ tag: 'challenge', connection: 'c1', nonce: new Uint8Array(32).fill(7), serverTime: now(), oldestProtocol: 1 })
        })
      },
      send: (octets) => {
        const from = socket
        const frame = decodeAs(FROM_CLIENT, octets)
        work = work.then(() => (from !== null && sockets.has(from) ? take(from, frame) : undefined))
      },
      close: () => {
        const old = socket
        socket = null
        if (old === null) return
        sockets.delete(old)
        tellHere()
        // A socket that was replaced does not speak for the new one.
        queueMicrotask(() => {
          if (socket === null) tell({ kind: 'closed', code: 1000 })
        })
      },
      listen: (fn) => listeners.push(fn),
    }
  }
  return {
    port,
    conversations,
    credentials,
    packages,
    lastResorts,
    enrolled,
    seen,
    swapKeyPackage: (next) => {
      swap = next
    },
    refuseNext: (tag, code) => refusals.push({ tag, code }),
    loseNext: (tag) => {
      losing = tag
    },
    malformNextCommit: (change) => {
      malform = change
    },
    withhold: (rows) => {
      withheld = rows
    },
    tellEverybody: (frame) => {
      for (const socket of sockets) socket.say(frame)
    },
    pushTrust: (bundle) => {
      for (const socket of sockets) socket.say({ tag: 'trust', bundle })
    },
    issued: (device) => issued(toHex(device)),
    endHandoff: (conversation, standing) => {
      const held = conversations.get(conversation)
      if (held) endHandoff(held, standing)
    },
    forget: (conversation) => {
      conversations.delete(conversation)
    },
    dropAll: (code = 1006) => {
      for (const socket of [...sockets]) socket.close(code)
    },
  }
}
