/** A real group for the gate's tests: customer and agents of a test organisation. Their commits are made by the library without any gate of ours. */
import { signDecision } from '../../../src/keys/decision.ts'
import { sha256 } from '../../../src/keys/digest.ts'
import { factsOf } from '../../../src/keys/mls/facts.ts'
import { type GateContext, judgeCommit, type Verdict } from '../../../src/keys/mls/gate.ts'
import * as mls from '../../../src/keys/mls/library.ts'
import type { Trusted } from '../../../src/keys/mls/memberTypes.ts'
import { type GroupMemory, wholeMemory } from '../../../src/keys/mls/memory.ts'
import { parseCommit } from '../../../src/keys/mls/parse.ts'
import type { ParsedCommit } from '../../../src/keys/mls/parsedTypes.ts'
import { type Signer, signerFromSeed } from '../../../src/keys/mls/signer.ts'
import { customerIdentity, encodeNote, encodeTerms, groupIdOf } from '../../../src/keys/terms.ts'
import { judgeBundle, parseBundle, type TrustState } from '../../../src/keys/trustChain.ts'
import { Untrusted } from '../../../src/keys/untrusted.ts'
import type { CommitNote, DecisionClaims, GroupTerms, Signed } from '../../../src/wire/generated/claims.ts'
import { fromBase32, fromHex } from '../../../src/wire/octets.ts'
import { Refused } from '../../../src/wire/refused.ts'
import { newOrganisation, type Organisation } from '../../session/organisation.ts'

/** The library checks an Add by the real clock. */
export const NOW = Date.now()
export const MINUTE = 60_000
const DAY = 24 * 3600 * 1000
const CONVERSATION = new Uint8Array(16).fill(1)
const EVERYBODY: Trusted = { judgeIdentity: async () => true, judgeCommit: async () => undefined }

export interface Person {
  readonly signer: Signer
  readonly identity: Uint8Array
  /** None before it joined and after it was removed. */
  state: mls.GroupState | null
}

export interface Given {
  readonly signed: Signed
  readonly digest: Uint8Array
  readonly claims: DecisionClaims
}

export interface Plan {
  readonly adds?: readonly Uint8Array[]
  readonly removes?: readonly Person[]
  readonly terms?: Partial<GroupTerms>
  readonly note?: Partial<CommitNote>
}

/** A refusal as the code and, for a failed proof, which one. */
export const refusal = async (judged: Promise<unknown>): Promise<string> => {
  try {
    await judged
  } catch (error) {
    if (error instanceof Refused) return error.code
    if (error instanceof Untrusted) return `untrusted: ${error.reason}`
    throw error
  }
  return 'accepted'
}

export class Room {
  readonly organisation: Organisation
  readonly customer: Person
  trust: TrustState
  memory: GroupMemory
  start: Given
  private readonly people: Person[] = []

  private constructor(organisation: Organisation, { trust, start, customer }: { trust: TrustState; start: Given; customer: Person }) {
    this.organisation = organisation
    this.trust = trust
    this.start = start
    this.customer = customer
    this.memory = wholeMemory([start])
    this.people.push(customer)
  }

  static async open(): Promise<Room> {
    const organisation = await newOrganisation(NOW)
    const signer = newSigner()
    const customer: Person = { signer, identity: customerIdentity(signer.publicKey), state: null }
    const trust = await believed(organisation)
    const start = await given(organisation, { customer })
    const room = new Room(organisation, { trust, start, customer })
    const terms: GroupTerms = {
      version: 1,
      root: trust.memory.pinned,
      site: 'shop',
      desk: 'support',
      customerKey: signer.publicKey,
      recoveryKey: null,
      policyDigest: fromHex(organisation.policyDigest),
      chain: [],
      standing: [start.digest],
    }
    const groupId = groupIdOf(CONVERSATION, 1)
    customer.state = await mls.createGroup({ groupId, identity: customer.identity, signer, terms: encodeTerms(terms), now: NOW })
    return room
  }

  /** A further decision of this room's customer, or of somebody else's making. */
  decide(changes: Partial<DecisionClaims> = {}, by: Person = this.customer): Promise<Given> {
    return given(this.organisation, { customer: by, changes })
  }

  person(credential: Readonly<Record<string, unknown>> = {}, signer = newSigner()): Person {
    return { signer, identity: this.organisation.credential(signer.publicKey, credential), state: null }
  }

  async keyPackage(
    person: Person,
    { now = NOW, notAfter = NOW + DAY } = {},
  ): Promise<{ readonly keyPackage: Uint8Array; readonly privatePart: Uint8Array }> {
    return mls.createKeyPackage({ identity: person.identity, signer: person.signer, now, notAfter })
  }

