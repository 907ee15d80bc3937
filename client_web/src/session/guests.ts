/** Members that came in as one device: by which decision, whether it still counts, and what a commit does to the standing list when they leave. */
import type { Credential } from '../keys/credential.ts'
import { arrivalOf, decisionOf, type GroupMemory } from '../keys/mls/memory.ts'
import { sameOctets } from '../wire/octets.ts'
import type { Conversation, Reader } from './conversation.ts'

/** How somebody takes part; it stands at their name and at each of their messages. */
export const FACES = ['customer', 'agent', 'helper', 'other_desk', 'supervisor', 'reviewer', 'assistant'] as const
export type Face = (typeof FACES)[number]

const QUALITY_REVIEW = 'quality_review'

/** From the credential alone, and from the decision where we know it: nobody chooses how they are called. */
export const faceOf = (credential: Credential | null, { desk, under }: { readonly desk: string; readonly under: Under | null }): Face => {
  if (credential === null) return 'agent'
  const { kind, roles, desks } = credential
  if (kind === 'bot') return 'assistant'
  if (under?.purpose === QUALITY_REVIEW) return 'reviewer'
  const isGuest = under !== null && under.isTeam === 0
  if (roles.includes('supervisor') && (isGuest || !roles.includes('agent'))) return 'supervisor'
  if (!desks.includes(desk)) return 'other_desk'
  return isGuest ? 'helper' : 'agent'
}

/** How a member takes part now. */
export const faceIn = ({ facts, memory }: Pick<Conversation, 'facts' | 'memory'>, { credential, device, isCustomer }: Reader): Face =>
  isCustomer ? 'customer' : faceOf(credential, { desk: facts.terms.desk, under: underOf(memory, device) })

/** The desk to show: the conversation's, unless the credential is of another. */
export const deskOf = ({ desks }: Credential, desk: string): string => (desks.includes(desk) ? desk : (desks[0] ?? desk))

export interface Under {
  readonly decision: Uint8Array
  readonly purpose: string | null
  readonly isTeam: 0 | 1
}

/** By which decision this device came in, as far as we were there. */
export const underOf = (memory: GroupMemory, device: Uint8Array): Under | null => {
  const arrival = arrivalOf(memory, device)
  if (arrival === null) return null
  const purpose = decisionOf(memory, arrival.decision)?.claims.purpose ?? null
  return { decision: arrival.decision, purpose, isTeam: arrival.isTeam }
}

type Ended = Pick<Conversation, 'memory' | 'withdrawn' | 'facts'>

/** Leaves whose own decision was withdrawn, or ran out by its own date: nothing is encrypted for them any more. */
export const endedLeaves = ({ memory, withdrawn, facts }: Ended, now: number): readonly number[] =>
  facts.roster.flatMap(({ leaf, signatureKey }) => {
    const under = underOf(memory, signatureKey)
    if (under === null || under.isTeam === 1) return []
    const isWithdrawn = withdrawn.some((digest) => sameOctets(digest, under.decision))
    const known = decisionOf(memory, under.decision)
    return isWithdrawn || (known !== null && known.claims.expiresAt <= now) ? [leaf] : []
  })

/** When the next decision of a guest runs out; Infinity where none does. */
export const nextEnd = ({ memory }: Pick<Conversation, 'memory'>): number =>
  Math.min(
    ...memory.arrivals.flatMap(({ decision, isTeam }) =>
      isTeam === 1 ? [] : [decisionOf(memory, decision)?.claims.expiresAt ?? Infinity],
    ),
    Infinity,
  )

/** The standing list once these leaves are gone: the decision that let one device in leaves together with it. */
export const standingWithout = (
  { memory, facts }: Pick<Conversation, 'memory' | 'facts'>,
  removes: readonly number[],
): readonly Uint8Array[] => {
  const gone = facts.roster.filter(({ leaf }) => removes.includes(leaf)).flatMap(({ signatureKey }) => underOf(memory, signatureKey) ?? [])
  const ended = gone.filter(({ isTeam }) => isTeam === 0)
  return facts.terms.standing.filter((digest) => !ended.some(({ decision }) => sameOctets(decision, digest)))
}
