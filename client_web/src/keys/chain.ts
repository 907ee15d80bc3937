/** A conversation as a chain of groups: the line that leads from one to the next, and judging them. The same rules as `chain.py`. */
import { type GroupTerms, PREDECESSOR_CLAIMS, type Predecessor, type PredecessorClaims } from '../wire/generated/claims.ts'
import { sameOctets, toHex } from '../wire/octets.ts'
import { encodeAs } from '../wire/shape.ts'
import { PAYLOAD_TYPE, signCompact, verifyCompact } from './dsse.ts'
import type { Signer } from './ed25519.ts'
import { encodeTerms, groupIdOf } from './terms.ts'
import { Forked, Inconsistent } from './untrusted.ts'

/** The line as it stands in the next group's terms. The signer's key is the customer key of the group that ends. */
export const signLine = async (claims: PredecessorClaims, signer: Signer): Promise<Predecessor> => {
  const { signature } = await signCompact(encodeAs(PREDECESSOR_CLAIMS, claims), { type: PAYLOAD_TYPE.predecessor, signer })
  return { group: claims.group, epoch: claims.epoch, customerKey: signer.publicKey, signature }
}

/**
 * Each earlier group of this conversation hands over to the next, under the key that was its customer. `Forked`: not one line for each
 * earlier group, or of another conversation. `Inconsistent`: a customer key that comes twice. `BadSignature`: not signed by the customer
 * before, for this very group and key.
 */
export const judgeChain = async (
  { chain, customerKey }: GroupTerms,
  { conversation, number }: { readonly conversation: Uint8Array; readonly number: number },
): Promise<void> => {
  const isInPlace = ({ group }: Predecessor, index: number): boolean => sameOctets(group, groupIdOf(conversation, index + 1))
  if (chain.length !== number - 1 || !chain.every(isInPlace)) throw new Forked('not the lines of this conversation’s groups')
  const keys = [...chain.map((line) => line.customerKey), customerKey]
  if (new Set(keys.map(toHex)).size !== keys.length) throw new Inconsistent('a customer key of two groups')
  await Promise.all(
    chain.map(({ group, epoch, customerKey: key, signature }, index) => {
      const next = { successor: groupIdOf(conversation, index + 2), customerKey: keys[index + 1] ?? customerKey }
      const claims = encodeAs(PREDECESSOR_CLAIMS, { group, epoch, ...next })
      return verifyCompact({ claims, signature }, { type: PAYLOAD_TYPE.predecessor, key })
    }),
  )
}

/**
 * `Forked` unless a group with these (judged) terms continues the one that we know with `earlier`: same lines, same customer then. The group
 * that we know need not be the last one before: who was away sees a later group of the same chain.
 */
export const judgeContinues = (terms: GroupTerms, earlier: GroupTerms): void => {
  const known = earlier.chain.length
  const from = terms.chain[known]
  const before = encodeTerms({ ...earlier, chain: terms.chain.slice(0, known) })
  if (from === undefined || !sameOctets(before, encodeTerms(earlier))) throw new Forked('another chain than ours')
  if (!sameOctets(from.customerKey, earlier.customerKey)) throw new Forked('handed over by somebody else than our customer')
  if (terms.site !== earlier.site || terms.desk !== earlier.desk) throw new Forked('another site or desk than ours')
}
