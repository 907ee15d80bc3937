/** The one file that sees ts-mls (1.6.4, fixed by client_web/patches). States are immutable; our judgement is an argument of every call. */

import type { Capabilities } from 'ts-mls/capabilities.js'
import {
  type ClientState,
  createGroup as createLibraryGroup,
  decodeGroupState,
  encodeGroupState,
  joinGroupWithExtensions,
  type GroupState as LibraryState,
} from 'ts-mls/clientState.js'
import { createCommit, createGroupInfoWithRatchetTree } from 'ts-mls/createCommit.js'
import { createApplicationMessage } from 'ts-mls/createMessage.js'
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import { type Extension, extensionTypeToNumber } from 'ts-mls/extension.js'
import { generateKeyPackageWithKey, type KeyPackage, type PrivateKeyPackage } from 'ts-mls/keyPackage.js'
import { encodeLeafNode } from 'ts-mls/leafNode.js'
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from 'ts-mls/message.js'
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js'
import { processPublicMessage } from 'ts-mls/processMessages.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { emptyPskIndex } from 'ts-mls/pskIndex.js'
import type { PublicMessage } from 'ts-mls/publicMessage.js'
import { encodeRequiredCapabilities } from 'ts-mls/requiredCapabilities.js'
import { createInterimHash } from 'ts-mls/transcriptHash.js'
import { Forked, Malformed, Untrusted } from '../untrusted.ts'
import { concat, equal, uint } from './bytes.ts'
import { BACKDATED_SECONDS, CREATOR_LIFETIME_SECONDS, LAST_RESORT_EXTENSION, STATE_FORMAT, TERMS_EXTENSION } from './constants.ts'
import type { Sealed } from './hpke.ts'
import type {
  CommitPlan,
  GroupView,
  IdentityJudge,
  Joining,
  KeyPackageMade,
  NewGroup,
  NewKeyPackage,
  RosterEntry,
  Trusted,
} from './memberTypes.ts'
import { paddedLength } from './padding.ts'
import { parseApplicationHeader, parseCommit, parseKeyPackage } from './parse.ts'
import type { ParsedCommit } from './parsedTypes.ts'
import { Reader } from './reader.ts'
import type { Signer } from './signer.ts'
import { findPrimitives, type Primitives, SUITE_NAME, suiteOf } from './suite.ts'

type Inside = Omit<LibraryState, 'signaturePrivateKey'>

let insideOf: (state: GroupState) => Inside
let spentOf: (spent: Spent) => readonly Uint8Array[]
let pendingOf: (pending: PendingCommit) => Inside

/** A member's whole state in one epoch. Never changes; every operation gives a new one. */
export class GroupState {
  readonly #inside: Inside
  constructor(inside: Inside) {
    this.#inside = inside
  }
  static {
    insideOf = (state) => state.#inside
  }
  toString(): string {
    return '‹secret›'
  }
}

/** Secrets that the new state has used up. Wipe them once the new state rests on disk, not before. */
export class Spent {
  readonly #secrets: readonly Uint8Array[]
  constructor(secrets: readonly Uint8Array[]) {
    this.#secrets = secrets
  }
  static {
    spentOf = (spent) => spent.#secrets
  }
}

/** A commit of our own that the relay has not ordered yet. `adopt` it at its place or drop it. */
export class PendingCommit {
  readonly #next: Inside
  /** MLSMessage(PublicMessage), as sent: the one that comes back in the relay's order. */
  readonly commit: Uint8Array
  constructor(next: Inside, commit: Uint8Array) {
    this.#next = next
    this.commit = commit
  }
  static {
    pendingOf = (pending) => pending.#next
  }
}

export interface Committed {
  readonly pending: PendingCommit
  readonly commit: Uint8Array
  /** MLSMessage(Welcome), when somebody was added. */
  readonly welcome: Uint8Array | null
}

export type Processed = { readonly removed: true } | { readonly removed: false; readonly state: GroupState; readonly spent: Spent }

export interface Encrypted {
  readonly state: GroupState
  readonly message: Uint8Array
  readonly spent: Spent
}

