/** What a running conversation of a customer begins with. */
import type { CustomerPorts, PageConfig, StoredKeys } from '../core/ports.ts'
import type { Organisation } from '../core/views.ts'
import type { Signer } from '../keys/ed25519.ts'
import type { SealedStore } from '../store/sealed.ts'
import type { Conversation } from './conversation.ts'
import type { DecisionRecord } from './decisionRecords.ts'
import type { KeptOpenRecord } from './keptOpenRecords.ts'
import type { Made } from './nextGroup.ts'
import type { CustomerRecord } from './records.ts'
import type { TrustKeeper } from './trustKeeper.ts'

export interface Beginning {
  readonly ports: CustomerPorts
  readonly page: PageConfig
  readonly keeper: TrustKeeper
  readonly organisation: Organisation
  readonly keys: StoredKeys
  readonly signer: Signer
  readonly record: CustomerRecord
  readonly conversation: Conversation
  readonly decisions: readonly DecisionRecord[]
  readonly keptOpen: readonly KeptOpenRecord[]
  readonly store: SealedStore
  /** Typed before the reload and not sent. */
  readonly draft: string
  changed(): void
  /** The relay does not open this conversation; its clock is so far from ours. */
  refused(code: string, relayOffset: number): void
  /** This chat has handed over: another one goes on with what is saved now. */
  goesOn(next: Made): void
  /** The browser has taken away what was kept: nothing can be sent any more. */
  lost(): void
}
