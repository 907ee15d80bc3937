/** The end of an open handoff, at the two devices it binds (docs/protocol.md 4.4): which Remove is ours to make, and when. */
import { HANDOFF_MS, mayWrite } from '../keys/mls/memory.ts'
import { sameOctets } from '../wire/octets.ts'
import type { Plan } from './commits.ts'
import type { Conversation } from './conversation.ts'

/** Whether we are one of the two between the Add and the Remove: then nothing of ours is wanted but the end of it. */
export const isChangingKeys = ({ memory }: Conversation, me: Uint8Array): boolean => !mayWrite(memory, me)

/** The newcomer removes the giver at once; a giver whose newcomer did not come may remove it after ten minutes (`waitMs` until then). */
export const endingPlan = (
  { memory: { handoff }, facts }: Conversation,
  { me, now }: { readonly me: Uint8Array; readonly now: number },
): Plan | { readonly waitMs: number } | null => {
  if (handoff === null) return null
  const removing = (device: Uint8Array): Plan | null => {
    const found = facts.roster.find(({ signatureKey }) => sameOctets(signatureKey, device))
    return found === undefined ? null : { removes: [found.leaf] }
  }
  if (sameOctets(handoff.newcomer, me)) return removing(handoff.adder)
  if (!sameOctets(handoff.adder, me)) return null
  const waitMs = handoff.at + HANDOFF_MS - now
  return waitMs > 0 ? { waitMs } : removing(handoff.newcomer)
}
