/** The group's terms (extension 0xF5A0) and the note of a commit: reading them strictly, and what must stay the same. */
import { COMMIT_NOTE, type CommitNote, GROUP_TERMS, type GroupTerms } from '../wire/generated/claims.ts'
import { concat, type Octets, sameOctets, utf8 } from '../wire/octets.ts'
import { BadFrame, decodeAs, encodeAs, type Shape } from '../wire/shape.ts'
import { Malformed } from './untrusted.ts'

const CUSTOMER_PREFIX = utf8('sotto-customer:')
const NUMBER_BYTES = 4

export const encodeTerms = (terms: GroupTerms): Octets => encodeAs(GROUP_TERMS, terms)

/** The terms in their one encoding, or `Malformed`. */
export const readTerms = (octets: Uint8Array): GroupTerms => strictly(GROUP_TERMS, octets)

export const encodeNote = (note: CommitNote): Octets => encodeAs(COMMIT_NOTE, note)

/** The note in its one encoding, or `Malformed`. */
export const readNote = (octets: Uint8Array): CommitNote => strictly(COMMIT_NOTE, octets)

/** Whether two terms differ in nothing but the standing list. */
export const sameButStanding = (a: GroupTerms, b: GroupTerms): boolean =>
  sameOctets(encodeTerms({ ...a, standing: b.standing }), encodeTerms(b))

export const stands = (terms: GroupTerms, digest: Uint8Array): boolean => terms.standing.some((each) => sameOctets(each, digest))

/** MLS group id: conversation id ‖ number of the group in its chain (four bytes, big-endian, from 1). */
export const groupIdOf = (conversation: Uint8Array, number: number): Octets => {
  const tail = new Uint8Array(NUMBER_BYTES)
  new DataView(tail.buffer).setUint32(0, number)
  return concat(conversation, tail)
}

export const conversationOf = (groupId: Uint8Array): Uint8Array => groupId.slice(0, -NUMBER_BYTES)

/** The number of a group in its conversation's chain. */
export const numberOf = (groupId: Uint8Array): number => new DataView(groupId.slice(-NUMBER_BYTES).buffer).getUint32(0)

/** Identity of the customer's leaf (docs/protocol.md 2.2). */
export const customerIdentity = (customerKey: Uint8Array): Octets => concat(CUSTOMER_PREFIX, customerKey)

/** Whether an identity claims to be a customer, rightly or not. */
export const hasCustomerPrefix = (identity: Uint8Array): boolean => sameOctets(identity.slice(0, CUSTOMER_PREFIX.length), CUSTOMER_PREFIX)

export const isCustomerLeaf = (leaf: { readonly identity: Uint8Array; readonly signatureKey: Uint8Array }): boolean =>
  sameOctets(leaf.identity, customerIdentity(leaf.signatureKey))

const strictly = <T>(shape: Shape<T>, octets: Uint8Array): T => {
  try {
    return decodeAs(shape, octets)
  } catch (error) {
    if (error instanceof BadFrame) throw new Malformed(error.message)
    throw error
  }
}
