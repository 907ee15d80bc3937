/** What the library alone can do with a member, for making what library.ts never makes. */

import { type ClientState, decodeGroupState } from 'ts-mls/clientState.js'
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import * as mls from '../../src/keys/mls/library.ts'
import { findPrimitives, suiteOf } from '../../src/keys/mls/suite.ts'
import type { Member } from './member.ts'

/** Everybody is let in here, and only here. */
export async function bare(member: Member): Promise<{ state: ClientState; cs: CiphersuiteImpl }> {
  const read = decodeGroupState(mls.encodeState(member.now).slice(1), 0)
  if (read === undefined) throw new Error('state')
  const clientConfig: ClientState['clientConfig'] = {
    keyRetentionConfig: { retainKeysForGenerations: 10, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 10 },
    lifetimeConfig: { maximumTotalLifetime: 0n, validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: { compareKeyPackages: () => false, compareKeyPackageToLeafNode: () => false },
    paddingConfig: { kind: 'padUntilLength', padUntilLength: 0 },
    authService: { validateCredential: async () => true },
  }
  return { state: { ...read[0], clientConfig }, cs: suiteOf(await findPrimitives(), member.signer) as unknown as CiphersuiteImpl }
}
