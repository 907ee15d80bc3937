/** What a session needs from the world. The console implements it directly; the widget's frame through the loader's MessagePort. */

export type LinkEvent =
  | { readonly kind: 'open' }
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'closed'; readonly code: number }

/** One WebSocket to the relay at a time. The session decides when to connect again. */
export interface LinkPort {
  connect(): void
  send(bytes: Uint8Array): void
  close(): void
  listen(fn: (event: LinkEvent) => void): void
}

/** Sealed blobs and non-extractable keys, on this device only. */
export interface StorePort {
  /** The one AES-GCM key that seals everything, and the device's Ed25519 pair, or null before the first save. */
  loadKeys(): Promise<StoredKeys | null>
  /** Keys and records in one strict transaction: records of one key under another would be lost. */
  saveKeys(keys: StoredKeys, changes: ReadonlyMap<string, Uint8Array | null>): Promise<void>
  load(name: string): Promise<Uint8Array | null>
  /** All in one strict transaction; null deletes. Resolves only when it is on disk. `StoreGone` when there are no keys any more. */
  save(changes: ReadonlyMap<string, Uint8Array | null>): Promise<void>
  /** Everything of this site on this device. */
  wipe(): Promise<void>
}

/** Written out: a class is called something else in a minified bundle. */
const STORE_GONE = 'StoreGone'

/** The browser has taken away what this device kept. Crossing from the loader it is known by its name alone. */
export class StoreGone extends Error {
  override readonly name = STORE_GONE
}

export const isStoreGone = (error: unknown): boolean =>
  error instanceof Error && (error instanceof StoreGone || error.message === STORE_GONE)

export interface StoredKeys {
  readonly sealing: CryptoKey
  readonly device: CryptoKeyPair
  /** Raw Ed25519 public key, 32 bytes. */
  readonly devicePublic: Uint8Array
}

/** Public documents over HTTP; no identifier travels with the request. */
export interface DocumentsPort {
  trustBundle(): Promise<Uint8Array>
  policy(digestHex: string): Promise<Uint8Array>
}

/** Sign-in of an agent; the console only. */
export interface SignInPort {
  signIn(agent: string, password: string): Promise<SignInAnswer>
  signOut(session: string): Promise<void>
}

export type SignInAnswer =
  | {
      readonly kind: 'signedIn'
      readonly session: string
      readonly expiresAt: number
      readonly agent: string
      readonly name: string
      readonly desks: readonly string[]
    }
  | { readonly kind: 'refused'; readonly code: string; readonly retryAfterMs: number | null }

export interface ClockPort {
  now(): number
  /** Calls `fn` after `ms`; returns a function that cancels it. */
  after(ms: number, fn: () => void): () => void
}

export interface Ports {
  readonly link: LinkPort
  readonly store: StorePort
  readonly documents: DocumentsPort
  readonly clock: ClockPort
  entropy(bytes: number): Uint8Array
  /** Languages the person reads, best first. They stay on the device. */
  readonly languages: readonly string[]
}

/** Files for the person, where their browser saves files. */
export interface FilesPort {
  save(name: string, content: Uint8Array): void
}

export interface CustomerPorts extends Ports {
  readonly files: FilesPort
  /** Global Privacy Control: the browser asks sites not to sell or share what they learn. */
  readonly optsOut: boolean
}

/** What the page says, pinned in the snippet. */
export interface PageConfig {
  /** Digest of the organisation's root, lower-case base32. */
  readonly root: string
  readonly site: string
  readonly desk: string
  readonly origin: string
  /** How the program names itself in `hello`: version or SRI digest. */
  readonly build: string
}

export interface ConsoleConfig {
  /** Empty: trust the first root this browser sees and remember it, and say so. */
  readonly root: string
  readonly origin: string
  readonly build: string
}
