/** One organisation, one relay, one customer and one agent: how far they have come is said by the function that is called. */
import { expect } from 'vitest'
import type { DocumentsPort, FilesPort } from '../../src/core/ports.ts'
import type { AgentIntent, AgentView, CustomerIntent, CustomerView, EntryView, Program } from '../../src/core/views.ts'
import { startAgent } from '../../src/session/agent.ts'
import { startCustomer } from '../../src/session/customer.ts'
import { toHex } from '../../src/wire/octets.ts'
import { newRelay, type Relay } from './loopback.ts'
import { newOrganisation, type Organisation } from './organisation.ts'
import { type Clock, documentsOf, type MemoryStore, memoryStore, newClock, portsOf, signInPort, until } from './world.ts'

export type Chat = Extract<CustomerView, { kind: 'chat' }>
export type Desk = Extract<AgentView, { kind: 'desk' }>

export const isChat = (view: CustomerView): view is Chat => view.kind === 'chat'
export const chatIn =
  (stage: Chat['stage']) =>
  (view: CustomerView): view is Chat =>
    view.kind === 'chat' && view.stage === stage
export const isDesk = (view: AgentView): view is Desk => view.kind === 'desk'
export const says = (entries: readonly EntryView[], text: string, standing?: string): boolean =>
  entries.some((entry) => entry.kind === 'message' && entry.text === text && (standing === undefined || entry.standing === standing))
export const chatSays =
  (text: string, standing?: string) =>
  (view: CustomerView): view is Chat =>
    view.kind === 'chat' && says(view.entries, text, standing)
export const deskSays =
  (text: string, standing?: string) =>
  (view: AgentView): view is Desk =>
    view.kind === 'desk' && view.open !== null && says(view.open.entries, text, standing)

type Shopper = Program<CustomerView, CustomerIntent>
type Ana = Program<AgentView, AgentIntent>

export interface Stage {
  readonly organisation: Organisation
  readonly relay: Relay
  readonly clock: Clock
  readonly documents: { -readonly [Name in keyof DocumentsPort]: DocumentsPort[Name] }
  readonly customerStore: MemoryStore
  readonly agentStore: MemoryStore
  /** What customers saved. */
  readonly saved: readonly { readonly name: string; readonly content: Uint8Array }[]
  /** The shop's page in this browser, or in another one. */
  customer(store?: MemoryStore): Shopper
  agent(): Ana
  atNotice(): Promise<Shopper>
  waiting(): Promise<Shopper>
  atDesk(credential?: Readonly<Record<string, unknown>>): Promise<Ana>
  /** A colleague of Ana's, at a browser of their own. */
  colleague(name: string, store?: MemoryStore): Promise<Ana>
  talking(): Promise<{ readonly shopper: Shopper; readonly ana: Ana; readonly conversation: string }>
}

export const newStage = async ({ customerAhead = 0 } = {}): Promise<Stage> => {
  // The library checks an Add by the real clock, so the tests live now.
  const now = Date.now()
  const organisation = await newOrganisation(now)
  const clock = newClock(now)
  const relay = newRelay(clock.now)
  const [customerStore, agentStore] = [memoryStore(), memoryStore()]
  const documents = { ...documentsOf(organisation) }
  const saved: { readonly name: string; readonly content: Uint8Array }[] = []
  const files: FilesPort = { save: (name, content) => saved.push({ name, content }) }
  const ports = (store: MemoryStore) => ({ ...portsOf({ relay, organisation, clock, store }), documents, files, optsOut: false })

  const customer = (store: MemoryStore = customerStore): Shopper =>
    startCustomer(
      { ...ports(store), clock: { ...clock, now: () => clock.now() + customerAhead } },
      {
        root: organisation.fingerprint,
        site: 'shop',
        desk: 'support',
        origin: 'https://shop.example',
        build: 'test',
      },
    )
  const agent = (): Ana =>
    startAgent(
      { ...ports(agentStore), signIn: signInPort },
      { root: organisation.fingerprint, origin: 'https://desk.example', build: 'test' },
    )
  const atNotice = async (): Promise<Shopper> => {
    const program = customer()
    program.intend({ kind: 'open' })
    await until(program, (view): view is CustomerView => view.kind === 'notice')
    return program
  }
  const waiting = async (): Promise<Shopper> => {
    const program = await atNotice()
    program.intend({ kind: 'start' })
    await until(program, chatIn('waiting'))
    return program
  }
  const atDesk = async (credential: Readonly<Record<string, unknown>> = {}): Promise<Ana> => {
    const program = agent()
    await until(program, (view): view is AgentView => view.kind === 'signIn')
    program.intend({ kind: 'signIn', agent: 'ana', password: 'correct horse' })
    await until(program, (view): view is Desk => isDesk(view) && view.link === 'online')
    const keys = await agentStore.loadKeys()
    if (keys === null) throw new Error('no device')
    program.intend({ kind: 'askForApproval' })
    await until(program, (view): view is Desk => isDesk(view) && view.device.state === 'pending')
    relay.credentials.set(toHex(keys.devicePublic), organisation.credential(keys.devicePublic, credential))
    relay.issued(keys.devicePublic)
    await until(program, (view): view is Desk => isDesk(view) && view.device.state === 'issued')
    await expect.poll(() => relay.packages.get(toHex(keys.devicePublic))?.length).toBe(20)
    return program
  }
  const colleague = async (name: string, store = memoryStore()): Promise<Ana> => {
    const program = startAgent(
      { ...ports(store), signIn: signInPort },
      { root: organisation.fingerprint, origin: 'https://desk.example', build: 'test' },
    )
    await until(program, (view): view is AgentView => view.kind === 'signIn')
    program.intend({ kind: 'signIn', agent: name, password: 'correct horse' })
    await until(program, (view): view is Desk => isDesk(view) && view.link === 'online')
    const keys = await store.loadKeys()
    if (keys === null) throw new Error('no device')
    const fields = { cred_id: `${name}-1`, person: name, name: name.charAt(0).toUpperCase() + name.slice(1) }
    relay.credentials.set(toHex(keys.devicePublic), organisation.credential(keys.devicePublic, fields))
    relay.issued(keys.devicePublic)
    await expect.poll(() => relay.packages.get(toHex(keys.devicePublic))?.length).toBe(20)
    return program
  }
  const talking = async () => {
    const [shopper, ana] = [await waiting(), await atDesk()]
    ana.intend({ kind: 'take', desk: 'support', conversation: null })
    await until(shopper, chatIn('active'))
    const desk = await until(ana, (view): view is Desk => isDesk(view) && view.open?.stage === 'active')
    return { shopper, ana, conversation: desk.open?.conversation ?? '' }
  }
  return {
    organisation,
    relay,
    clock,
    documents,
    customerStore,
    agentStore,
    saved,
    customer,
    agent,
    atNotice,
    waiting,
    atDesk,
    colleague,
    talking,
  }
}
