/** Messages left for devices on call: who still waits to read, and what the first reader commits. Facts of the group, not of the relay. */
import { isOnCall } from '../keys/credential.ts'
import { arrivalOf } from '../keys/mls/memory.ts'
import { sameOctets } from '../wire/octets.ts'
import type { Plan } from './commits.ts'
import type { Conversation } from './conversation.ts'

/** This device was let in because nobody was there, and nobody has answered yet. */
export const isLeftFor = ({ memory }: Conversation, me: Uint8Array): boolean => arrivalOf(memory, me)?.isOnCall === 1

/** Leaves of the others on call, as far as this device can know them. */
export const othersOnCall = ({ memory, facts, readers }: Conversation, me: Uint8Array): readonly number[] =>
  facts.roster.flatMap(({ leaf, signatureKey }) => {
    if (sameOctets(signatureKey, me)) return []
    const known = arrivalOf(memory, signatureKey)
    const credential = readers.find(({ device }) => sameOctets(device, signatureKey))?.credential ?? null
    const waits =
      known === null ? memory.isWhole === 0 && credential !== null && isOnCall(credential, facts.terms.desk) : known.isOnCall === 1
    return waits ? [leaf] : []
  })

/** The first that reads puts the others out, with new keys; alone it renews its own. Nothing where somebody else was first. */
export const answering = (conversation: Conversation, me: Uint8Array): Plan | null =>
  isLeftFor(conversation, me) ? { removes: othersOnCall(conversation, me) } : null
