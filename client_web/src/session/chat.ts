/** One running conversation of either end: takes the relay's frames in order, saves before it answers, and sends what waits. */
import type { ClockPort } from '../core/ports.ts'
import type { Problem } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import { wipe } from '../keys/mls/library.ts'
import { mayWrite } from '../keys/mls/memory.ts'
import { parseCommit } from '../keys/mls/parse.ts'
import type { TrustState } from '../keys/trustChain.ts'
import { NeedsNewerTrust, Untrusted } from '../keys/untrusted.ts'
import type { SealedStore } from '../store/sealed.ts'
import type { ConversationCard, Envelope } from '../wire/generated/frames.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { Refused } from '../wire/refused.ts'
import { type Plan, withCommit } from './commits.ts'
import { type Conversation, type Situation, type Step, unwanted, withState } from './conversation.ts'
import { encodeConversation } from './conversationCodec.ts'
import { type Link, LinkLost } from './link.ts'
import { again, notSent, piecesOf, sealHead, settleOwn, stale, written } from './outbox.ts'
import { broken, receive } from './receive.ts'
import { serial } from './serial.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const RETRY_MS = 2000

export interface ChatWorld {
  readonly me: Uint8Array
  readonly signer: Signer
  readonly link: Link
  readonly store: SealedStore
  readonly clock: ClockPort
  readonly trust: TrustKeeper
  /** Unix milliseconds of the relay's clock, as far as it is known. */
  relayNow(): number
  entropy(bytes: number): Uint8Array
  /** Something on the screen changed. */
  changed(): void
}