export interface Decrypted {
  readonly state: GroupState
  readonly spent: Spent
  readonly senderLeaf: number
  readonly epoch: number
  readonly plaintext: Uint8Array
}

/** The library keeps a signing key in its state; ours is a handle outside of it. */
const NO_KEY = new Uint8Array()
const MLS10 = { version: 'mls10' } as const
const REFUSE_EVERYBODY: IdentityJudge = { judgeIdentity: () => Promise.resolve(false) }

let found: Promise<Primitives> | undefined
async function suite(signer: Signer | null): Promise<CiphersuiteImpl> {
  found ??= findPrimitives()
  // Our keys are raw bytes where the library's types say CryptoKey; it only hands them back to us.
  return suiteOf(await found, signer) as unknown as CiphersuiteImpl
}

/** A public key package and its private part. Lifetime and credential are judged by who adds it and by the relay. */
export async function createKeyPackage({ identity, signer, now, notAfter, lastResort = false }: NewKeyPackage): Promise<KeyPackageMade> {
  const seconds = Math.floor(now / 1000)
  const lifetime = { notBefore: BigInt(seconds - BACKDATED_SECONDS), notAfter: BigInt(Math.floor(notAfter / 1000)) }
  const made = await makeKeyPackage({ identity, signer, lifetime, lastResort })
  const keyPackage = encode({ ...MLS10, wireformat: 'mls_key_package', keyPackage: made.publicPackage })
  return { keyPackage, privatePart: concat(made.privatePackage.initPrivateKey, made.privatePackage.hpkePrivateKey) }
}

/** A group in epoch 0 with its creator alone in leaf 0. */
export async function createGroup({ groupId, identity, signer, terms, now }: NewGroup): Promise<GroupState> {
  const seconds = Math.floor(now / 1000)
  const lifetime = { notBefore: BigInt(seconds - BACKDATED_SECONDS), notAfter: BigInt(seconds + CREATOR_LIFETIME_SECONDS) }
  const made = await makeKeyPackage({ identity, signer, lifetime, lastResort: false })
  const required = encodeRequiredCapabilities({ extensionTypes: [TERMS_EXTENSION], proposalTypes: [], credentialTypes: ['basic'] })
  const extensions: Extension[] = [
    { extensionType: 'required_capabilities', extensionData: required },
    { extensionType: TERMS_EXTENSION, extensionData: terms },
  ]
  const config = configured(REFUSE_EVERYBODY)
  return held(await createLibraryGroup(groupId, made.publicPackage, made.privatePackage, extensions, await suite(signer), config))
}

/** MLSMessage(GroupInfo) for the relay: with the ratchet tree, never with `external_pub`, which would invite external commits. */
export async function groupInfo(state: GroupState, signer: Signer): Promise<Uint8Array> {
  const library = opened(state, REFUSE_EVERYBODY)
  const { groupContext, confirmationTag, ratchetTree } = library
  const signed = await createGroupInfoWithRatchetTree(groupContext, confirmationTag, library, ratchetTree, [], await suite(signer))
  return encode({ ...MLS10, wireformat: 'mls_group_info', groupInfo: signed })
}

/** Builds one commit, always with a path, as a PublicMessage. The given state stays usable whether it wins or loses. */
export async function commit(state: GroupState, plan: CommitPlan): Promise<Committed> {
  const library = opened(state, plan.trusted)
  const made = await guarded(async () =>
    createCommit(
      { state: library, cipherSuite: await suite(plan.signer), pskIndex: emptyPskIndex },
      {
        extraProposals: proposalsOf(library, plan),
        authenticatedData: plan.authenticatedData,
        wireAsPublicMessage: true,
        ratchetTreeExtension: true,
        forcePath: true,
      },
    ),
  )
  const sent = encode(made.commit)
  const welcome = made.welcome && encode({ ...MLS10, wireformat: 'mls_welcome', welcome: made.welcome })
  return { pending: new PendingCommit(made.newState, sent), commit: sent, welcome: welcome ?? null }
}

