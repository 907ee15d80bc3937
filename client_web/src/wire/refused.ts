/** The rules say no: the relay's answer read off the wire, or our own gate's. Failed proofs are `Untrusted`. */
import { CODES, type Code } from './generated/codes.ts'

export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: Code
  readonly retryAfterMs: number | null

  constructor(code: Code, inside = '', retryAfterMs: number | null = null) {
    super(inside)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/** A code off the wire; one that this version does not know reads as `unavailable`. */
export const codeOf = (text: string): Code => CODES.find((code) => code === text) ?? 'unavailable'

/** Whether the same request may be taken a while later. */
export const passes = (error: unknown): error is Refused =>
  error instanceof Refused && (error.code === 'unavailable' || error.code === 'too_fast')
