/** The signed hello: who speaks on this socket, bound to the relay's challenge and to our origin. */
import { PAYLOAD_TYPE, signCompact } from '../keys/dsse.ts'
import type { Signer } from '../keys/ed25519.ts'
import { HELLO_CLAIMS, type HelloClaims } from '../wire/generated/claims.ts'
import type { Challenge, Hello } from '../wire/generated/frames.ts'
import { encodeAs } from '../wire/shape.ts'

export type Speaker = Pick<HelloClaims, 'site' | 'origin' | 'role' | 'session' | 'build'>

export const signHello = async (
  challenge: Challenge,
  { speaker, signer }: { readonly speaker: Speaker; readonly signer: Signer },
): Promise<Hello> => {
  const { connection, nonce } = challenge
  const claims = encodeAs(HELLO_CLAIMS, { ...speaker, connection, nonce, device: signer.publicKey })
  return { tag: 'hello', hello: await signCompact(claims, { type: PAYLOAD_TYPE.hello, signer }) }
}
