/** What the commit gate judges and answers with: plain values. */
import type { CommitNote, GroupTerms } from '../../wire/generated/claims.ts'
import type { Credential } from '../credential.ts'
import type { TrustState } from '../trustChain.ts'
import type { RosterEntry } from './memberTypes.ts'
import type { GroupMemory } from './memory.ts'
import type { ParsedExtension, ParsedKeyPackage } from './parsedTypes.ts'

/** The group as it stands before the commit. */
export interface GroupFacts {
  readonly groupId: Uint8Array
  readonly epoch: number
  readonly extensions: readonly ParsedExtension[]
  readonly terms: GroupTerms
  readonly roster: readonly RosterEntry[]
  /** Every encryption key in the tree, of leaves and parents. */
  readonly encryptionKeys: readonly Uint8Array[]
}

export interface GateContext {
  readonly group: GroupFacts
  readonly memory: GroupMemory
  readonly trust: TrustState
}

/** The rows of the closed list that have a committer. */
export interface Committer {
  readonly row: 'customer' | 'team' | 'other'
  readonly leaf: RosterEntry
}

/** The proposals of a commit, sorted by kind; G3 let nothing else through. */
export interface Wanted {
  readonly adds: readonly ParsedKeyPackage[]
  readonly removes: readonly RosterEntry[]
  readonly extensions: readonly ParsedExtension[] | null
}

export interface Verdict {
  readonly committer: Committer
  readonly note: CommitNote
  readonly added: readonly { readonly device: Uint8Array; readonly credential: Credential }[]
  readonly removed: readonly RosterEntry[]
  /** The terms that this commit produces. */
  readonly terms: GroupTerms
  readonly memory: GroupMemory
}
