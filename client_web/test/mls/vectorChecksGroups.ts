/** welcome and passive-client: entering a group and following it. */

import { type ClientState, joinGroup, makePskIndex } from 'ts-mls/clientState.js'
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js'
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js'
import { decodeMlsMessage, type MLSMessage } from 'ts-mls/message.js'
import { processMessage } from 'ts-mls/processMessages.js'
import { decodeRatchetTree } from 'ts-mls/ratchetTree.js'
import { bytesToBase64 } from 'ts-mls/util/byteArray.js'
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js'
import { expect } from 'vitest'
import { hex, unhex } from './member.ts'

function message(value: string | undefined): MLSMessage {
  const read = decodeMlsMessage(unhex(value ?? ''), 0)?.[0]
  if (read === undefined) throw new Error('undecodable')
  return read
}

export async function welcome(one: Record<string, string>, cs: CiphersuiteImpl): Promise<void> {
  const [read, added] = [message(one.welcome), message(one.key_package)]
  if (read.wireformat !== 'mls_welcome' || added.wireformat !== 'mls_key_package') throw new Error('vector')
  const key = await cs.hpke.importPrivateKey(unhex(one.init_priv ?? ''))
  const secrets = await decryptGroupSecrets(key, await makeKeyPackageRef(added.keyPackage, cs.hash), read.welcome, cs.hpke)
  if (secrets === undefined) throw new Error('secrets')
  const noPsk = new Uint8Array(cs.kdf.size)
  const info = await decryptGroupInfo(read.welcome, secrets.joinerSecret, noPsk, cs)
  if (info === undefined) throw new Error('group info')
  expect(await verifyGroupInfoSignature(info, unhex(one.signer_pub ?? ''), cs.signature)).toBe(true)
  expect(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, cs)).toBe(true)
}

interface Passive {
  readonly external_psks: readonly { readonly psk_id: string; readonly psk: string }[]
  readonly key_package: string
  readonly signature_priv: string
  readonly encryption_priv: string
  readonly init_priv: string
  readonly welcome: string
  readonly ratchet_tree: string | null
  readonly initial_epoch_authenticator: string
  readonly epochs: readonly { readonly proposals: readonly string[]; readonly commit: string; readonly epoch_authenticator: string }[]
}

/** Vectors have no credentials of ours: everybody is let in here, and only here. */
const EVERYBODY: ClientState['clientConfig'] = {
  keyRetentionConfig: { retainKeysForGenerations: 10, retainKeysForEpochs: 4, maximumForwardRatchetSteps: 6000 },
  lifetimeConfig: { maximumTotalLifetime: 0n, validateLifetimeOnReceive: false },
  keyPackageEqualityConfig: { compareKeyPackages: () => false, compareKeyPackageToLeafNode: () => false },
  paddingConfig: { kind: 'padUntilLength', padUntilLength: 0 },
  authService: { validateCredential: async () => true },
}

export async function passiveClient(one: Passive, cs: CiphersuiteImpl, where: string): Promise<void> {
  const psks = Object.fromEntries(one.external_psks.map(({ psk_id, psk }) => [bytesToBase64(unhex(psk_id)), unhex(psk)]))
  let state = await joined(one, psks, cs)
  expect(hex(state.keySchedule.epochAuthenticator), where).toBe(one.initial_epoch_authenticator)
  for (const [number, epoch] of one.epochs.entries()) {
    for (const each of [...epoch.proposals, epoch.commit]) {
      const read = message(each)
      if (read.wireformat !== 'mls_public_message' && read.wireformat !== 'mls_private_message') throw new Error(read.wireformat)
      state = (await processMessage(read, state, makePskIndex(state, psks), () => 'accept', cs)).newState
    }
    expect(hex(state.keySchedule.epochAuthenticator), `${where} epoch ${number}`).toBe(epoch.epoch_authenticator)
  }
}

async function joined(one: Passive, psks: Record<string, Uint8Array>, cs: CiphersuiteImpl): Promise<ClientState> {
  const [read, added] = [message(one.welcome), message(one.key_package)]
  if (read.wireformat !== 'mls_welcome' || added.wireformat !== 'mls_key_package') throw new Error('vector')
  const tree = one.ratchet_tree === null ? undefined : decodeRatchetTree(unhex(one.ratchet_tree), 0)?.[0]
  const keys = {
    initPrivateKey: unhex(one.init_priv),
    hpkePrivateKey: unhex(one.encryption_priv),
    signaturePrivateKey: unhex(one.signature_priv),
  }
  return joinGroup(read.welcome, added.keyPackage, keys, makePskIndex(undefined, psks), cs, tree, undefined, EVERYBODY)
}