/** Our own commit has its place in the relay's order: the next epoch, reading on in the last one from where `current` stands. */
export function adopt(current: GroupState, pending: PendingCommit): { readonly state: GroupState; readonly spent: Spent } {
  const now = insideOf(current)
  const next = pendingOf(pending)
  const epoch = now.groupContext.epoch
  const madeIn = next.historicalReceiverData.get(epoch)
  // The same history, not only the same number: of two commits in one epoch the relay takes one.
  if (madeIn === undefined || !sameEpoch(madeIn.groupContext, now.groupContext)) throw new Forked('a commit made in another epoch')
  const historicalReceiverData = new Map(next.historicalReceiverData).set(epoch, { ...madeIn, secretTree: now.secretTree })
  return { state: new GroupState({ ...next, historicalReceiverData }), spent: new Spent([now.keySchedule.initSecret]) }
}

/** Somebody else's commit: parsed, judged by the gate, then processed. Whether it removed us is read from the parsed bytes. */
export async function processCommit(state: GroupState, bytes: Uint8Array, trusted: Trusted): Promise<Processed> {
  const parsed = parseCommit(bytes)
  await trusted.judgeCommit(parsed)
  const library = opened(state, trusted)
  const { epoch, groupId } = library.groupContext
  if (BigInt(parsed.epoch) !== epoch || !equal(parsed.groupId, groupId)) throw new Forked('a commit of another group or epoch')
  const result = await guarded(async () => processPublicMessage(library, publicMessage(bytes), emptyPskIndex, await suite(null), onlyOurs))
  if (result.actionTaken === 'reject') throw new Untrusted('commit of a shape that is not ours')
  const removed = removes(parsed, library.privatePath.leafIndex)
  if (removed !== (result.newState.groupActiveState.kind === 'removedFromGroup')) throw new Untrusted('removal read two ways')
  return removed ? { removed } : { removed, state: held(result.newState), spent: new Spent(result.consumed) }
}

/** Enters a group by Welcome. The caller compares `confirmedTranscriptHash` in `view` with the commit that added it. */
export async function join({ welcome, keyPackage, privatePart, trusted }: Joining): Promise<GroupState> {
  const message = decode(welcome)
  if (message.wireformat !== 'mls_welcome') throw new Malformed('not a welcome')
  if (message.welcome.cipherSuite !== SUITE_NAME) throw new Untrusted('another cipher suite')
  const keys = { initPrivateKey: privatePart.slice(0, 32), hpkePrivateKey: privatePart.slice(32, 64), signaturePrivateKey: NO_KEY }
  const added = keyPackageOf(keyPackage)
  const [joined, extensions] = await guarded(async () =>
    joinGroupWithExtensions(message.welcome, added, keys, emptyPskIndex, await suite(null), undefined, undefined, configured(trusted)),
  )
  if (extensions.some(({ extensionType }) => extensionType === 'external_pub')) throw new Untrusted('group open to external commits')
  if (joined.groupContext.cipherSuite !== SUITE_NAME) throw new Untrusted('another cipher suite')
  return held(joined)
}

/** MLSMessage(PrivateMessage), padded to 256-byte steps, with empty authenticated data. Save the new state before sending. */
export async function encrypt(state: GroupState, { plaintext, signer }: { plaintext: Uint8Array; signer: Signer }): Promise<Encrypted> {
  const library = opened(state, REFUSE_EVERYBODY, paddedLength(plaintext.length))
  const made = await createApplicationMessage(library, plaintext, await suite(signer))
  const message = encode({ ...MLS10, wireformat: 'mls_private_message', privateMessage: made.privateMessage })
  return { state: held(made.newState), message, spent: new Spent(made.consumed) }
}

