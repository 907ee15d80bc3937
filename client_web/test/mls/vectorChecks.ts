/** How each official file without a group in motion is checked (mls-implementations, test-vectors.md). Throws where a value differs. */

import { decodeAuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import type { Decoder } from 'ts-mls/codec/tlsDecoder.js'
import { determineLength } from 'ts-mls/codec/variableLength.js'
import { decodeCommit, encodeCommit } from 'ts-mls/commit.js'
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import { refhash } from 'ts-mls/crypto/hash.js'
import { decryptWithLabel, encryptWithLabel } from 'ts-mls/crypto/hpke.js'
import { deriveSecret, deriveTreeSecret, expandWithLabel } from 'ts-mls/crypto/kdf.js'
import { signWithLabel, verifyWithLabel } from 'ts-mls/crypto/signature.js'
import { verifyConfirmationTag } from 'ts-mls/framedContent.js'
import { encodeGroupContext, type GroupContext } from 'ts-mls/groupContext.js'
import { decodeGroupSecrets, encodeGroupSecrets } from 'ts-mls/groupSecrets.js'
import { initializeEpoch, mlsExporter } from 'ts-mls/keySchedule.js'
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js'
import { computePskSecret, type PreSharedKeyID } from 'ts-mls/presharedkey.js'
import * as proposals from 'ts-mls/proposal.js'
import { decodeRatchetTree, encodeRatchetTree } from 'ts-mls/ratchetTree.js'
import { createSecretTree, ratchetToGeneration } from 'ts-mls/secretTree.js'
import { expandSenderDataKey, expandSenderDataNonce, type ReuseGuard } from 'ts-mls/sender.js'
import { createConfirmedHash, createInterimHash } from 'ts-mls/transcriptHash.js'
import * as treemath from 'ts-mls/treemath.js'
import { expect } from 'vitest'
import { hex, unhex } from './member.ts'
import { passiveClient, welcome } from './vectorChecksGroups.ts'
import { messageProtection } from './vectorChecksMessages.ts'
import { treekem, treeOperations, treeValidation } from './vectorChecksTrees.ts'

type Values = Record<string, string> & Record<string, number>
type Check = (one: never, cs: CiphersuiteImpl, where: string) => Promise<void> | void

async function cryptoBasics(one: Record<string, Values>, cs: CiphersuiteImpl): Promise<void> {
  const part = (name: string): Values => one[name] ?? ({} as Values)
  const bytes = (name: string, field: string): Uint8Array => unhex(part(name)[field] ?? '')
  const label = (name: string): string => String(part(name).label)
  expect(hex(await refhash(label('ref_hash'), bytes('ref_hash', 'value'), cs.hash))).toBe(part('ref_hash').out)
  const length = part('expand_with_label').length
  const generation = Number(part('derive_tree_secret').generation)
  const expanded = expandWithLabel(
    bytes('expand_with_label', 'secret'),
    label('expand_with_label'),
    bytes('expand_with_label', 'context'),
    Number(length),
    cs.kdf,
  )
  expect(hex(await expanded)).toBe(part('expand_with_label').out)
  expect(hex(await deriveSecret(bytes('derive_secret', 'secret'), label('derive_secret'), cs.kdf))).toBe(part('derive_secret').out)
  const treeSecret = bytes('derive_tree_secret', 'secret')
  const derived = deriveTreeSecret(treeSecret, label('derive_tree_secret'), generation, Number(part('derive_tree_secret').length), cs.kdf)
  expect(hex(await derived)).toBe(part('derive_tree_secret').out)
  const [priv, pub, content, signature] = ['priv', 'pub', 'content', 'signature'].map((field) => bytes('sign_with_label', field)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const signed = await signWithLabel(priv, label('sign_with_label'), content, cs.signature)
  for (const each of [signature, signed]) {
    expect(await verifyWithLabel(pub, label('sign_with_label'), content, each, cs.signature)).toBe(true)
  }
  await encryptedWithLabel(part('encrypt_with_label'), cs)
}

async function encryptedWithLabel(one: Values, cs: CiphersuiteImpl): Promise<void> {
  const field = (name: string): Uint8Array => unhex(String(one[name]))
  const [privateKey, publicKey] = [await cs.hpke.importPrivateKey(field('priv')), await cs.hpke.importPublicKey(field('pub'))]
  const label = String(one.label)
  const opened = await decryptWithLabel(privateKey, label, field('context'), field('kem_output'), field('ciphertext'), cs.hpke)
  expect(hex(opened)).toBe(one.plaintext)
  const { ct, enc } = await encryptWithLabel(publicKey, label, field('context'), field('plaintext'), cs.hpke)
  expect(hex(await decryptWithLabel(privateKey, label, field('context'), enc, ct, cs.hpke))).toBe(one.plaintext)
}

function deserialization(one: { vlbytes_header: string; length: number }): void {
  const header = unhex(one.vlbytes_header)
  expect(determineLength(header)).toEqual({ length: one.length, lengthFieldSize: header.length })
}

interface Epoch extends Record<string, unknown> {
  readonly exporter: { readonly context: string; readonly label: string; readonly length: number; readonly secret: string }
}

async function keySchedule(one: { group_id: string; initial_init_secret: string; epochs: Epoch[] }, cs: CiphersuiteImpl): Promise<void> {
  let initSecret = unhex(one.initial_init_secret)
  for (const [number, epoch] of one.epochs.entries()) {
    const field = (name: string): Uint8Array => unhex(String(epoch[name]))
    const context: GroupContext = {
      version: 'mls10',
      cipherSuite: cs.name,
      groupId: unhex(one.group_id),
      epoch: BigInt(number),
      treeHash: field('tree_hash'),
      confirmedTranscriptHash: field('confirmed_transcript_hash'),
      extensions: [],
    }
    expect(hex(encodeGroupContext(context))).toBe(epoch.group_context)
    const made = await initializeEpoch(initSecret, field('commit_secret'), context, field('psk_secret'), cs.kdf)
    const { keySchedule: keys } = made
    expect(
      [made.joinerSecret, made.welcomeSecret, made.encryptionSecret, keys.initSecret, keys.senderDataSecret, keys.exporterSecret].map(hex),
    ).toEqual(
      ['joiner_secret', 'welcome_secret', 'encryption_secret', 'init_secret', 'sender_data_secret', 'exporter_secret'].map(
        (name) => epoch[name],
      ),
    )
    expect([keys.externalSecret, keys.confirmationKey, keys.membershipKey, keys.resumptionPsk, keys.epochAuthenticator].map(hex)).toEqual(
      ['external_secret', 'confirmation_key', 'membership_key', 'resumption_psk', 'epoch_authenticator'].map((name) => epoch[name]),
    )
    const external = await cs.hpke.deriveKeyPair(keys.externalSecret)
    expect(hex(await cs.hpke.exportPublicKey(external.publicKey))).toBe(epoch.external_pub)
    const { label, context: exporterContext, length, secret } = epoch.exporter
    expect(hex(await mlsExporter(keys.exporterSecret, label, unhex(exporterContext), length, cs))).toBe(secret)
    initSecret = keys.initSecret
  }
}

const again =
  <T>(decode: Decoder<T>, encode: (value: T) => Uint8Array) =>
  (bytes: Uint8Array): string => {
    const read = decode(bytes, 0)
    return read === undefined ? '' : hex(encode(read[0]))
  }

const MESSAGE = again(decodeMlsMessage, encodeMlsMessage)
const ENCODINGS: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  ratchet_tree: again(decodeRatchetTree, encodeRatchetTree),
  group_secrets: again(decodeGroupSecrets, encodeGroupSecrets),
  add_proposal: again(proposals.decodeAdd, proposals.encodeAdd),
  update_proposal: again(proposals.decodeUpdate, proposals.encodeUpdate),
  remove_proposal: again(proposals.decodeRemove, proposals.encodeRemove),
  pre_shared_key_proposal: again(proposals.decodePSK, proposals.encodePSK),
  re_init_proposal: again(proposals.decodeReinit, proposals.encodeReinit),
  external_init_proposal: again(proposals.decodeExternalInit, proposals.encodeExternalInit),
  group_context_extensions_proposal: again(proposals.decodeGroupContextExtensions, proposals.encodeGroupContextExtensions),
  commit: again(decodeCommit, encodeCommit),
}

function messages(one: Record<string, string>, _cs: CiphersuiteImpl, where: string): void {
  for (const [name, value] of Object.entries(one)) {
    expect((ENCODINGS[name] ?? MESSAGE)(unhex(value)), `${where} ${name}`).toBe(value)
  }
}

async function pskSecret(
  one: { psks: { psk_id: string; psk: string; psk_nonce: string }[]; psk_secret: string },
  cs: CiphersuiteImpl,
): Promise<void> {
  const listed = one.psks.map(({ psk_id, psk, psk_nonce }): [PreSharedKeyID, Uint8Array] => [
    { psktype: 'external', pskId: unhex(psk_id), pskNonce: unhex(psk_nonce) },
    unhex(psk),
  ])
  expect(hex(await computePskSecret(listed, cs))).toBe(one.psk_secret)
}

type Generation = { generation: number } & Record<'application_key' | 'application_nonce' | 'handshake_key' | 'handshake_nonce', string>
const KEEP_ALL = { retainKeysForGenerations: 10, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 6000 }

async function secretTree(
  one: { encryption_secret: string; sender_data: Record<string, string>; leaves: Generation[][] },
  cs: CiphersuiteImpl,
): Promise<void> {
  const field = (name: string): Uint8Array => unhex(one.sender_data[name] ?? '')
  expect(hex(await expandSenderDataKey(cs, field('sender_data_secret'), field('ciphertext')))).toBe(one.sender_data.key)
  expect(hex(await expandSenderDataNonce(cs, field('sender_data_secret'), field('ciphertext')))).toBe(one.sender_data.nonce)
  const tree = await createSecretTree(one.leaves.length, unhex(one.encryption_secret), cs.kdf)
  for (const [leafIndex, generations] of one.leaves.entries()) {
    for (const { generation, ...keys } of generations) {
      const sender = { leafIndex, generation, reuseGuard: new Uint8Array(4) as ReuseGuard }
      const application = await ratchetToGeneration(tree, sender, 'application', KEEP_ALL, cs)
      const handshake = await ratchetToGeneration(tree, sender, 'commit', KEEP_ALL, cs)
      expect([application.key, application.nonce].map(hex)).toEqual([keys.application_key, keys.application_nonce])
      expect([handshake.key, handshake.nonce].map(hex)).toEqual([keys.handshake_key, keys.handshake_nonce])
    }
  }
}

async function transcriptHashes(one: Record<string, string>, cs: CiphersuiteImpl): Promise<void> {
  const field = (name: string): Uint8Array => unhex(one[name] ?? '')
  const read = decodeAuthenticatedContent(field('authenticated_content'), 0)?.[0]
  if (read?.content.contentType !== 'commit' || read.auth.contentType !== 'commit') throw new Error('no commit')
  const input = { wireformat: read.wireformat, content: read.content, signature: read.auth.signature }
  const confirmed = await createConfirmedHash(field('interim_transcript_hash_before'), input, cs.hash)
  expect(hex(confirmed)).toBe(one.confirmed_transcript_hash_after)
  expect(hex(await createInterimHash(confirmed, read.auth.confirmationTag, cs.hash))).toBe(one.interim_transcript_hash_after)
  expect(await verifyConfirmationTag(field('confirmation_key'), read.auth.confirmationTag, confirmed, cs.hash)).toBe(true)
}

type Neighbour = readonly (number | null)[]
type TreeMath = {
  n_leaves: number
  n_nodes: number
  root: number
  left: Neighbour
  right: Neighbour
  parent: Neighbour
  sibling: Neighbour
}

function treeMath(one: TreeMath): void {
  expect([treemath.nodeWidth(one.n_leaves), treemath.root(one.n_leaves)]).toEqual([one.n_nodes, one.root])
  const { left, right, parent, sibling, toNodeIndex } = treemath
  const expected = { left, right, parent, sibling }
  for (const name of ['left', 'right', 'parent', 'sibling'] as const) {
    for (const [node, value] of one[name].entries()) {
      const found = (): number => expected[name](toNodeIndex(node), one.n_leaves)
      if (value === null) expect(found).toThrow()
      else expect(found()).toBe(value)
    }
  }
}

/** `everySuite`: the file has cases for each suite; the others do not depend on one. */
export const checks: Readonly<Record<string, { readonly check: Check; readonly everySuite: boolean }>> = {
  'tree-math': { check: treeMath as Check, everySuite: false },
  'crypto-basics': { check: cryptoBasics as Check, everySuite: true },
  deserialization: { check: deserialization as Check, everySuite: false },
  'key-schedule': { check: keySchedule as Check, everySuite: true },
  'message-protection': { check: messageProtection as Check, everySuite: true },
  messages: { check: messages as Check, everySuite: false },
  psk_secret: { check: pskSecret as Check, everySuite: true },
  'secret-tree': { check: secretTree as Check, everySuite: true },
  'transcript-hashes': { check: transcriptHashes as Check, everySuite: true },
  'tree-operations': { check: treeOperations as Check, everySuite: false },
  'tree-validation': { check: treeValidation as Check, everySuite: true },
  treekem: { check: treekem as Check, everySuite: true },
  welcome: { check: welcome as Check, everySuite: true },
  'passive-client-welcome': { check: passiveClient as Check, everySuite: true },
  'passive-client-handling-commit': { check: passiveClient as Check, everySuite: true },
}
