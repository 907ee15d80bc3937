/** message-protection: what is written opens, and what the vectors wrote opens too. */

import { decodeCommit, encodeCommit } from 'ts-mls/commit.js'
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import type { FramedContent } from 'ts-mls/framedContent.js'
import { createContentCommitSignature, type FramedContentAuthData } from 'ts-mls/framedContent.js'
import type { GroupContext } from 'ts-mls/groupContext.js'
import { decodeMlsMessage, type MLSMessage } from 'ts-mls/message.js'
import { protectApplicationData, unprotectPrivateMessage } from 'ts-mls/messageProtection.js'
import { protectProposalPublic, protectPublicMessage, unprotectPublicMessage } from 'ts-mls/messageProtectionPublic.js'
import { decodeProposal, encodeProposal } from 'ts-mls/proposal.js'
import { createSecretTree } from 'ts-mls/secretTree.js'
import { expect } from 'vitest'
import { hex, unhex } from './member.ts'

const KEYS_KEPT = { retainKeysForGenerations: 10, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 6000 }
const NO_PADDING = { kind: 'padUntilLength', padUntilLength: 0 } as const
const EMPTY = new Uint8Array()

export async function messageProtection(one: Record<string, string> & { epoch: number }, cs: CiphersuiteImpl): Promise<void> {
  const field = (name: string): Uint8Array => unhex(one[name] ?? '')
  const context: GroupContext = {
    version: 'mls10',
    cipherSuite: cs.name,
    groupId: field('group_id'),
    epoch: BigInt(one.epoch),
    treeHash: field('tree_hash'),
    confirmedTranscriptHash: field('confirmed_transcript_hash'),
    extensions: [],
  }
  const open = opener(one, context, cs)
  expect(inner(await open(message(field('proposal_pub'))))).toBe(one.proposal)
  expect(inner(await open(message(field('proposal_priv'))))).toBe(one.proposal)
  expect(inner(await open(message(field('commit_pub'))))).toBe(one.commit)
  expect(inner(await open(message(field('commit_priv'))))).toBe(one.commit)
  expect(inner(await open(message(field('application_priv'))))).toBe(one.application)
  await written(one, { context, cs, open })
}

type Open = (message: MLSMessage) => Promise<FramedContent>

async function written(
  one: Record<string, string>,
  { context, cs, open }: { context: GroupContext; cs: CiphersuiteImpl; open: Open },
): Promise<void> {
  const field = (name: string): Uint8Array => unhex(one[name] ?? '')
  const proposal = decodeProposal(field('proposal'), 0)?.[0]
  const commit = decodeCommit(field('commit'), 0)?.[0]
  if (proposal === undefined || commit === undefined) throw new Error('vector')
  const membershipKey = field('membership_key')
  const publicProposal = await protectProposalPublic(field('signature_priv'), membershipKey, context, EMPTY, proposal, 1, cs)
  expect(inner(await open({ version: 'mls10', wireformat: 'mls_public_message', ...publicProposal }))).toBe(one.proposal)
  const sender = { senderType: 'member', leafIndex: 1 } as const
  const signed = await createContentCommitSignature(
    context,
    'mls_public_message',
    commit,
    sender,
    EMPTY,
    field('signature_priv'),
    cs.signature,
  )
  const auth: FramedContentAuthData = {
    contentType: 'commit',
    signature: signed.signature,
    confirmationTag: cs.rng.randomBytes(cs.kdf.size),
  }
  const authenticated = { wireformat: 'mls_public_message', content: signed.framedContent, auth } as const
  const publicMessage = await protectPublicMessage(membershipKey, context, authenticated, cs)
  expect(inner(await open({ version: 'mls10', wireformat: 'mls_public_message', publicMessage }))).toBe(one.commit)
  const tree = await createSecretTree(2, field('encryption_secret'), cs.kdf)
  const [key, secret, application] = [field('signature_priv'), field('sender_data_secret'), field('application')]
  const { privateMessage } = await protectApplicationData(key, secret, application, EMPTY, context, tree, 1, NO_PADDING, cs)
  expect(inner(await open({ version: 'mls10', wireformat: 'mls_private_message', privateMessage }))).toBe(one.application)
}

function opener(one: Record<string, string>, context: GroupContext, cs: CiphersuiteImpl): Open {
  const field = (name: string): Uint8Array => unhex(one[name] ?? '')
  const signatureKey = field('signature_pub')
  return async (read) => {
    if (read.wireformat === 'mls_public_message') {
      return (await unprotectPublicMessage(field('membership_key'), context, [], read.publicMessage, cs, signatureKey)).content
    }
    if (read.wireformat !== 'mls_private_message') throw new Error(read.wireformat)
    const tree = await createSecretTree(2, field('encryption_secret'), cs.kdf)
    const secret = field('sender_data_secret')
    return (await unprotectPrivateMessage(secret, read.privateMessage, tree, [], context, KEYS_KEPT, cs, signatureKey)).content.content
  }
}

function message(bytes: Uint8Array): MLSMessage {
  const read = decodeMlsMessage(bytes, 0)?.[0]
  if (read === undefined) throw new Error('undecodable')
  return read
}

function inner(content: FramedContent): string {
  switch (content.contentType) {
    case 'application':
      return hex(content.applicationData)
    case 'proposal':
      return hex(encodeProposal(content.proposal))
    case 'commit':
      return hex(encodeCommit(content.commit))
  }
}