/** Opens a message of this epoch or the one before. One's own messages cannot be opened: their keys are gone. */
export async function decrypt(state: GroupState, bytes: Uint8Array): Promise<Decrypted> {
  const header = parseApplicationHeader(bytes)
  const inside = insideOf(state)
  const message = decode(bytes)
  if (message.wireformat !== 'mls_private_message') throw new Malformed('not a private message')
  if (!equal(header.groupId, inside.groupContext.groupId)) throw new Forked('of another group')
  if (header.authenticatedData.length !== 0) throw new Untrusted('authenticated data in an application message')
  const epoch = BigInt(header.epoch)
  const isCurrent = epoch === inside.groupContext.epoch
  const keys = isCurrent ? { ...inside, senderDataSecret: inside.keySchedule.senderDataSecret } : inside.historicalReceiverData.get(epoch)
  if (keys === undefined) throw new Forked('of an epoch whose keys are gone')
  const { senderDataSecret, secretTree, ratchetTree, groupContext } = keys
  const opening = await guarded(async () =>
    unprotectPrivateMessage(senderDataSecret, message.privateMessage, secretTree, ratchetTree, groupContext, KEYS_KEPT, await suite(null)),
  )
  const { content } = opening.content
  if (content.contentType !== 'application' || content.sender.senderType !== 'member') throw new Untrusted('not an application message')
  const next = isCurrent ? { ...inside, secretTree: opening.tree } : withOldTree(inside, epoch, opening.tree)
  const read = { senderLeaf: content.sender.leafIndex, plaintext: content.applicationData, epoch: header.epoch }
  return { ...read, state: new GroupState(next), spent: new Spent(opening.consumed) }
}

/** Seals to the encryption key of a leaf of this epoch (HPKE, empty associated data). */
export async function sealToLeaf(
  state: GroupState,
  { leaf, info, plaintext }: { readonly leaf: number; readonly info: Uint8Array; readonly plaintext: Uint8Array },
): Promise<Sealed> {
  const node = insideOf(state).ratchetTree[2 * leaf]
  if (node?.nodeType !== 'leaf') throw new Untrusted('nobody in this leaf')
  const { hpke } = await suite(null)
  return hpke.seal(await hpke.importPublicKey(node.leaf.hpkePublicKey), plaintext, info)
}

/** What was sealed to our own leaf of this epoch under this info; `Untrusted` where it was not. */
export async function openAtOwnLeaf(state: GroupState, { enc, ct, info }: Sealed & { readonly info: Uint8Array }): Promise<Uint8Array> {
  const { privatePath } = insideOf(state)
  const own = privatePath.privateKeys[2 * privatePath.leafIndex]
  if (own === undefined) throw new Malformed('a state without its own key')
  return guarded(async () => {
    const { hpke } = await suite(null)
    return hpke.open(await hpke.importPrivateKey(own), enc, ct, info)
  })
}

/** Who is in the tree, by leaf. */
export function roster(state: GroupState): RosterEntry[] {
  return insideOf(state).ratchetTree.flatMap((node, index) => {
    if (node?.nodeType !== 'leaf' || node.leaf.credential.credentialType !== 'basic') return []
    const { identity } = node.leaf.credential
    return [{ leaf: index / 2, identity, signatureKey: node.leaf.signaturePublicKey, leafNodeBytes: encodeLeafNode(node.leaf) }]
  })
}

/** Every encryption key in the tree, of leaves and parents: the gate refuses a commit that brings one of them again. */
export function encryptionKeys(state: GroupState): Uint8Array[] {
  return insideOf(state).ratchetTree.flatMap((node) => {
    if (node === undefined) return []
    return [node.nodeType === 'leaf' ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey]
  })
}

/** 32 bytes, equal for all members of this epoch and for nobody else (RFC 9420, 8.7). */
export function epochAuthenticator(state: GroupState): Uint8Array {
  return insideOf(state).keySchedule.epochAuthenticator.slice()
}

export async function groupContext(state: GroupState): Promise<GroupView> {
  const { groupContext: context, confirmationTag, privatePath } = insideOf(state)
  const { hash } = await suite(null)
  const extensions = context.extensions.map(({ extensionType, extensionData }) => ({
    type: extensionTypeToNumber(extensionType),
    content: extensionData,
  }))
  return {
    groupId: context.groupId,
    epoch: Number(context.epoch),
    ownLeaf: privatePath.leafIndex,
    treeHash: context.treeHash,
    confirmedTranscriptHash: context.confirmedTranscriptHash,
    interimTranscriptHash: await createInterimHash(context.confirmedTranscriptHash, confirmationTag, hash),
    terms: extensions.find(({ type }) => type === TERMS_EXTENSION)?.content ?? missingTerms(),
    extensions,
  }
}

