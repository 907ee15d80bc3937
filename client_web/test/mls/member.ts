/** A member for tests: library.ts with names and a judge that says yes unless told otherwise. */

import * as mls from '../../src/keys/mls/library.ts'
import type { Trusted } from '../../src/keys/mls/memberTypes.ts'
import { signerFromSeed } from '../../src/keys/mls/signer.ts'

export const NOW = Date.now()
export const WEEK_MS = 7 * 24 * 3600 * 1000
export const NO_NOTE = new Uint8Array()
export const YES: Trusted = { judgeIdentity: async () => true, judgeCommit: async () => {} }
export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
export const unhex = (value: string): Uint8Array => Uint8Array.from(value.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

interface Plan {
  readonly adds?: readonly Member[]
  readonly removes?: readonly number[]
  readonly terms?: Uint8Array
}

export class Member {
  readonly name: string
  readonly signer = signerFromSeed(crypto.getRandomValues(new Uint8Array(32)))
  state: mls.GroupState | null = null
  made: Awaited<ReturnType<typeof mls.createKeyPackage>> | null = null

  constructor(name: string) {
    this.name = name
  }

  get now(): mls.GroupState {
    if (this.state === null) throw new Error(`${this.name} is in no group`)
    return this.state
  }

  async create(terms = text('terms')): Promise<this> {
    this.state = await mls.createGroup({ groupId: text('group'), identity: text(this.name), signer: this.signer, terms, now: NOW })
    return this
  }

  async offer(): Promise<Uint8Array> {
    this.made = await mls.createKeyPackage({ identity: text(this.name), signer: this.signer, now: NOW, notAfter: NOW + WEEK_MS })
    return this.made.keyPackage
  }

  async plan(plan: Plan): Promise<mls.Committed> {
    const adds = await Promise.all((plan.adds ?? []).map((member) => member.offer()))
    const terms = plan.terms === undefined ? {} : { terms: plan.terms }
    return mls.commit(this.now, {
      adds,
      removes: plan.removes ?? [],
      ...terms,
      authenticatedData: NO_NOTE,
      signer: this.signer,
      trusted: YES,
    })
  }

  /** Commits, adopts, tells the others and lets the newcomers in; saves and loads every state on the way. Gives the commit. */
  async commit(plan: Plan, others: readonly Member[]): Promise<Uint8Array> {
    const { pending, commit, welcome } = await this.plan(plan)
    this.state = mls.decodeState(mls.encodeState(mls.adopt(this.now, mls.decodePending(mls.encodePending(pending))).state))
    for (const other of others) await other.process(commit)
    for (const newcomer of plan.adds ?? []) await newcomer.join(welcome)
    return commit
  }

  async process(commit: Uint8Array): Promise<void> {
    const result = await mls.processCommit(this.now, commit, YES)
    this.state = result.removed ? null : mls.decodeState(mls.encodeState(result.state))
  }

  async join(welcome: Uint8Array | null): Promise<void> {
    if (welcome === null || this.made === null) throw new Error('no Welcome')
    this.state = await mls.join({ welcome, ...this.made, trusted: YES })
  }

  async write(plaintext: string): Promise<Uint8Array> {
    const { state, message } = await mls.encrypt(this.now, { plaintext: text(plaintext), signer: this.signer })
    this.state = state
    return message
  }

  async read(message: Uint8Array): Promise<string> {
    const opened = await mls.decrypt(this.now, message)
    this.state = opened.state
    return new TextDecoder().decode(opened.plaintext)
  }

  get authenticator(): string {
    return hex(mls.epochAuthenticator(this.now))
  }
}

export const members = (...names: readonly string[]): Member[] => names.map((name) => new Member(name))
