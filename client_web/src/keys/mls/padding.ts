/** How long an application message is made to look. */

/** Ciphertexts differ in length by whole steps of this, so that a length says little (RFC 9420, 16.1). */
export const PADDING_STEP_BYTES = 256
/** The Ed25519 signature and its length prefix stand behind the plaintext inside the ciphertext (RFC 9420, 6.3.1). */
const SIGNATURE_FIELD_BYTES = 66

/** Length of the padded PrivateMessageContent for a plaintext of `length` bytes. */
export function paddedLength(length: number): number {
  const prefix = length < 0x40 ? 1 : length < 0x4000 ? 2 : 4
  return Math.ceil((prefix + length + SIGNATURE_FIELD_BYTES) / PADDING_STEP_BYTES) * PADDING_STEP_BYTES
}
