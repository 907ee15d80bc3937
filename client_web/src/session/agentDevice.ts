/** An agent's device: its credential, and the key packages it is added with. */
import type { DeviceView } from '../core/views.ts'
import type { Credential } from '../keys/credential.ts'
import type { Signer } from '../keys/ed25519.ts'
import { createKeyPackage } from '../keys/mls/library.ts'
import { judgeCredential, type TrustState } from '../keys/trustChain.ts'
import { deviceWords } from '../keys/words.ts'
import type { DeviceChanged } from '../wire/generated/frames.ts'
import { LAST_RESORT_LIFE_MS } from '../wire/generated/limits.ts'
import { requestCode } from './deviceRequest.ts'
import type { KeyPackageRecord } from './records.ts'

const PACKAGE_LIFE_MS = 30 * 24 * 3600 * 1000

/** How this device stands, with the credential where it has one that we believe ourselves. */
export interface DeviceStanding {
  readonly view: DeviceView
  readonly credential: Credential | null
  /** The envelope that goes into our leaves. */
  readonly identity: Uint8Array | null
}

export const NO_DEVICE: DeviceStanding = { view: { state: 'unknown', asking: false }, credential: null, identity: null }

/** The label the officer reads; the words in it help to tell browsers of one person apart. */
export const deviceLabel = async (device: Uint8Array): Promise<string> => `Browser ${(await deviceWords(device)).slice(0, 2).join('-')}`

/** What the relay says of this device, the credential judged by ourselves (`Untrusted` where it does not hold). */
export const deviceStanding = async (
  { deviceState, credential: envelope }: Pick<DeviceChanged, 'credential'> & { readonly deviceState: string },
  { trust, device, agent, now }: { readonly trust: TrustState; readonly device: Uint8Array; readonly agent: string; readonly now: number },
): Promise<DeviceStanding> => {
  if (deviceState === 'issued' && envelope !== null) {
    const credential = await judgeCredential(trust, envelope, { at: now, leafKey: device })
    return { view: { state: 'issued', name: credential.name, expiresAt: credential.exp, low: false }, credential, identity: envelope }
  }
  if (deviceState === 'pending') {
    const request = { org: trust.trust.org, person: agent, device: await deviceLabel(device), leafKey: device }
    return { ...NO_DEVICE, view: { state: 'pending', code: await requestCode(request), words: await deviceWords(device) } }
  }
  return deviceState === 'revoked' ? { ...NO_DEVICE, view: { state: 'revoked' } } : NO_DEVICE
}

export interface Making {
  readonly identity: Uint8Array
  readonly signer: Signer
  readonly credential: Credential
  readonly now: number
}

/** New single-use key packages. Save their private parts before publishing. */
export const newKeyPackages = async (
  count: number,
  { identity, signer, credential, now }: Making,
): Promise<readonly KeyPackageRecord[]> => {
  const notAfter = Math.min(credential.exp, now + PACKAGE_LIFE_MS)
  const made: KeyPackageRecord[] = []
  for (let index = 0; index < count; index++) {
    made.push({ ...(await createKeyPackage({ identity, signer, now, notAfter })), notAfter, isLastResort: 0 })
  }
  return made
}

/** One that may be used again, for when the others have gone: it lives a week. */
export const newLastResort = async ({ identity, signer, credential, now }: Making): Promise<KeyPackageRecord> => {
  const notAfter = Math.min(credential.exp, now + LAST_RESORT_LIFE_MS)
  return { ...(await createKeyPackage({ identity, signer, now, notAfter, lastResort: true })), notAfter, isLastResort: 1 }
}
