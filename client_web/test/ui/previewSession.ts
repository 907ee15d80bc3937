/** A session without keys or relay for looking at the widget in its real frames: walks from the notice to a chat that echoes. Never in a release. */

import type { PageConfig, Ports } from '../../src/core/ports.ts'
import type { CustomerIntent, CustomerView, EntryView, Program } from '../../src/core/views.ts'
import { newKeyPair } from '../../src/keys/ed25519.ts'
import { observable } from '../../src/session/observable.ts'
import { newSealingKey } from '../../src/store/sealed.ts'
import { activeChat, aNotice, anOrganisation } from './fixtures.ts'

/** Keys and a record, as a real session saves them. */
const begin = async ({ store, entropy }: Ports): Promise<void> => {
  const { pair, publicKey } = await newKeyPair()
  const keys = { sealing: await newSealingKey(), device: pair, devicePublic: publicKey }
  await store.saveKeys(keys, new Map([['kept', entropy(32)]]))
}

export function startCustomer(ports: Ports, _page: PageConfig): Program<CustomerView, CustomerIntent> {
  const view = observable<CustomerView>({ kind: 'checking' })
  const add = (entry: EntryView): void => {
    if (view.value.kind === 'chat')
      view.value = {
        ...view.value,
        entries: [...view.value.entries, entry],
        unread: entry.kind === 'message' && !entry.mine ? view.value.unread + 1 : view.value.unread,
      }
  }
  const message = (text: string, mine: boolean): EntryView => ({
    kind: 'message',
    id: `${Math.random()}`,
    mine,
    from: mine ? 'You' : 'Mara',
    face: mine ? 'customer' : 'agent',
    text,
    at: ports.clock.now(),
    standing: 'delivered',
  })
  const intend = (intent: CustomerIntent): void => {
    const now = view.value
    if (intent.kind === 'open' && now.kind === 'checking')
      void ports.store.load('kept').then((kept) => {
        view.value = kept === null ? { kind: 'notice', organisation: anOrganisation, notice: aNotice, starting: false } : activeChat
      })
    if (intent.kind === 'start')
      void begin(ports).then(() => {
        view.value = { ...activeChat, entries: [] }
      })
    if (intent.kind === 'send') {
      add(message(intent.text, true))
      ports.clock.after(1500, () => add(message(`You wrote: ${intent.text}`, false)))
    }
    if (intent.kind === 'seen' && now.kind === 'chat') view.value = { ...now, unread: 0 }
    if (intent.kind === 'end' && now.kind === 'chat') view.value = { ...now, stage: 'closed' }
    if (intent.kind === 'forget')
      void ports.store.wipe().then(() => {
        view.value = { kind: 'checking' }
        intend({ kind: 'open' })
      })
  }
  return { view, intend, dispose: () => undefined }
}
