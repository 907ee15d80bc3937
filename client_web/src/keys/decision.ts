/** The customer's signed decision: making it, checking it, and what it lets in. Where it must stand is the commit gate's question. */
import { DECISION_CLAIMS, type DecisionClaims, type GroupTerms, type Signed } from '../wire/generated/claims.ts'
import { CLOCK_SKEW_MS } from '../wire/generated/limits.ts'
import { type Octets, sameOctets } from '../wire/octets.ts'
import { BadFrame, decodeAs, encodeAs } from '../wire/shape.ts'
import type { Credential } from './credential.ts'
import { sha256 } from './digest.ts'
import { PAYLOAD_TYPE, signCompact, verifyCompact } from './dsse.ts'
import type { Signer } from './ed25519.ts'
import { mayServe } from './purposes.ts'
import { Inconsistent, Malformed } from './untrusted.ts'

/** A decision whose signature was checked. `digest` is its name everywhere: SHA-256 of the claims' bytes. */
export interface Decision {
  readonly claims: DecisionClaims
  readonly digest: Octets
}

/** The signer's key is the customer key that the claims name. */
export const signDecision = async (claims: DecisionClaims, signer: Signer): Promise<Signed> =>
  signCompact(encodeAs(DECISION_CLAIMS, claims), { type: PAYLOAD_TYPE.decision, signer })

/** The decision this customer signed: `BadSignature`, then `Malformed`, then `Inconsistent` where it names another customer key. */
export const verifyDecision = async (signed: Signed, customerKey: Uint8Array): Promise<Decision> => {
  const payload = await verifyCompact(signed, { type: PAYLOAD_TYPE.decision, key: customerKey })
  const claims = claimsOf(payload)
  if (!sameOctets(claims.customerKey, customerKey)) throw new Inconsistent('a decision that names another customer key')
  return { claims, digest: await sha256(payload) }
}

export interface Admission {
  readonly conversation: Uint8Array
  readonly terms: GroupTerms
  readonly at: number
}

/** Does this decision let that device into this group? The credential's own validity is judged elsewhere. */
export const covers = (claims: DecisionClaims, credential: Credential, admission: Admission): boolean =>
  standsFor(claims, admission) && admits(claims, credential, admission.terms)

/** Is it a given answer for this conversation, customer and policy, in its time? Its clock may be five minutes ahead of the relay's. */
export const standsFor = (claims: DecisionClaims, { conversation, terms, at }: Admission): boolean =>
  claims.answer === 'given' &&
  sameOctets(claims.conversation, conversation) &&
  sameOctets(claims.customerKey, terms.customerKey) &&
  sameOctets(claims.policyDigest, terms.policyDigest) &&
  claims.decidedAt <= at + CLOCK_SKEW_MS &&
  at < claims.expiresAt

const admits = ({ admits: whom, purpose }: DecisionClaims, credential: Credential, terms: GroupTerms): boolean => {
  if (whom.tag === 'device') {
    const isThatDevice = credential.credId === whom.credential && sameOctets(credential.leafKey, whom.leafKey)
    return isThatDevice && mayServe(purpose, credential)
  }
  const ofDesk = whom.desk === terms.desk && credential.desks.includes(whom.desk)
  return ofDesk && credential.kind === 'human' && credential.roles.includes('agent')
}

const claimsOf = (payload: Uint8Array): DecisionClaims => {
  try {
    return decodeAs(DECISION_CLAIMS, payload)
  } catch (error) {
    if (error instanceof BadFrame) throw new Malformed('decision')
    throw error
  }
}