export interface Chat {
  readonly conversation: Conversation
  readonly problem: Problem | null
  envelope(envelope: Envelope): void
  delivered(seq: number): void
  card(card: ConversationCard): void
  /** The socket is back and the relay told where it stands. */
  resume(card: ConversationCard): void
  /** New trust is believed: look at every leaf again. */
  trustChanged(): void
  say(text: string): void
  retry(id: string): void
  seen(): void
  close(): void
  /** A commit of our own; null plans nothing. False while another is on its way. What our gate refuses is the caller's to show. */
  propose(plan: (conversation: Conversation, situation: Situation) => Promise<Plan | null>): Promise<boolean>
  problemIs(problem: Problem | null): void
  /** Over: its record is deleted, together with `changes`, and never written again. */
  retire(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void>
}

export const recordName = (conversation: Uint8Array): string => `conversation.${toHex(conversation)}`

export const runChat = (initial: Conversation, world: ChatWorld): Chat => {
  const { link, store, clock, trust, me } = world
  const inOrder = serial()
  let current = initial
  let problem: Problem | null = null
  let isPosting = false
  let isCommitting = false
  let isResumed = false
  let isRetired = false
  const id = initial.id

  const keep = async ({ conversation, spent }: Step): Promise<void> => {
    if (!isRetired) await store.save(new Map([[recordName(id), encodeConversation(conversation)]]))
    current = conversation
    for (const each of spent) wipe(each)
    world.changed()
  }
  const keepOnly = (conversation: Conversation): Promise<void> =>
    conversation === current ? Promise.resolve() : keep({ conversation, spent: [] })
  const situation = (believed: TrustState): Situation => ({ me, signer: world.signer, trust: believed, now: world.relayNow() })
  const run = (task: (situation: Situation) => Promise<void>): Promise<void> =>
    inOrder.run(async () => {
      const believed = trust.state
      if (believed === null) return
      await task(situation(believed))
    })
  const start = (task: (situation: Situation) => Promise<void>): void => {
    run(task).catch((error: unknown) => {
      problem = { code: 'conversation_broken', detail: error instanceof Error ? error.name : 'unknown' }
      world.changed()
    })
  }

  const receiveOnce = async (envelope: Envelope, now: Situation): Promise<Step> => {
    try {
      return await receive(current, envelope, now)
    } catch (error) {
      if (!(error instanceof NeedsNewerTrust)) throw error
      await trust.refresh(true)
      try {
        return await receive(current, envelope, { ...now, trust: trust.state ?? now.trust })
      } catch (second) {
        if (!(second instanceof Untrusted)) throw second
        return { conversation: { ...broken(current, second), cursor: envelope.seq }, spent: [] }
      }
    }
  }
  const takeEnvelope = async (envelope: Envelope, now: Situation): Promise<void> => {
    if (envelope.seq > current.cursor) await keep(await receiveOnce(envelope, now))
    link.tell({ tag: 'ack', conversation: id, seq: envelope.seq })
    if (envelope.kind === 'commit') await tidy(now)
    pump()
  }

  /** Whether somebody but us reads, and all of them may: else what is written waits. */
  const maySend = async ({ trust: believed, now }: Situation): Promise<boolean> =>
    isResumed &&
    link.online &&
    current.broken === null &&
    current.stage !== 'closed' &&
    current.pending === null &&
    current.isOld === 0 &&
    mayWrite(current.memory, me) &&
    current.readers.length > 1 &&
    trust.freshness() !== 'expired' &&
    (await unwanted(current.facts, { trust: believed, at: Math.max(now, clock.now()) })).length === 0

  const pump = (): void => start(post)
  const post = async (now: Situation): Promise<void> => {
    if (isPosting || current.outbox.length === 0 || !(await maySend(now))) return
    const step = await sealHead(current, now)
    if (step === null) return
    await keep(step)
    const [head] = current.outbox
    if (head?.message == null) return
    isPosting = true
    const { number, epoch, message } = head
    link.ask({ tag: 'post', conversation: id, group: current.group, epoch, number, message }).then(
      (answer) => {
        isPosting = false
        if (answer.tag === 'posted') start(() => keepOnly(settleOwn(current, { number, seq: answer.seq })))
        pump()
      },
      (error: unknown) => {
        isPosting = false
        postFailed(error, head.id)
      },
    )
  }
  const postFailed = (error: unknown, item: string): void => {
    if (error instanceof LinkLost) return
    if (!(error instanceof Refused)) throw error
    switch (error.code) {
      case 'stale_epoch':
        start(() => keepOnly(stale(current, item)))
        pump()
        return
      case 'too_fast':
      case 'mailbox_full':
      case 'unavailable':
        clock.after(error.retryAfterMs ?? RETRY_MS, pump)
        return
      default:
        problem = { code: 'refused', detail: error.code }
        start(() => keepOnly(notSent(current, item)))
        pump()
    }
  }

  const submit = async (): Promise<void> => {
    const { pending } = current
    if (pending === null || isCommitting || !link.online) return
    isCommitting = true
    const { commit } = pending.commit
    const { epoch } = parseCommit(commit)
    try {
      await link.ask({ tag: 'commit', conversation: id, group: current.group, epoch, commit, welcome: pending.welcome })
    } catch (error) {
      if (error instanceof Refused) commitRefused(error, commit)
      else if (!(error instanceof LinkLost)) throw error
    } finally {
      isCommitting = false
    }
  }
  const commitRefused = (error: Refused, commit: Uint8Array): void => {
    // Whichever commit won this epoch comes in its order and settles ours; to drop it now could drop the winner.
    if (error.code === 'stale_epoch') return
    if (error.code === 'unavailable') {
      clock.after(RETRY_MS, () => start(submit))
      return
    }
    problem = { code: 'refused', detail: error.code }
    start(async () => {
      const isStill = current.pending !== null && sameOctets(current.pending.commit.commit, commit)
      if (isStill) await keepOnly({ ...current, pending: null })
    })
  }
  const commitNow = async (plan: Plan, now: Situation): Promise<void> => {
    await keepOnly(await withCommit(current, plan, now))
    void submit()
  }
  const tidy = async (now: Situation): Promise<void> => {
    await renew(now)
    await sweep(now)
  }
  /** An older state than the relay's (a restored disk) must not encrypt before its keys are new (e2ee.md). */
  const renew = async (now: Situation): Promise<void> => {
    if (current.isOld === 1 && current.pending === null && current.broken === null && current.stage !== 'closed') await commitNow({}, now)
  }
  /** The customer's device removes whom the organisation no longer vouches for; others only stop sending (group-rules). */
  const sweep = async (now: Situation): Promise<void> => {
    if (!sameOctets(me, current.facts.terms.customerKey) || current.pending !== null || current.broken !== null) return
    const removes = await unwanted(current.facts, { trust: now.trust, at: Math.max(now.now, clock.now()) })
    if (removes.length > 0 && current.stage !== 'closed') await commitNow({ removes }, now)
  }

  const takeCard = async (card: ConversationCard): Promise<void> => {
    const { stage, closesAt, group } = card
    const isClosing = stage === 'closed' && current.stage !== 'closed'
    const closed = { tag: 'closed', id: 'closed', at: world.relayNow(), seq: 0 } as const
    const entries = isClosing ? [...current.entries, closed] : current.entries
    if (group !== current.group) current = { ...current, broken: 'another_group' }
    await keepOnly({ ...current, stage, closesAt, entries })
  }
  /** What the relay took of our messages, by its own count. */
  const compareNumbers = async (card: ConversationCard): Promise<void> => {
    const confirmed = current.outbox.filter(({ number }) => number !== 0 && number <= card.lastNumber).map(({ number }) => number)
    const settled = confirmed.reduce((conversation, number) => settleOwn(conversation, { number, seq: 0 }), current)
    const isOlder = card.lastNumber > settled.number
    await keepOnly(isOlder ? { ...settled, number: card.lastNumber, isOld: 1 } : settled)
  }

  return {
    get conversation() {
      return current
    },
    get problem() {
      return problem
    },
    envelope: (envelope) => start((now) => takeEnvelope(envelope, now)),
    delivered: (seq) => start(() => keepOnly({ ...current, delivered: Math.max(current.delivered, seq) })),
    card: (card) =>
      start(async () => {
        await takeCard(card)
        pump()
      }),
    resume: (card) => {
      isResumed = false
      start(async (now) => {
        isPosting = false
        await takeCard(card)
        await compareNumbers(card)
        isResumed = true
        await link
          .ask({ tag: 'follow', conversation: id, after: Math.min(Math.max(current.cursor, card.since), card.head) })
          .catch(ignoreLost)
        void submit()
        await tidy(now)
        pump()
      })
    },
    trustChanged: () =>
      start(async (now) => {
        current = await withState(current, { state: current.state, trust: now.trust })
        world.changed()
        await tidy(now)
        pump()
      }),
    say: (text) => {
      const pieces = piecesOf(text)
      start(async () => {
        const next = pieces.reduce(
          (conversation, piece) => written(conversation, { id: toHex(world.entropy(8)), text: piece, now: world.relayNow() }),
          current,
        )
        await keepOnly(next)
      })
      pump()
    },
    retry: (entry) => {
      start(() => keepOnly(again(current, { id: entry, now: world.relayNow() })))
      pump()
    },
    seen: () => start(() => keepOnly(current.unread === 0 ? current : { ...current, unread: 0 })),
    close: () => {
      link.ask({ tag: 'close', conversation: id }).catch((error: unknown) => {
        problem = {
          code: error instanceof Refused ? 'refused' : 'relay_unreachable',
          detail: error instanceof Refused ? error.code : 'close',
        }
        world.changed()
      })
    },
    propose: async (plan) => {
      let isTaken = false
      await run(async (now) => {
        if (current.pending !== null || current.broken !== null) return
        isTaken = true
        const wanted = await plan(current, now)
        if (wanted !== null) await commitNow(wanted, now)
      })
      return isTaken
    },
    retire: (changes) =>
      inOrder.run(async () => {
        isRetired = true
        await store.save(new Map([...changes, [recordName(id), null]]))
      }),
    problemIs: (next) => {
      problem = next
      world.changed()
    },
  }
}

const ignoreLost = (error: unknown): void => {
  if (!(error instanceof LinkLost) && !(error instanceof Refused)) throw error
}
