/** One conversation as this device holds it: an immutable value. What changes it is in `receive.ts`, `outbox.ts` and `commits.ts`. */

import type { Credential } from '../keys/credential.ts'
import type { Signer } from '../keys/ed25519.ts'
import { credentialOf } from '../keys/mls/committer.ts'
import { factsOf } from '../keys/mls/facts.ts'
import type { GroupFacts } from '../keys/mls/gateTypes.ts'
import { epochAuthenticator, type GroupState, type PendingCommit, type Spent } from '../keys/mls/library.ts'
import { arrivalOf, type GroupMemory } from '../keys/mls/memory.ts'
import { judgeCredential, type TrustState } from '../keys/trustChain.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { conversationWords } from '../keys/words.ts'
import type { Signed } from '../wire/generated/claims.ts'
import type { Line } from '../wire/generated/payload.ts'
import type { Stage } from '../wire/generated/stages.ts'
import { sameOctets } from '../wire/octets.ts'
import { endedLeaves, type Face } from './guests.ts'

export type Entry =
  | {
      readonly tag: 'message'
      readonly id: string
      readonly mine: 0 | 1
      readonly from: string
      /** How the writer took part then. */
      readonly face: Face
      readonly text: string
      readonly at: number
      readonly standing: 'sending' | 'sent' | 'not_sent'
      /** Place in the relay's order, 0 until known. */
      readonly seq: number
      /** The sender's own number of it, 0 until known. */
      readonly number: number
    }
  | {
      readonly tag: 'joined' | 'left'
      readonly id: string
      readonly device: Uint8Array
      readonly who: string
      readonly desk: string
      readonly face: Face
      readonly at: number
      readonly seq: number
    }
  | {
      /** The customer gave a newcomer what was said before it came. At the newcomer it stands first, with those messages after it. */
      readonly tag: 'shared'
      readonly id: string
      readonly device: Uint8Array
      readonly who: string
      readonly at: number
      /** Who we are in it: the customer who shared, the newcomer who got them, or anybody else. */
      readonly side: 'giver' | 'newcomer' | 'other'
      /** How many messages; 0 at whoever cannot open them, and until they are sealed. */
      readonly count: number
      /** Older ones that did not fit. */
      readonly leftOut: number
      readonly standing: 'sending' | 'sent' | 'not_sent'
      readonly seq: number
    }
  | {
      /** Said before we came, as the customer's device tells it, and no proof. */
      readonly tag: 'earlier'
      readonly id: string
      readonly whose: Line['whose']
      readonly from: string
      readonly text: string
      readonly at: number
      /** Place of the message that brought it. */
      readonly seq: number
    }
  | { readonly tag: 'closed' | 'gap' | 'reconnected'; readonly id: string; readonly at: number; readonly seq: number }

/** A message that the relay has not confirmed. `number` is 0 and `message` none until it is sealed for an epoch. */
export interface OutboxItem {
  readonly id: string
  readonly text: string
  readonly writtenAt: number
  readonly number: number
  readonly epoch: number
  readonly message: Uint8Array | null
  /** The relay refused it in its epoch: it waits for the next one. */
  readonly isStale: 0 | 1
  /** Where it was sent before, in an earlier group: who has read it there shows it once. */
  readonly first: Counter | null
  /** Instead of text: whom earlier messages are shared with. They are taken and sealed when it is sent. */
  readonly shares: Newcomer | null
}

/** A device, and the place at which it came in: what was said before it cannot read. */
export interface Newcomer {
  readonly device: Uint8Array
  readonly since: number
}

/** `broken` of a device that a lawful commit removed. */
export const REMOVED = 'removed'

export interface Pending {
  readonly commit: PendingCommit
  readonly welcome: Uint8Array | null
}

export interface Counter {
  readonly device: Uint8Array
  readonly number: number
}

/** What rests, sealed. */
export interface Kept {
  readonly id: Uint8Array
  readonly group: number
  readonly stage: Stage
  readonly openedAt: number
  readonly closesAt: number
  /** The last sequence number that was processed and saved. */
  readonly cursor: number
  /** The last message number that the relay took from this device. */
  readonly number: number
  readonly delivered: number
  readonly unread: number
  /** Our state was older than what the relay took from us: an empty path comes before anything is encrypted. */
  readonly isOld: 0 | 1
  /** Why this device can take no further part, or none. */
  readonly broken: string | null
  /** The decision under which we were let in, as the customer signed it: an Add of ours carries it. None at the customer's. */
  readonly admission: Signed | null
  readonly memory: GroupMemory
  readonly outbox: readonly OutboxItem[]
  readonly entries: readonly Entry[]
  /** The last message number seen from each other member. */
  readonly counters: readonly Counter[]
  /** Messages of our own that a revoked agent, the last one here, never answered: the customer is asked whether to send them again. */
  readonly unanswered: readonly string[]
  /** The last numbers read in the groups before: what is said again from up to there was read. */
  readonly earlier: readonly Counter[]
  /** The group that the relay says the conversation is in, where that is a later one than ours; else 0. */
  readonly goesOnIn: number
  /** Digests of decisions that this customer withdrew. */
  readonly withdrawn: readonly Uint8Array[]
  /** About whom this customer has answered whether earlier messages are shared: asked once each. */
  readonly answered: readonly Newcomer[]
}

