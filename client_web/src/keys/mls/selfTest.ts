/** What a client proves about its MLS library before it opens a group: that it works here, and that our judgement is really asked. */

import { equal } from './bytes.ts'
import * as mls from './library.ts'
import type { Trusted } from './memberTypes.ts'
import { type Signer, signerFromSeed } from './signer.ts'

const IDENTITY = new TextEncoder().encode('self-test')
const TERMS = Uint8Array.of(1)
const WEEK_MS = 7 * 24 * 60 * 60 * 1000
const YES: Trusted = { judgeIdentity: async () => true, judgeCommit: async () => {} }

/** Throws unless a member can be added, talk and be judged. Takes some tens of milliseconds; keeps nothing. */
export async function selfTest(now: number): Promise<void> {
  const creator = freshSigner()
  const newcomer = freshSigner()
  const group = await mls.createGroup({ groupId: Uint8Array.of(0), identity: IDENTITY, signer: creator, terms: TERMS, now })
  const made = await mls.createKeyPackage({ identity: IDENTITY, signer: newcomer, now, notAfter: now + WEEK_MS })
  const plan = { adds: [made.keyPackage], authenticatedData: TERMS, signer: creator }
  await mustRefuse(mls.commit(group, { ...plan, trusted: refusing(newcomer.publicKey) }), 'an Add with a forged credential')
  const { pending, welcome } = await mls.commit(group, { ...plan, trusted: YES })
  if (welcome === null) throw new Error('MLS self-test: no Welcome')
  const joining = { welcome, ...made }
  await mustRefuse(mls.join({ ...joining, trusted: refusing(creator.publicKey) }), 'a group whose creator is forged')
  await conversationWorks(mls.adopt(group, pending).state, { joined: await mls.join({ ...joining, trusted: YES }), signer: creator })
}

async function conversationWorks(creator: mls.GroupState, { joined, signer }: { joined: mls.GroupState; signer: Signer }): Promise<void> {
  if (!equal(mls.epochAuthenticator(creator), mls.epochAuthenticator(joined))) throw new Error('MLS self-test: members disagree')
  const { message } = await mls.encrypt(creator, { plaintext: IDENTITY, signer })
  const { plaintext, senderLeaf } = await mls.decrypt(joined, message)
  if (!equal(plaintext, IDENTITY) || senderLeaf !== 0) throw new Error('MLS self-test: a message changed')
}

function freshSigner(): Signer {
  return signerFromSeed(crypto.getRandomValues(new Uint8Array(32)))
}

function refusing(forged: Uint8Array): Trusted {
  return { ...YES, judgeIdentity: async (_identity, key) => !equal(key, forged) }
}

async function mustRefuse(work: Promise<unknown>, what: string): Promise<void> {
  const accepted = await work.then(
    () => true,
    () => false,
  )
  if (accepted) throw new Error(`MLS self-test: ${what} was accepted`)
}
