/** What the strict parser hands to the commit gate: plain values cut out of the bytes. No judgement and no cryptography here. */

export interface ParsedExtension {
  readonly type: number
  readonly content: Uint8Array
}

export interface ParsedCapabilities {
  readonly versions: readonly number[]
  readonly cipherSuites: readonly number[]
  readonly extensions: readonly number[]
  readonly proposals: readonly number[]
  readonly credentials: readonly number[]
}

/** Lifetimes are Unix seconds, as RFC 9420 writes them. */
export type LeafSource =
  | { readonly kind: 'key_package'; readonly notBefore: number; readonly notAfter: number }
  | { readonly kind: 'update' }
  | { readonly kind: 'commit'; readonly parentHash: Uint8Array }

/** A leaf node. The `…Bytes` are the exact encodings, so that "never changes its face" is a comparison of bytes. */
export interface ParsedLeafNode {
  readonly bytes: Uint8Array
  readonly encryptionKey: Uint8Array
  readonly signatureKey: Uint8Array
  /** Identity of the basic credential; other credential types are malformed. */
  readonly identity: Uint8Array
  readonly credentialBytes: Uint8Array
  readonly capabilities: ParsedCapabilities
  readonly capabilitiesBytes: Uint8Array
  readonly source: LeafSource
  readonly extensions: readonly ParsedExtension[]
  readonly extensionsBytes: Uint8Array
  readonly signature: Uint8Array
}

export interface ParsedKeyPackage {
  /** The KeyPackage without MLSMessage framing. */
  readonly bytes: Uint8Array
  readonly cipherSuite: number
  readonly initKey: Uint8Array
  readonly leafNode: ParsedLeafNode
  readonly extensions: readonly ParsedExtension[]
  readonly lastResort: boolean
  readonly signature: Uint8Array
}

export type ParsedProposal =
  | { readonly kind: 'add'; readonly keyPackage: ParsedKeyPackage }
  | { readonly kind: 'remove'; readonly leaf: number }
  | { readonly kind: 'group_context_extensions'; readonly extensions: readonly ParsedExtension[] }
  /** Update, PreSharedKey, ReInit and ExternalInit: read only to find where they end; the gate refuses them. */
  | { readonly kind: 'forbidden'; readonly type: number }
  | { readonly kind: 'reference'; readonly reference: Uint8Array }

export interface ParsedPathNode {
  readonly key: Uint8Array
  readonly ciphertexts: number
}

export interface ParsedPath {
  readonly leafNode: ParsedLeafNode
  readonly nodes: readonly ParsedPathNode[]
}

/** A commit in a PublicMessage from a member; every other shape is malformed. */
export interface ParsedCommit {
  /** The MLSMessage as it travelled. */
  readonly bytes: Uint8Array
  readonly groupId: Uint8Array
  readonly epoch: number
  readonly senderLeaf: number
  readonly authenticatedData: Uint8Array
  readonly proposals: readonly ParsedProposal[]
  readonly path: ParsedPath | null
  /** FramedContent, as the confirmed transcript hash takes it in. */
  readonly framedContent: Uint8Array
  readonly signature: Uint8Array
  readonly confirmationTag: Uint8Array
  readonly membershipTag: Uint8Array
}

/** The clear header of an application message; its sender is inside the ciphertext. */
export interface ParsedApplicationHeader {
  readonly groupId: Uint8Array
  readonly epoch: number
  readonly authenticatedData: Uint8Array
}
