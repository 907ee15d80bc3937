/** The customer's signed withdrawal of a decision. What it stops is the relay's and the gate's business. */
import { type Signed, WITHDRAWAL_CLAIMS, type WithdrawalClaims } from '../wire/generated/claims.ts'
import { encodeAs } from '../wire/shape.ts'
import { PAYLOAD_TYPE, signCompact } from './dsse.ts'
import type { Signer } from './ed25519.ts'

/** The signer's key is the customer key that the claims name. */
export const signWithdrawal = (claims: WithdrawalClaims, signer: Signer): Promise<Signed> =>
  signCompact(encodeAs(WITHDRAWAL_CLAIMS, claims), { type: PAYLOAD_TYPE.withdraw, signer })
