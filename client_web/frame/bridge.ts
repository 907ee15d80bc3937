/** What travels between loader and app over their one MessagePort, and how each end parses what arrives. No behaviour lives here. */
import type { LinkEvent, PageConfig, StoredKeys } from '../src/core/ports.ts'

/** The app's first word, to the page above the wall. It carries nothing. */
export const READY = 'sotto:ready'
/** The loader's only answer to it: the page's configuration and one port. */
export const HANDOVER = 'sotto:port'

export interface Handover {
  readonly kind: typeof HANDOVER
  readonly page: PageConfig
}

/** A question with an answer. */
export type Ask =
  | { readonly kind: 'lock'; readonly steal: boolean }
  | { readonly kind: 'loadKeys' }
  | { readonly kind: 'saveKeys'; readonly keys: StoredKeys; readonly changes: ReadonlyMap<string, Uint8Array | null> }
  | { readonly kind: 'load'; readonly name: string }
  | { readonly kind: 'save'; readonly changes: ReadonlyMap<string, Uint8Array | null> }
  | { readonly kind: 'wipe' }
  | { readonly kind: 'trustBundle' }
  | { readonly kind: 'policy'; readonly digest: string }

export type ToLoader =
  | { readonly kind: 'connect' }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'ask'; readonly id: number; readonly ask: Ask }
  | { readonly kind: 'closePanel' }
  | { readonly kind: 'unread'; readonly count: number }
  /** For the browser's own downloads. */
  | { readonly kind: 'file'; readonly name: string; readonly bytes: Uint8Array }

export type Answer = StoredKeys | Uint8Array | boolean | null

export type ToApp =
  | { readonly kind: 'link'; readonly event: LinkEvent }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Answer }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'panel'; readonly open: boolean; readonly heightPx: number }
  | { readonly kind: 'lockLost' }

type FieldName =
  | 'kind'
  | 'bytes'
  | 'count'
  | 'id'
  | 'ask'
  | 'steal'
  | 'name'
  | 'digest'
  | 'changes'
  | 'keys'
  | 'device'
  | 'sealing'
  | 'devicePublic'
  | 'privateKey'
  | 'publicKey'
  | 'open'
  | 'heightPx'
  | 'event'
  | 'value'
  | 'reason'
  | 'code'
  | 'page'
  | 'root'
  | 'site'
  | 'desk'
  | 'origin'
  | 'build'

type Fields = { readonly [Name in FieldName]?: unknown }

/** A record's fields as unknowns, or null: the first step of every parser. */
function fieldsOf(data: unknown): Fields | null {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Fields) : null
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= 128
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 512
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
/** No path, and nothing that a system would run. */
const isFileName = (value: unknown): value is string => typeof value === 'string' && /^[a-z0-9-]{1,60}\.json$/.test(value)
const isDigest = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

/** What the loader accepts from the app; anything else is null and is dropped. */
export function parseToLoader(data: unknown): ToLoader | null {
  const fields = fieldsOf(data)
  switch (fields?.kind) {
    case 'connect':
    case 'disconnect':
    case 'closePanel':
      return { kind: fields.kind }
    case 'send':
      return isBytes(fields.bytes) ? { kind: 'send', bytes: fields.bytes } : null
    case 'unread':
      return isCount(fields.count) ? { kind: 'unread', count: fields.count } : null
    case 'file':
      return isFileName(fields.name) && isBytes(fields.bytes) ? { kind: 'file', name: fields.name, bytes: fields.bytes } : null
    case 'ask': {
      const ask = parseAsk(fields.ask)
      return ask !== null && isCount(fields.id) ? { kind: 'ask', id: fields.id, ask } : null
    }
    default:
      return null
  }
}

function parseAsk(data: unknown): Ask | null {
  const fields = fieldsOf(data)
  switch (fields?.kind) {
    case 'loadKeys':
    case 'wipe':
    case 'trustBundle':
      return { kind: fields.kind }
    case 'lock':
      return typeof fields.steal === 'boolean' ? { kind: 'lock', steal: fields.steal } : null
    case 'load':
      return isName(fields.name) ? { kind: 'load', name: fields.name } : null
    case 'policy':
      return isDigest(fields.digest) ? { kind: 'policy', digest: fields.digest } : null
    case 'save': {
      const changes = parseChanges(fields.changes)
      return changes === null ? null : { kind: 'save', changes }
    }
    case 'saveKeys': {
      const keys = parseStoredKeys(fields.keys)
      const changes = parseChanges(fields.changes)
      return keys === null || changes === null ? null : { kind: 'saveKeys', keys, changes }
    }
    default:
      return null
  }
}

function parseChanges(data: unknown): ReadonlyMap<string, Uint8Array | null> | null {
  if (!(data instanceof Map)) return null
  for (const [name, bytes] of data) if (!isName(name) || !(bytes === null || isBytes(bytes))) return null
  return data
}

function parseStoredKeys(data: unknown): StoredKeys | null {
  const fields = fieldsOf(data)
  const pair = fieldsOf(fields?.device)
  const sealing = fields?.sealing
  const devicePublic = fields?.devicePublic
  const privateKey = pair?.privateKey
  const publicKey = pair?.publicKey
  if (!(sealing instanceof CryptoKey && privateKey instanceof CryptoKey && publicKey instanceof CryptoKey)) return null
  if (!isBytes(devicePublic) || devicePublic.length !== 32) return null
  return { sealing, device: { privateKey, publicKey }, devicePublic }
}

/** What the app accepts from the loader; anything else is null and is dropped. */
export function parseToApp(data: unknown): ToApp | null {
  const fields = fieldsOf(data)
  switch (fields?.kind) {
    case 'lockLost':
      return { kind: 'lockLost' }
    case 'panel':
      return typeof fields.open === 'boolean' && isCount(fields.heightPx)
        ? { kind: 'panel', open: fields.open, heightPx: fields.heightPx }
        : null
    case 'link': {
      const event = parseLinkEvent(fields.event)
      return event === null ? null : { kind: 'link', event }
    }
    case 'answer': {
      const value = parseAnswer(fields.value)
      return value === undefined || !isCount(fields.id) ? null : { kind: 'answer', id: fields.id, value }
    }
    case 'failed':
      return isCount(fields.id) && isText(fields.reason) ? { kind: 'failed', id: fields.id, reason: fields.reason } : null
    default:
      return null
  }
}

function parseAnswer(data: unknown): Answer | undefined {
  if (data === null || typeof data === 'boolean' || isBytes(data)) return data
  return parseStoredKeys(data) ?? undefined
}

function parseLinkEvent(data: unknown): LinkEvent | null {
  const fields = fieldsOf(data)
  switch (fields?.kind) {
    case 'open':
      return { kind: 'open' }
    case 'frame':
      return isBytes(fields.bytes) ? { kind: 'frame', bytes: fields.bytes } : null
    case 'closed':
      return isCount(fields.code) ? { kind: 'closed', code: fields.code } : null
    default:
      return null
  }
}

export function parseHandover(data: unknown): Handover | null {
  const fields = fieldsOf(data)
  const page = fieldsOf(fields?.page)
  if (fields?.kind !== HANDOVER || page === null) return null
  const { root, site, desk, origin, build } = page
  if (!(isText(root) && isName(site) && isName(desk) && isText(origin) && isText(build))) return null
  return { kind: HANDOVER, page: { root, site, desk, origin, build } }
}
