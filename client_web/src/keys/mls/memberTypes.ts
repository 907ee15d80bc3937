/** What a member of a group gives and gets: plain values. The secrets behind them stay in library.ts. */

import type { ParsedCommit, ParsedExtension } from './parsedTypes.ts'
import type { Signer } from './signer.ts'

/** Our own judgement of who may be in a group, given at every call: there is no default anywhere. */
export interface IdentityJudge {
  /** True when this credential identity may speak with this signature key. */
  judgeIdentity(identity: Uint8Array, signatureKey: Uint8Array): Promise<boolean>
}

export interface Trusted extends IdentityJudge {
  /** The commit gate. Throws to refuse; called with the parsed bytes before the library sees them. */
  judgeCommit(commit: ParsedCommit): Promise<void>
}

export interface NewKeyPackage {
  /** Identity of the basic credential. */
  readonly identity: Uint8Array
  readonly signer: Signer
  /** Unix milliseconds. The lifetime begins 24 h before, because an adder checks it by its own clock. */
  readonly now: number
  /** Unix milliseconds. */
  readonly notAfter: number
  readonly lastResort?: boolean
}

export interface KeyPackageMade {
  /** MLSMessage(KeyPackage), to be published. */
  readonly keyPackage: Uint8Array
  /** Init key ‖ leaf encryption key, 64 bytes, secret: rests sealed and is destroyed when used. */
  readonly privatePart: Uint8Array
}

export interface NewGroup {
  readonly groupId: Uint8Array
  readonly identity: Uint8Array
  readonly signer: Signer
  /** Content of the private extension 0xF5A0. */
  readonly terms: Uint8Array
  /** Unix milliseconds. */
  readonly now: number
}

export interface CommitPlan {
  /** MLSMessage(KeyPackage) each, already judged. */
  readonly adds?: readonly Uint8Array[]
  readonly removes?: readonly number[]
  /** New content of 0xF5A0; the other group-context extensions are repeated. */
  readonly terms?: Uint8Array
  readonly authenticatedData: Uint8Array
  readonly signer: Signer
  readonly trusted: IdentityJudge
}

export interface Joining {
  /** MLSMessage(Welcome). */
  readonly welcome: Uint8Array
  /** MLSMessage(KeyPackage) that was added. */
  readonly keyPackage: Uint8Array
  readonly privatePart: Uint8Array
  readonly trusted: IdentityJudge
}

/** One leaf of the ratchet tree. */
export interface RosterEntry {
  readonly leaf: number
  readonly identity: Uint8Array
  readonly signatureKey: Uint8Array
  readonly leafNodeBytes: Uint8Array
}

export interface GroupView {
  readonly groupId: Uint8Array
  readonly epoch: number
  readonly ownLeaf: number
  readonly treeHash: Uint8Array
  readonly confirmedTranscriptHash: Uint8Array
  /** What the next commit is hashed after. */
  readonly interimTranscriptHash: Uint8Array
  /** Content of 0xF5A0. */
  readonly terms: Uint8Array
  readonly extensions: readonly ParsedExtension[]
}
