/** The policy that the trust document names, and its start notice exactly as it is digested. */
import type { NoticeView } from '../core/views.ts'
import { sha256 } from '../keys/digest.ts'
import { noticeDigest, noticeText, purposesTold, START } from '../keys/noticeText.ts'
import { languageFor, type Policy, readPolicy } from '../keys/policy.ts'
import type { PolicyEntry } from '../keys/trust.ts'
import { effectiveTime, type TrustState } from '../keys/trustChain.ts'
import { Inconsistent, Malformed } from '../keys/untrusted.ts'
import { fromHex, type Octets, sameOctets } from '../wire/octets.ts'

export interface StartNotice {
  readonly view: NoticeView
  readonly policy: Policy
  readonly purpose: string
  readonly policyDigest: Octets
  /** SHA-256 of the paragraphs as shown, joined by an empty line. */
  readonly noticeDigest: Octets
}

/** The policy in force, the newest where several are; null where none is. */
export const policyInForce = (state: TrustState, now: number): PolicyEntry | null => {
  const at = effectiveTime(state, now)
  const inForce = state.trust.policies.filter((policy) => policy.nbf <= at && at < policy.exp)
  return inForce.sort((a, b) => b.nbf - a.nbf)[0] ?? null
}

/** The next moment at which a listed policy begins or ends; null where there is none. */
export const nextPolicyAt = (state: TrustState, now: number): number | null => {
  const at = effectiveTime(state, now)
  const moments = state.trust.policies.flatMap(({ nbf, exp }) => [nbf, exp]).filter((moment) => moment > at)
  return moments.length === 0 ? null : Math.min(...moments)
}

/** The policy in these bytes; `Inconsistent` where they are not those the trust document names, `Malformed` where something is missing. */
export const policyNamed = async (octets: Uint8Array, digest: string): Promise<Policy> => {
  if (!sameOctets(await sha256(octets), fromHex(digest))) throw new Inconsistent('other bytes than the trust document names')
  return readPolicy(octets)
}

/** The start notice in the first of the wanted languages that the policy has. Errors as `policyNamed`. */
export const startNotice = async (
  octets: Uint8Array,
  { digest, desk, languages }: { readonly digest: string; readonly desk: string; readonly languages: readonly string[] },
): Promise<StartNotice> => {
  const policy = await policyNamed(octets, digest)
  return noticeIn(policy, { policyDigest: fromHex(digest), desk, language: languageFor(policy, languages) })
}

/** The same notice in another language. */
export const noticeIn = async (
  policy: Policy,
  { policyDigest, desk, language }: { readonly policyDigest: Octets; readonly desk: string; readonly language: string },
): Promise<StartNotice> => {
  const text = noticeText(policy, { notice: START, desk, language })
  const purpose = purposesTold(policy, START)[0]
  if (purpose === undefined) throw new Malformed('no purpose')
  const view = {
    controller: policy.controller.name,
    deskLabel: policy.desks.find((each) => each.id === desk)?.label.get(language) ?? desk,
    paragraphs: text.first,
    more: text.more,
    contact: policy.controller.contact,
    language,
    languages: policy.languages.available,
  }
  return { view, policy, purpose: purpose.id, policyDigest, noticeDigest: await noticeDigest(text) }
}
