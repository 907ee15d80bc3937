/** Strict parsing of the MLS messages that a gate judges (RFC 9420). Refuses with `Malformed`; judges nothing and verifies no signature. */

import { Malformed } from '../untrusted.ts'
import type {
  LeafSource,
  ParsedApplicationHeader,
  ParsedCapabilities,
  ParsedCommit,
  ParsedExtension,
  ParsedKeyPackage,
  ParsedLeafNode,
  ParsedPath,
  ParsedProposal,
} from './parsedTypes.ts'
import { type Reader, readWhole } from './reader.ts'

const MLS10 = 1
const WIRE = { publicMessage: 1, privateMessage: 2, keyPackage: 5 } as const
const CONTENT = { application: 1, commit: 3 } as const
const MEMBER_SENDER = 1
/** HMAC-SHA-256. */
const TAG_BYTES = 32
const BASIC_CREDENTIAL = 1
const LAST_RESORT = 0x000a
const PROPOSAL = { add: 1, update: 2, remove: 3, psk: 4, reinit: 5, externalInit: 6, groupContextExtensions: 7 } as const
const INLINE_PROPOSAL = 1
const PROPOSAL_REFERENCE = 2

/** A commit framed as MLSMessage(PublicMessage), sender type member (RFC 9420, sections 6.2 and 12.4). */
export function parseCommit(bytes: Uint8Array): ParsedCommit {
  return readWhole(bytes, (reader) => {
    readFraming(reader, WIRE.publicMessage)
    const start = reader.position
    const groupId = reader.opaque()
    const epoch = reader.uint64()
    if (reader.uint(1) !== MEMBER_SENDER) throw new Malformed('sender is no member')
    const senderLeaf = reader.uint(4)
    const authenticatedData = reader.opaque()
    if (reader.uint(1) !== CONTENT.commit) throw new Malformed('not a commit')
    const proposals = reader.list(readProposalOrReference)
    const path = reader.optional(readPath)
    const framedContent = reader.since(start)
    const signature = reader.opaque()
    const confirmationTag = reader.opaque()
    const membershipTag = reader.opaque()
    if (confirmationTag.length !== TAG_BYTES || membershipTag.length !== TAG_BYTES) throw new Malformed('a tag of the wrong length')
    const header = { bytes, groupId, epoch, senderLeaf, authenticatedData }
    return { ...header, proposals, path, framedContent, signature, confirmationTag, membershipTag }
  })
}

/** A KeyPackage framed as MLSMessage (section 10), as it is published. */
export function parseKeyPackage(bytes: Uint8Array): ParsedKeyPackage {
  return readWhole(bytes, (reader) => {
    readFraming(reader, WIRE.keyPackage)
    return readKeyPackage(reader)
  })
}

/** The clear header of an application message framed as MLSMessage(PrivateMessage) (section 6.3). */
export function parseApplicationHeader(bytes: Uint8Array): ParsedApplicationHeader {
  return readWhole(bytes, (reader) => {
    readFraming(reader, WIRE.privateMessage)
    const groupId = reader.opaque()
    const epoch = reader.uint64()
    if (reader.uint(1) !== CONTENT.application) throw new Malformed('not an application message')
    const authenticatedData = reader.opaque()
    reader.opaque()
    reader.opaque()
    return { groupId, epoch, authenticatedData }
  })
}

/** One bare LeafNode, as it stands in a ratchet tree (section 7.2). */
export function parseLeafNode(bytes: Uint8Array): ParsedLeafNode {
  return readWhole(bytes, readLeafNode)
}

function readFraming(reader: Reader, wireFormat: number): void {
  if (reader.uint(2) !== MLS10 || reader.uint(2) !== wireFormat) throw new Malformed('framing')
}

function readProposalOrReference(reader: Reader): ParsedProposal {
  const form = reader.uint(1)
  if (form === INLINE_PROPOSAL) return readProposal(reader)
  if (form === PROPOSAL_REFERENCE) return { kind: 'reference', reference: reader.opaque() }
  throw new Malformed('proposal or reference')
}