  async publish(changes: Readonly<Record<string, unknown>>): Promise<void> {
    this.organisation.publish(changes)
    this.trust = await believed(this.organisation)
  }

  /** What an honest Add of the customer's device says. */
  get grounds(): Partial<CommitNote> {
    return { reliesOn: this.start.digest, decision: this.start.signed }
  }

  async made(by: Person, plan: Plan): Promise<mls.Committed> {
    const state = stateOf(by)
    const facts = await factsOf(state)
    const note = { committedAt: NOW, reliesOn: null, decision: null, trustVersion: null, onCall: 0 as const, ...plan.note }
    const removes = (plan.removes ?? []).map((person) => leafOf(facts.roster, person))
    const terms = plan.terms === undefined ? {} : { terms: encodeTerms({ ...facts.terms, ...plan.terms }) }
    const authenticatedData = encodeNote(note)
    return mls.commit(state, { adds: plan.adds ?? [], removes, ...terms, authenticatedData, signer: by.signer, trusted: EVERYBODY })
  }

  async commit(by: Person, plan: Plan = {}): Promise<ParsedCommit> {
    return parseCommit((await this.made(by, plan)).commit)
  }

  async context(): Promise<GateContext> {
    return { group: await factsOf(stateOf(this.customer)), memory: this.memory, trust: this.trust }
  }

  async judge(commit: ParsedCommit, changes: Partial<GateContext> = {}): Promise<Verdict> {
    return judgeCommit(commit, { ...(await this.context()), ...changes })
  }

  /** Judged, and then carried out by everybody. */
  async happen(by: Person, { newcomer, ...plan }: Plan & { readonly newcomer?: Person } = {}): Promise<Uint8Array> {
    const kept = newcomer && (await this.keyPackage(newcomer))
    const made = await this.made(by, kept === undefined ? plan : { ...plan, adds: [kept.keyPackage] })
    const verdict = await this.judge(parseCommit(made.commit))
    for (const person of this.people) {
      if (person.state === null) continue
      if (person === by) person.state = mls.adopt(person.state, made.pending).state
      else {
        const processed = await mls.processCommit(person.state, made.commit, EVERYBODY)
        person.state = processed.removed ? null : processed.state
      }
    }
    this.memory = verdict.memory
    if (newcomer !== undefined && kept !== undefined && made.welcome !== null) {
      newcomer.state = await mls.join({ welcome: made.welcome, ...kept, trusted: EVERYBODY })
      this.people.push(newcomer)
    }
    return made.commit
  }

  /** Somebody comes in whom no gate of ours would let in. */
  async unsafeForTestsHappen(by: Person, newcomer: Person): Promise<void> {
    const kept = await this.keyPackage(newcomer)
    const made = await this.made(by, { adds: [kept.keyPackage] })
    by.state = mls.adopt(stateOf(by), made.pending).state
  }

  /** An agent of the desk, let in by the customer. */
  async agent(credential: Readonly<Record<string, unknown>> = {}): Promise<Person> {
    const person = this.person(credential)
    await this.happen(this.customer, { newcomer: person, note: this.grounds })
    return person
  }
}

const newSigner = (): Signer => signerFromSeed(crypto.getRandomValues(new Uint8Array(32)))

const believed = (organisation: Organisation): Promise<TrustState> =>
  judgeBundle(parseBundle(organisation.bundle()), { pinned: fromBase32(organisation.fingerprint) ?? new Uint8Array(), memory: null })

const given = async (
  organisation: Organisation,
  { customer, changes = {} }: { readonly customer: Person; readonly changes?: Partial<DecisionClaims> },
): Promise<Given> => {
  const claims: DecisionClaims = {
    conversation: CONVERSATION,
    customerKey: customer.signer.publicKey,
    answer: 'given',
    admits: { tag: 'team', desk: 'support' },
    purpose: 'support',
    history: 'new_messages',
    policyDigest: fromHex(organisation.policyDigest),
    noticeDigest: new Uint8Array(32),
    decidedAt: NOW,
    expiresAt: NOW + DAY,
    nonce: crypto.getRandomValues(new Uint8Array(16)),
    request: null,
    ...changes,
  }
  const signed = await signDecision(claims, customer.signer)
  return { signed, digest: await sha256(signed.claims), claims }
}

const stateOf = ({ state }: Person): mls.GroupState => {
  if (state === null) throw new Error('in no group')
  return state
}

const leafOf = (roster: readonly { readonly leaf: number; readonly signatureKey: Uint8Array }[], { signer }: Person): number => {
  const found = roster.find(({ signatureKey }) => signatureKey.join() === signer.publicKey.join())
  if (found === undefined) throw new Error('no such leaf')
  return found.leaf
}