/** `broken` of a device that cannot follow an allowed commit, or lost the state it would need: the next group mends it. */
export const STUCK = 'stuck'

/** What is written waits: this device goes on in the conversation's next group. */
/** `broken` where the relay was restored from an older copy, or lies about what it has. */
export const SET_BACK = 'relay_set_back'

export const isLeftBehind = ({ broken, goesOnIn, group }: Pick<Kept, 'broken' | 'goesOnIn' | 'group'>): boolean =>
  broken === STUCK || (broken === null && goesOnIn > group)

/** One who can read now. */
export interface Reader {
  readonly device: Uint8Array
  /** None for the customer, and for whom the organisation no longer vouches at all. */
  readonly credential: Credential | null
  readonly isCustomer: boolean
  readonly since: number
}

export interface Conversation extends Kept {
  readonly state: GroupState
  readonly pending: Pending | null
  readonly facts: GroupFacts
  readonly readers: readonly Reader[]
  readonly words: readonly string[]
}

/** Who we are and what we believe while something happens. Times are Unix milliseconds of the relay's clock. */
export interface Situation {
  readonly me: Uint8Array
  readonly signer: Signer
  readonly trust: TrustState
  readonly now: number
}

/** The next value, and the secrets to wipe once it rests on disk. */
export interface Step {
  readonly conversation: Conversation
  readonly spent: readonly Spent[]
}

/** The conversation in this state of its group. */
export const withState = async (
  kept: Kept & { readonly pending: Pending | null },
  { state, trust }: { readonly state: GroupState; readonly trust: TrustState },
): Promise<Conversation> => {
  const facts = await factsOf(state)
  const words = await conversationWords(epochAuthenticator(state))
  return { ...kept, state, facts, words, readers: await readersOf(facts, { kept, trust }) }
}

const readersOf = (facts: GroupFacts, { kept, trust }: { readonly kept: Kept; readonly trust: TrustState }): Promise<readonly Reader[]> =>
  Promise.all(
    facts.roster.map(async (leaf) => {
      const isCustomer = sameOctets(leaf.signatureKey, facts.terms.customerKey)
      const credential = isCustomer ? null : await credentialOf(leaf, trust)
      const since = arrivalOf(kept.memory, leaf.signatureKey)?.addedAt ?? kept.openedAt
      return { device: leaf.signatureKey, credential, isCustomer, since }
    }),
  )

export const readerOf = (conversation: Conversation, device: Uint8Array): Reader | null =>
  conversation.readers.find((reader) => sameOctets(reader.device, device)) ?? null

/**
 * Leaves whose credential the organisation no longer stands by at `at`, or whose own decision is over: nothing is encrypted for them any
 * more.
 */
export const unwanted = async (
  conversation: Pick<Conversation, 'facts' | 'memory' | 'withdrawn'>,
  { trust, at }: { readonly trust: TrustState; readonly at: number },
): Promise<readonly number[]> => {
  const { facts } = conversation
  const judged = await Promise.all(
    facts.roster.map(async ({ leaf, identity, signatureKey }) => {
      if (sameOctets(signatureKey, facts.terms.customerKey)) return []
      return (await isStanding(identity, { trust, at, leafKey: signatureKey })) ? [] : [leaf]
    }),
  )
  return [...new Set([...judged.flat(), ...endedLeaves(conversation, at)])]
}

const isStanding = async (
  identity: Uint8Array,
  { trust, at, leafKey }: { readonly trust: TrustState; readonly at: number; readonly leafKey: Uint8Array },
): Promise<boolean> => {
  try {
    await judgeCredential(trust, identity, { at, leafKey })
    return true
  } catch (error) {
    if (error instanceof Untrusted) return false
    throw error
  }
}

export const withEntry = (conversation: Conversation, entry: Entry): Conversation => ({
  ...conversation,
  entries: [...conversation.entries, entry],
})