function readProposal(reader: Reader): ParsedProposal {
  const type = reader.uint(2)
  switch (type) {
    case PROPOSAL.add:
      return { kind: 'add', keyPackage: readKeyPackage(reader) }
    case PROPOSAL.remove:
      return { kind: 'remove', leaf: reader.uint(4) }
    case PROPOSAL.groupContextExtensions:
      return { kind: 'group_context_extensions', extensions: reader.list(readExtension) }
    default:
      skipForbidden(reader, type)
      return { kind: 'forbidden', type }
  }
}

/** Reads past a proposal that no commit of ours may carry (sections 12.1.2 and 12.1.4 to 12.1.6). */
function skipForbidden(reader: Reader, type: number): void {
  switch (type) {
    case PROPOSAL.update:
      readLeafNode(reader)
      return
    case PROPOSAL.psk:
      skipPskId(reader)
      return
    case PROPOSAL.reinit:
      reader.opaque()
      reader.uint(4)
      reader.list(readExtension)
      return
    case PROPOSAL.externalInit:
      reader.opaque()
      return
    default:
      throw new Malformed('unknown proposal')
  }
}

function skipPskId(reader: Reader): void {
  const kind = reader.uint(1)
  if (kind !== 1 && kind !== 2) throw new Malformed('psk type')
  if (kind === 2) reader.uint(1)
  reader.opaque()
  if (kind === 2) reader.roughly64()
  reader.opaque()
}

function readPath(reader: Reader): ParsedPath {
  const leafNode = readLeafNode(reader)
  const nodes = reader.list((node) => ({ key: node.opaque(), ciphertexts: node.list(skipCiphertext).length }))
  return { leafNode, nodes }
}

function skipCiphertext(reader: Reader): null {
  reader.opaque()
  reader.opaque()
  return null
}

function readKeyPackage(reader: Reader): ParsedKeyPackage {
  const start = reader.position
  if (reader.uint(2) !== MLS10) throw new Malformed('version')
  const cipherSuite = reader.uint(2)
  const initKey = reader.opaque()
  const leafNode = readLeafNode(reader)
  const extensions = reader.list(readExtension)
  const signature = reader.opaque()
  const lastResort = extensions.some(({ type }) => type === LAST_RESORT)
  return { bytes: reader.since(start), cipherSuite, initKey, leafNode, extensions, lastResort, signature }
}

function readLeafNode(reader: Reader): ParsedLeafNode {
  const start = reader.position
  const encryptionKey = reader.opaque()
  const signatureKey = reader.opaque()
  const [identity, credentialBytes] = cut(reader, readBasicCredential)
  const [capabilities, capabilitiesBytes] = cut(reader, readCapabilities)
  const source = readSource(reader)
  const [extensions, extensionsBytes] = cut(reader, (inner) => inner.list(readExtension))
  const signature = reader.opaque()
  const face = { encryptionKey, signatureKey, identity, credentialBytes, capabilities, capabilitiesBytes }
  return { bytes: reader.since(start), ...face, source, extensions, extensionsBytes, signature }
}

/** The value and the exact bytes it was read from. */
function cut<T>(reader: Reader, read: (reader: Reader) => T): [T, Uint8Array] {
  const start = reader.position
  const value = read(reader)
  return [value, reader.since(start)]
}

function readBasicCredential(reader: Reader): Uint8Array {
  if (reader.uint(2) !== BASIC_CREDENTIAL) throw new Malformed('credential type')
  return reader.opaque()
}

function readCapabilities(reader: Reader): ParsedCapabilities {
  const numbers = (): number[] => reader.list((inner) => inner.uint(2))
  return { versions: numbers(), cipherSuites: numbers(), extensions: numbers(), proposals: numbers(), credentials: numbers() }
}

function readSource(reader: Reader): LeafSource {
  switch (reader.uint(1)) {
    case 1:
      return { kind: 'key_package', notBefore: reader.roughly64(), notAfter: reader.roughly64() }
    case 2:
      return { kind: 'update' }
    case 3:
      return { kind: 'commit', parentHash: reader.opaque() }
    default:
      throw new Malformed('leaf node source')
  }
}

function readExtension(reader: Reader): ParsedExtension {
  return { type: reader.uint(2), content: reader.opaque() }
}
