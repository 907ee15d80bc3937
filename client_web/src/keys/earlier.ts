/** Earlier messages for one newcomer: sealed to its leaf of this epoch, and opened there. Who else gets them cannot read them. */
import { SHARED_BYTES, SHARED_MESSAGES } from '../wire/generated/limits.ts'
import { EARLIER, type Earlier, LINE, type Line, type Shared } from '../wire/generated/payload.ts'
import { BadFrame, decodeAs, encodeAs } from '../wire/shape.ts'
import { shownNameOf } from './documentFields.ts'
import { ascii, concat, uint } from './mls/bytes.ts'
import { decryptAead, encryptAead, KEY_BYTES, NONCE_BYTES, type Sealed } from './mls/hpke.ts'
import { type GroupState, openAtOwnLeaf, sealToLeaf } from './mls/library.ts'
import { Malformed } from './untrusted.ts'

const LABEL = ascii('sotto earlier messages 1')
/** The key is fresh for every blob, so its nonce is zero. */
const ONCE = new Uint8Array(NONCE_BYTES)
/** More than the head of a list says how long it is with. */
const LIST_HEAD_BYTES = 2

/** Where it is opened: what was sealed for one place is of no use in another (T23). */
export interface Place {
  readonly groupId: Uint8Array
  readonly epoch: number
  readonly leaf: number
}

/** Label, group id, epoch and leaf. */
export const infoOf = ({ groupId, epoch, leaf }: Place): Uint8Array<ArrayBuffer> =>
  concat(LABEL, groupId, uint(Math.floor(epoch / 2 ** 32), 4), uint(epoch, 4), uint(leaf, 4))

/** The newest of these, as many as one application message holds, and how many older ones are left out. */
export const newestThatFit = (lines: readonly Line[]): Earlier => {
  let size = encodeAs(EARLIER, { leftOut: 2 ** 32, lines: [] }).length + LIST_HEAD_BYTES
  const last = lines.slice(-SHARED_MESSAGES).findLastIndex((line) => {
    size += encodeAs(LINE, line).length
    return size > SHARED_BYTES
  })
  const kept = lines.slice(-SHARED_MESSAGES).slice(last + 1)
  return { leftOut: lines.length - kept.length, lines: kept }
}

/** For the device in this leaf of the state's epoch. */
export const sealEarlier = async (
  state: GroupState,
  { earlier, device, place }: { readonly earlier: Earlier; readonly device: Uint8Array; readonly place: Place },
): Promise<Shared> => {
  const info = infoOf(place)
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES))
  const { enc, ct } = await sealToLeaf(state, { leaf: place.leaf, info, plaintext: key })
  const blob = encryptAead({ key, nonce: ONCE, associated: info }, encodeAs(EARLIER, earlier))
  return { tag: 'shared', device, kemOutput: enc, sealedKey: ct, blob }
}

/** What was shared with us in this epoch; `Untrusted` where it was not sealed for us here and now. */
export const openEarlier = (state: GroupState, { shared, place }: { readonly shared: Shared; readonly place: Place }): Promise<Earlier> =>
  openWith((sealed) => openAtOwnLeaf(state, sealed), { shared, place })

/** As `openEarlier`, by whoever has the key of the leaf. */
export const openWith = async (
  open: (sealed: Sealed & { readonly info: Uint8Array }) => Promise<Uint8Array>,
  { shared, place }: { readonly shared: Shared; readonly place: Place },
): Promise<Earlier> => {
  const info = infoOf(place)
  const key = await open({ enc: shared.kemOutput, ct: shared.sealedKey, info })
  const earlier = earlierIn(decryptAead({ key, nonce: ONCE, associated: info }, shared.blob))
  // T35: shown like the names that the organisation vouches for.
  for (const { name } of earlier.lines) if (name !== '') shownNameOf(name)
  return earlier
}

const earlierIn = (octets: Uint8Array): Earlier => {
  try {
    return decodeAs(EARLIER, octets)
  } catch (error) {
    if (error instanceof BadFrame) throw new Malformed('earlier messages')
    throw error
  }
}
