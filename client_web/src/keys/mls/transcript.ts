/** The confirmed transcript hash, computed from bytes by who was not there (RFC 9420, 8.2). */

import { concat, opaque, owned, uint } from './bytes.ts'
import type { ParsedCommit } from './parsedTypes.ts'

const WIRE_FORMAT_PUBLIC_MESSAGE = uint(1, 2)

/** SHA-256(interim ‖ 0x0001 ‖ FramedContent ‖ opaque(signature)): what the group's context must say after `commit`. */
export async function confirmedAfter(interimBefore: Uint8Array, commit: ParsedCommit): Promise<Uint8Array> {
  const input = concat(interimBefore, WIRE_FORMAT_PUBLIC_MESSAGE, commit.framedContent, opaque(commit.signature))
  return new Uint8Array(await crypto.subtle.digest('SHA-256', owned(input)))
}
