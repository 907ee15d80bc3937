/** tree-operations, tree-validation and treekem. */

import { validateRatchetTree } from 'ts-mls/clientState.js'
import { applyUpdatePathSecret } from 'ts-mls/createCommit.js'
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import { deriveSecret } from 'ts-mls/crypto/kdf.js'
import type { GroupContext } from 'ts-mls/groupContext.js'
import { verifyLeafNodeSignature } from 'ts-mls/leafNode.js'
import { verifyParentHashes } from 'ts-mls/parentHash.js'
import { getCommitSecret, pathToPathSecrets, pathToRoot } from 'ts-mls/pathSecrets.js'
import { type PrivateKeyPath, toPrivateKeyPath } from 'ts-mls/privateKeyPath.js'
import { decodeProposal, type Proposal } from 'ts-mls/proposal.js'
import {
  addLeafNode,
  decodeRatchetTree,
  encodeRatchetTree,
  getHpkePublicKey,
  type RatchetTree,
  removeLeafNode,
  resolution,
  updateLeafNode,
} from 'ts-mls/ratchetTree.js'
import { treeHash, treeHashRoot } from 'ts-mls/treeHash.js'
import { leafToNodeIndex, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js'
import { applyUpdatePath, createUpdatePath, decodeUpdatePath, type UpdatePath } from 'ts-mls/updatePath.js'
import { expect } from 'vitest'
import { hex, unhex } from './member.ts'

function treeOf(value: string): RatchetTree {
  const read = decodeRatchetTree(unhex(value), 0)
  if (read === undefined) throw new Error('tree')
  return read[0]
}

export async function treeOperations(one: Record<string, string> & { proposal_sender: number }, cs: CiphersuiteImpl): Promise<void> {
  const before = treeOf(one.tree_before ?? '')
  expect(hex(await treeHashRoot(before, cs.hash))).toBe(one.tree_hash_before)
  const proposal = decodeProposal(unhex(one.proposal ?? ''), 0)?.[0]
  const after = changed(before, proposal, one.proposal_sender)
  expect(hex(encodeRatchetTree(after))).toBe(one.tree_after)
  expect(hex(await treeHashRoot(after, cs.hash))).toBe(one.tree_hash_after)
}

function changed(tree: RatchetTree, proposal: Proposal | undefined, sender: number): RatchetTree {
  switch (proposal?.proposalType) {
    case 'add':
      return addLeafNode(tree, proposal.add.keyPackage.leafNode)[0]
    case 'update':
      return updateLeafNode(tree, proposal.update.leafNode, toLeafIndex(sender))
    case 'remove':
      return removeLeafNode(tree, toLeafIndex(proposal.remove.removed))
    default:
      throw new Error('proposal')
  }
}

type Validation = { tree: string; group_id: string; tree_hashes: string[]; resolutions: number[][] }

export async function treeValidation(one: Validation, cs: CiphersuiteImpl, where: string): Promise<void> {
  const tree = treeOf(one.tree)
  for (const [index, expected] of one.resolutions.entries()) {
    expect(resolution(tree, toNodeIndex(index)), `${where} node ${index}`).toEqual(expected)
    expect(hex(await treeHash(tree, toNodeIndex(index), cs.hash))).toBe(one.tree_hashes[index])
  }
  expect(await verifyParentHashes(tree, cs.hash), where).toBe(true)
  const groupId = unhex(one.group_id)
  for (const [index, node] of tree.entries()) {
    if (node?.nodeType === 'leaf') expect(await verifyLeafNodeSignature(node.leaf, groupId, index / 2, cs.signature)).toBe(true)
  }
  const hash = await treeHashRoot(tree, cs.hash)
  const lifetimes = { maximumTotalLifetime: 0n, validateLifetimeOnReceive: false }
  const everybody = { validateCredential: async () => true }
  expect(
    await validateRatchetTree(tree, contextOf({ groupId, epoch: 0, confirmed: '' }, cs), lifetimes, everybody, hash, cs),
    where,
  ).toBeUndefined()
}

function contextOf(
  { groupId, epoch, confirmed }: { groupId: Uint8Array; epoch: number; confirmed: string },
  cs: CiphersuiteImpl,
): GroupContext {
  const hashes = { treeHash: new Uint8Array(), confirmedTranscriptHash: unhex(confirmed) }
  return { version: 'mls10', cipherSuite: cs.name, groupId, epoch: BigInt(epoch), ...hashes, extensions: [] }
}

interface LeafPrivate {
  readonly index: number
  readonly encryption_priv: string
  readonly signature_priv: string
  readonly path_secrets: readonly { readonly node: number; readonly path_secret: string }[]
}

interface UpdatePathCase {
  readonly sender: number
  readonly update_path: string
  readonly path_secrets: readonly (string | null)[]
  readonly commit_secret: string
  readonly tree_hash_after: string
}

interface TreeKem {
  readonly group_id: string
  readonly epoch: number
  readonly confirmed_transcript_hash: string
  readonly ratchet_tree: string
  readonly leaves_private: readonly LeafPrivate[]
  readonly update_paths: readonly UpdatePathCase[]
}

export async function treekem(one: TreeKem, cs: CiphersuiteImpl, where: string): Promise<void> {
  const tree = treeOf(one.ratchet_tree)
  const known = { groupId: unhex(one.group_id), epoch: one.epoch, confirmed: one.confirmed_transcript_hash }
  const context = contextOf(known, cs)
  const paths = new Map<number, PrivateKeyPath>()
  for (const leaf of one.leaves_private) paths.set(leaf.index, await privatePath(tree, leaf, cs))
  for (const update of one.update_paths) {
    const path = decodeUpdatePath(unhex(update.update_path), 0)?.[0]
    if (path === undefined) throw new Error(where)
    const after = await applyUpdatePath(tree, toLeafIndex(update.sender), path, cs.hash)
    expect(hex(await treeHashRoot(after, cs.hash))).toBe(update.tree_hash_after)
    const provisional = { ...context, treeHash: await treeHashRoot(after, cs.hash) }
    await followed({ tree: after, path, sender: update.sender, paths, context: provisional, cs }, (leaf, secret, commitSecret) => {
      expect([hex(secret), hex(commitSecret)], `${where} leaf ${leaf}`).toEqual([update.path_secrets[leaf], update.commit_secret])
    })
    await newPath(one, { tree, sender: update.sender, paths, context, cs })
  }
}

async function privatePath(tree: RatchetTree, leaf: LeafPrivate, cs: CiphersuiteImpl): Promise<PrivateKeyPath> {
  const secrets = Object.fromEntries(leaf.path_secrets.map(({ node, path_secret }) => [node, unhex(path_secret)]))
  for (const { node, path_secret } of leaf.path_secrets) {
    const pair = await cs.hpke.deriveKeyPair(await deriveSecret(unhex(path_secret), 'node', cs.kdf))
    const inTree = tree[node]
    if (inTree === undefined) throw new Error('blank node')
    expect(hex(await cs.hpke.exportPublicKey(pair.publicKey))).toBe(hex(getHpkePublicKey(inTree)))
  }
  const derived = await toPrivateKeyPath(secrets, leaf.index, cs)
  return { ...derived, privateKeys: { ...derived.privateKeys, [leafToNodeIndex(toLeafIndex(leaf.index))]: unhex(leaf.encryption_priv) } }
}

interface Following {
  readonly tree: RatchetTree
  readonly path: UpdatePath
  readonly sender: number
  readonly paths: ReadonlyMap<number, PrivateKeyPath>
  readonly context: GroupContext
  readonly cs: CiphersuiteImpl
}

async function followed(following: Following, see: (leaf: number, secret: Uint8Array, commitSecret: Uint8Array) => void): Promise<void> {
  const { tree, path, sender, paths, context, cs } = following
  for (const [leaf, own] of paths) {
    if (leaf === sender) continue
    const { nodeIndex, pathSecret } = await applyUpdatePathSecret(tree, own, toLeafIndex(sender), context, path, [], cs)
    const secrets = await pathToRoot(tree, toNodeIndex(nodeIndex), pathSecret, cs.kdf)
    expect(secrets[nodeIndex]).toEqual(pathSecret)
    see(leaf, pathSecret, await getCommitSecret(tree, toNodeIndex(nodeIndex), pathSecret, cs.kdf))
  }
}

/** Makes a new path from the same sender and lets everybody follow it. */
async function newPath(one: TreeKem, { tree, sender, paths, context, cs }: Omit<Following, 'path'>): Promise<void> {
  const key = unhex(one.leaves_private.find(({ index }) => index === sender)?.signature_priv ?? '')
  const before = { ...context, epoch: context.epoch - 1n }
  const [after, path, secrets] = await createUpdatePath(tree, toLeafIndex(sender), before, key, cs)
  const last = secrets.at(-1)
  if (last === undefined) throw new Error('no path')
  const commitSecret = await getCommitSecret(after, toNodeIndex(last.nodeIndex), last.secret, cs.kdf)
  const byNode = pathToPathSecrets(secrets)
  expect(Object.keys(byNode).length).toBe(path.nodes.length)
  const provisional = { ...context, treeHash: await treeHashRoot(after, cs.hash) }
  await followed({ tree: after, path, sender, paths, context: provisional, cs }, (_leaf, _secret, theirs) =>
    expect(theirs).toEqual(commitSecret),
  )
}
