/** The parts of a customer's running conversation that stand around the chat: what is asked, told, kept open, and who is proposed. */
import { Asking } from './asking.ts'
import type { Beginning } from './beginning.ts'
import { Centre } from './centre.ts'
import type { Chat } from './chat.ts'
import type { Conversation } from './conversation.ts'
import type { ChatWorld } from './holding.ts'
import { Incidents } from './incidents.ts'
import { KeepingOpen } from './keepingOpen.ts'
import { PolicyNews } from './policyNews.ts'
import { Proposals } from './proposals.ts'
import type { Shelf } from './shelf.ts'

export interface Parts {
  readonly asking: Asking
  readonly centre: Centre
  readonly incidents: Incidents
  readonly longer: KeepingOpen
  readonly proposals: Proposals
}

export interface PartsWorld {
  readonly chat: Chat
  readonly shelf: Shelf
  readonly world: Omit<ChatWorld, 'changed'>
  distrusted(error: unknown): void
}

export const partsOf = (begin: Beginning, { chat, shelf, world, distrusted }: PartsWorld): Parts => {
  const { ports, signer, record, keeper } = begin
  const { documents, languages, optsOut } = ports
  const changed = (): void => begin.changed()
  const inForce = () => keeper.policyInForce(world.relayNow())
  const news = new PolicyNews({ documents, languages, inForce, changed })
  const asking = new Asking({ chat, documents, languages, news, optsOut, changed, world }, begin.decisions)
  const conversation = (): Conversation => chat.conversation
  const centre = new Centre({ link: world.link, documents, languages, news, conversation, changed })
  const opened = () => ({ at: chat.conversation.openedAt, hasGoneOn: record.chain.length > 0 })
  const incidents = new Incidents({ ...world, shelf, languages, opened, changed, distrusted })
  const start = { reliesOn: record.startDigest, decision: record.start }
  const longer = new KeepingOpen({ chat, world, centre, languages, start, inForce, changed }, begin.keptOpen)
  const proposals = new Proposals({ me: signer.publicKey, chat, keeper, grounds: () => longer.grounds })
  return { asking, centre, incidents, longer, proposals }
}