/** The state as bytes, secrets included and the signing key not: seal them before they rest. */
export function encodeState(state: GroupState): Uint8Array {
  return encodeInside(insideOf(state))
}

/** Refuses with `Malformed` what `encodeState` did not write. */
export function decodeState(bytes: Uint8Array): GroupState {
  return new GroupState(decodeInside(bytes))
}

/** A crash between sending a commit and its place in the order must not lose the path secrets: save it with the outbox. */
export function encodePending(pending: PendingCommit): Uint8Array {
  return concat(uint(pending.commit.length, 4), pending.commit, encodeInside(pendingOf(pending)))
}

export function decodePending(bytes: Uint8Array): PendingCommit {
  const reader = new Reader(bytes)
  const sent = reader.take(reader.uint(4)).slice()
  return new PendingCommit(decodeInside(bytes.subarray(reader.position)), sent)
}

/** Overwrites secrets that are used up, as far as a browser's memory lets anyone overwrite. */
export function wipe(spent: Spent): void {
  for (const secret of spentOf(spent)) secret.fill(0)
}

/** Newest 10 skipped generations stay; 6,000 steps let a phone drain what came while it slept; one old epoch is readable. */
const KEYS_KEPT = { retainKeysForGenerations: 10, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 6000 }

/** Every value given, none taken from the library's defaults, which accept every credential. */
function configured(judge: IdentityJudge, padUntilLength = 0): ClientState['clientConfig'] {
  return {
    keyRetentionConfig: KEYS_KEPT,
    // Judged at `committed_at` by our gate; by the receiver's clock a slept phone could not replay an old Add.
    lifetimeConfig: { maximumTotalLifetime: 0n, validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: {
      compareKeyPackages: (a, b) => equal(a.leafNode.signaturePublicKey, b.leafNode.signaturePublicKey),
      compareKeyPackageToLeafNode: (a, b) => equal(a.leafNode.signaturePublicKey, b.signaturePublicKey),
    },
    paddingConfig: { kind: 'padUntilLength', padUntilLength },
    authService: {
      validateCredential: async (credential, signatureKey) =>
        credential.credentialType === 'basic' && (await judge.judgeIdentity(credential.identity, signatureKey)) === true,
    },
  }
}

/** The second lock behind the gate: what the closed list never holds is refused by the library's own callback. */
function onlyOurs(incoming: Parameters<LibraryCallback>[0]): 'accept' | 'reject' {
  if (incoming.kind !== 'commit' || incoming.senderLeafIndex === undefined) return 'reject'
  return incoming.proposals.every(({ proposal }) => OUR_PROPOSALS.has(proposal.proposalType)) ? 'accept' : 'reject'
}

type LibraryCallback = NonNullable<Parameters<typeof processPublicMessage>[4]>
const OUR_PROPOSALS: ReadonlySet<string | number> = new Set(['add', 'remove', 'group_context_extensions'])

function removes(commit: ParsedCommit, leaf: number): boolean {
  return commit.proposals.some((proposal) => proposal.kind === 'remove' && proposal.leaf === leaf)
}

function proposalsOf(library: ClientState, { adds = [], removes: removed = [], terms }: CommitPlan): Proposal[] {
  const changed: Proposal[] = terms
    ? [{ proposalType: 'group_context_extensions', groupContextExtensions: { extensions: withTerms(library, terms) } }]
    : []
  return [
    ...removed.map((leaf): Proposal => ({ proposalType: 'remove', remove: { removed: leaf } })),
    ...adds.map((bytes): Proposal => ({ proposalType: 'add', add: { keyPackage: keyPackageOf(bytes) } })),
    ...changed,
  ]
}

function withTerms({ groupContext: { extensions } }: ClientState, terms: Uint8Array): Extension[] {
  return extensions.map((extension) => (extension.extensionType === TERMS_EXTENSION ? { ...extension, extensionData: terms } : extension))
}

function missingTerms(): never {
  throw new Untrusted('a group without terms')
}

function sameEpoch(a: LibraryState['groupContext'], b: LibraryState['groupContext']): boolean {
  return a.epoch === b.epoch && equal(a.groupId, b.groupId) && equal(a.confirmedTranscriptHash, b.confirmedTranscriptHash)
}

function withOldTree(inside: Inside, epoch: bigint, secretTree: LibraryState['secretTree']): Inside {
  const old = inside.historicalReceiverData.get(epoch)
  if (old === undefined) return inside
  return { ...inside, historicalReceiverData: new Map(inside.historicalReceiverData).set(epoch, { ...old, secretTree }) }
}

interface Making {
  readonly identity: Uint8Array
  readonly signer: Signer
  readonly lifetime: { notBefore: bigint; notAfter: bigint }
  readonly lastResort: boolean
}

async function makeKeyPackage(making: Making): Promise<{ publicPackage: KeyPackage; privatePackage: PrivateKeyPackage }> {
  const { identity, signer, lifetime, lastResort } = making
  const marks = lastResort ? [LAST_RESORT_EXTENSION] : []
  const capabilities: Capabilities = {
    versions: ['mls10'],
    ciphersuites: [SUITE_NAME],
    extensions: [TERMS_EXTENSION, ...marks],
    proposals: [],
    credentials: ['basic'],
  }
  const extensions = marks.map((extensionType) => ({ extensionType, extensionData: new Uint8Array() }))
  const keys = { signKey: NO_KEY, publicKey: signer.publicKey }
  const credential = { credentialType: 'basic', identity } as const
  return generateKeyPackageWithKey(credential, capabilities, lifetime, extensions, keys, await suite(signer))
}

function opened(state: GroupState, judge: IdentityJudge, padUntilLength = 0): ClientState {
  return { ...insideOf(state), signaturePrivateKey: NO_KEY, clientConfig: configured(judge, padUntilLength) }
}

function held(library: ClientState): GroupState {
  const { clientConfig: _config, signaturePrivateKey: _key, ...inside } = library
  return new GroupState(inside)
}

function encodeInside(inside: Inside): Uint8Array {
  return concat(uint(STATE_FORMAT, 1), encodeGroupState({ ...inside, signaturePrivateKey: NO_KEY }))
}

function decodeInside(bytes: Uint8Array): Inside {
  if (bytes[0] !== STATE_FORMAT) throw new Malformed('format of a saved state')
  // A copy: the library keeps views on what it reads, and `wipe` must reach them.
  const copy = bytes.slice(1)
  const read = strictly(() => decodeGroupState(copy, 0))
  if (read?.[1] !== copy.length) throw new Malformed('saved state')
  const { signaturePrivateKey: _key, ...inside } = read[0]
  return inside
}

function encode(message: MLSMessage): Uint8Array {
  return encodeMlsMessage(message)
}

/** The library reads more than one encoding; only the one that it would write is taken. */
function decode(bytes: Uint8Array): MLSMessage {
  const copy = bytes.slice()
  const read = strictly(() => decodeMlsMessage(copy, 0))
  if (read === undefined || !equal(encode(read[0]), bytes)) throw new Malformed('message')
  return read[0]
}

function keyPackageOf(bytes: Uint8Array): KeyPackage {
  parseKeyPackage(bytes)
  const message = decode(bytes)
  if (message.wireformat !== 'mls_key_package') throw new Malformed('not a key package')
  return message.keyPackage
}

function publicMessage(bytes: Uint8Array): PublicMessage {
  const message = decode(bytes)
  if (message.wireformat !== 'mls_public_message') throw new Malformed('not a public message')
  return message.publicMessage
}

function strictly<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Malformed('encoding', { cause })
  }
}

/** Whatever the library or an engine throws at bytes from outside means that they failed a proof. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof Untrusted ? cause : new Untrusted('refused by MLS', { cause })
  }
}
