/** From the pinned root to the newest one (client rule 1): a walk over envelopes. Trust documents are `trustChain.ts`'s. */
import { ROOT_HOPS } from '../wire/generated/limits.ts'
import { toHex } from '../wire/octets.ts'
import { documentDigest, type Envelope } from './dsse.ts'
import { parseRoot, type RootDocument, verifyRoot } from './root.ts'
import { Forked, Inconsistent, Malformed } from './untrusted.ts'

/** One verified root of the chain; digests are hex. */
export interface RootLink {
  readonly document: RootDocument
  readonly digest: string
}

export interface RootChain {
  readonly links: readonly RootLink[]
  readonly newest: RootLink
  /** Digests of the pinned root's ancestors, as far as they were shown. */
  readonly ancestors: ReadonlySet<string>
}

/**
 * Start at the root the snippet pins and follow each next one; the first that does not follow is refused, and the walk with it.
 * `Forked`: the pinned root is not there, a version or predecessor does not follow, more than 64 hops. `BadSignature`: the old or the
 * new threshold is missing. `Inconsistent`: another organisation. `Malformed`: not a root.
 */
export const walkRoots = async (pinned: string, envelopes: readonly Envelope[]): Promise<RootChain> => {
  const digests = await Promise.all(envelopes.map(async (envelope) => toHex(await documentDigest(envelope))))
  const start = digests.indexOf(pinned)
  const first = envelopes[start]
  if (first === undefined) throw new Forked('the pinned root is not in the chain')
  if (envelopes.length - start - 1 > ROOT_HOPS) throw new Forked('too many hops')
  const document = await parseRoot(first.payload)
  await verifyRoot(first, document)
  let newest: RootLink = { document, digest: pinned }
  const links = [newest]
  for (const envelope of envelopes.slice(start + 1)) {
    newest = await follow(newest, envelope)
    links.push(newest)
  }
  return { links, newest, ancestors: await ancestorsOf(document, { earlier: envelopes.slice(0, start), digests }) }
}

/** Whether this is a root of the same organisation, before or after the pinned one. */
export const knowsRoot = (chain: RootChain, digest: string): boolean =>
  chain.ancestors.has(digest) || chain.links.some((link) => link.digest === digest)

/** Whether a root later than `version` took a key out of the issuing role. */
export const dropsIssuingKeyAfter = (chain: RootChain, version: number): boolean => {
  const since = chain.links.filter((link) => link.document.version >= version)
  return since.some(({ document }, index) => {
    const after = since[index + 1]?.document.issuing.keyids
    return after !== undefined && document.issuing.keyids.some((keyid) => !after.includes(keyid))
  })
}

const follow = async (last: RootLink, envelope: Envelope): Promise<RootLink> => {
  await verifyRoot(envelope, last.document)
  const document = await parseRoot(envelope.payload)
  // The new keys prove that somebody holds them.
  await verifyRoot(envelope, document)
  if (document.version !== last.document.version + 1 || document.prevSha256 !== last.digest) throw new Forked('a root that does not follow')
  if (document.org !== last.document.org) throw new Inconsistent('another organisation')
  return { document, digest: toHex(await documentDigest(envelope)) }
}

/** Backwards each root names its predecessor by hash, so no signature is needed to know an ancestor. */
const ancestorsOf = async (
  pinned: RootDocument,
  { earlier, digests }: { readonly earlier: readonly Envelope[]; readonly digests: readonly string[] },
): Promise<ReadonlySet<string>> => {
  const known = new Set<string>()
  let wanted = pinned.prevSha256
  for (const [index, envelope] of [...earlier.entries()].reverse()) {
    if (digests[index] !== wanted) break
    known.add(wanted)
    const parsed = await parseRoot(envelope.payload).catch(malformedAsNull)
    if (parsed === null) break
    wanted = parsed.prevSha256
  }
  return known
}

const malformedAsNull = (error: unknown): null => {
  if (error instanceof Malformed) return null
  throw error
}
