/** The one error root for proofs that failed. Refusals by rule (`wire/refused.ts`) and failures of our own are not here. */

/** Which proof failed, in the words Python uses too; shown small so that it can be quoted, never matched as prose. */
export type Reason =
  | 'untrusted'
  | 'malformed'
  | 'bad_signature'
  | 'unknown_credential'
  | 'lapsed'
  | 'replayed'
  | 'forked'
  | 'inconsistent'
  | 'unreadable'

/** A proof failed: a signature, a hash, a chain, or bytes that are not in their one encoding. Never caught to go on as if nothing happened. */
export class Untrusted extends Error {
  readonly code = 'untrusted'
  override name = 'Untrusted'
  readonly reason: Reason = 'untrusted'
}

/** The bytes are not one strict encoding of what they claim to be. */
export class Malformed extends Untrusted {
  override name = 'Malformed'
  override readonly reason = 'malformed'
}

/** A signature, or a tag that stands for one, does not verify. */
export class BadSignature extends Untrusted {
  override name = 'BadSignature'
  override readonly reason = 'bad_signature'
}

/** Nobody we trust vouches for this key, or no longer. */
export class UnknownCredential extends Untrusted {
  override name = 'UnknownCredential'
  override readonly reason = 'unknown_credential'
}

/** Outside its own lifetime at the time it is judged for. */
export class Lapsed extends Untrusted {
  override name = 'Lapsed'
  override readonly reason = 'lapsed'
}

/** An older one is shown after a newer. */
export class Replayed extends Untrusted {
  override name = 'Replayed'
  override readonly reason = 'replayed'
}

/** It belongs to another history than ours: another root, group or chain. */
export class Forked extends Untrusted {
  override name = 'Forked'
  override readonly reason = 'forked'
}

/** Well signed, but it contradicts itself or the state that it builds on. */
export class Inconsistent extends Untrusted {
  override name = 'Inconsistent'
  override readonly reason = 'inconsistent'
}

/** It cites a trust document that we have not seen yet: fetch it and judge again. */
export class NeedsNewerTrust extends Untrusted {
  override name = 'NeedsNewerTrust'
}
