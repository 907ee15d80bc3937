/** Notices of incidents about one conversation: shown once this device has verified them. What was read is kept here, and told to nobody. */
import type { IncidentView } from '../core/views.ts'
import { documentDigest, parseEnvelope } from '../keys/dsse.ts'
import { type Incident, judgeIncident, type Parts } from '../keys/incident.ts'
import { languageAmong } from '../keys/policy.ts'
import { Untrusted } from '../keys/untrusted.ts'
import { CLOCK_SKEW_MS, CONVERSATION_LIFE_MS } from '../wire/generated/limits.ts'
import { fromHex, toHex } from '../wire/octets.ts'
import { bytes, list } from '../wire/shape.ts'
import { NAMES, readRecord, writeRecord } from './records.ts'
import type { Shelf } from './shelf.ts'
import type { TrustKeeper } from './trustKeeper.ts'

const READ = list(bytes(32, 32), 0, Infinity)

export interface IncidentsWorld {
  readonly trust: TrustKeeper
  readonly shelf: Shelf
  readonly languages: readonly string[]
  relayNow(): number
  /** When this device opened the conversation, as far as it knows; and whether it has gone on in another group since. */
  opened(): { readonly at: number; readonly hasGoneOn: boolean }
  changed(): void
  /** A notice that does not hold. */
  distrusted(error: unknown): void
}

interface Told {
  readonly notice: Uint8Array
  /** Digest of the notice, hex: a correction is another one to read. */
  readonly id: string
  readonly incident: Incident
}

export class Incidents {
  readonly #world: IncidentsWorld
  readonly #told = new Map<string, Told>()
  #read: Set<string> | null = null

  constructor(world: IncidentsWorld) {
    this.#world = world
  }

  /** Those in force that were not read. */
  get views(): readonly IncidentView[] {
    const now = this.#world.relayNow()
    return [...this.#told.values()]
      .filter(({ id, incident }) => now < incident.expires && this.#read?.has(id) === false)
      .map(({ id, incident }) => viewOf(id, incident, this.#world.languages))
  }

  offer(notice: Uint8Array): void {
    this.#take(notice).catch((error: unknown) => this.#world.distrusted(error))
  }

  /** After another trust document: a removed issuing key takes its notices with it. */
  async trustChanged(): Promise<void> {
    for (const [name, { notice }] of this.#told) {
      const holds = await this.#judged(notice).then(
        () => true,
        () => false,
      )
      // Meanwhile a correction may have come.
      if (!holds && this.#told.get(name)?.notice === notice) this.#told.delete(name)
    }
    this.#world.changed()
  }

  /** By its person, who may read it again in no way but from a correction. */
  read(id: string): void {
    if (this.#read === null || ![...this.#told.values()].some((told) => told.id === id)) return
    this.#read.add(id)
    void this.#world.shelf.save(new Map([[NAMES.incidents, writeRecord(READ, [...this.#read].map(fromHex))]]))
    this.#world.changed()
  }

  async #take(notice: Uint8Array): Promise<void> {
    const { shelf, trust, changed } = this.#world
    this.#read ??= new Set(((await readRecord(READ, shelf.load(NAMES.incidents))) ?? []).map(toHex))
    const incident = await this.#judged(notice).catch(async (error: unknown) => {
      if (!(error instanceof Untrusted)) throw error
      // Perhaps by an issuing key that this device has not heard of yet.
      await trust.refresh(true)
      return this.#judged(notice)
    })
    const before = this.#told.get(incident.incident)
    if (before !== undefined && before.incident.issuedAt > incident.issuedAt) return
    const id = toHex(await documentDigest(parseEnvelope(notice)))
    this.#told.set(incident.incident, { notice, id, incident })
    changed()
  }

  #judged(notice: Uint8Array): Promise<Incident> {
    const { trust, opened, relayNow } = this.#world
    if (trust.state === null) throw new Untrusted('nothing is believed')
    const { at, hasGoneOn } = opened()
    // The relay counts by its own clock. A device that lost its state only knows when the next group began.
    const earliest = at - (hasGoneOn ? CONVERSATION_LIFE_MS : CLOCK_SKEW_MS)
    return judgeIncident(trust.state, notice, { now: relayNow(), opened: [earliest, at + CLOCK_SKEW_MS] })
  }
}

const viewOf = (id: string, { texts, contact, issuedAt }: Incident, languages: readonly string[]): IncidentView => {
  const available = [...texts.keys()]
  // The first one that the officer wrote, where none of theirs is there.
  const language = languageAmong(available, languages) ?? available[0] ?? ''
  const parts: Parts = texts.get(language) ?? ['', '', '', '']
  return { id, language, parts, contact, issuedAt }
}
