/** A device's request for a credential, as the short code of docs/protocol.md 7. A question, not a proof. */
import { sha256 } from '../keys/digest.ts'
import { concat, toBase32 } from '../wire/octets.ts'
import { bytes, encodeAs, struct, text, whole } from '../wire/shape.ts'

const FORM = 1
const CHECK_BYTES = 4
const GROUP = /.{1,5}/gu

export interface DeviceRequest {
  readonly org: string
  readonly person: string
  /** A label, for people. */
  readonly device: string
  readonly leafKey: Uint8Array
}

const CODE = struct<DeviceRequest & { readonly form: number }>('request', null, [
  ['form', whole(FORM, FORM)],
  ['org', text(0, Infinity)],
  ['person', text(0, Infinity)],
  ['device', text(0, Infinity)],
  ['leafKey', bytes(32, 32)],
])

export const requestCode = async (request: DeviceRequest): Promise<string> => {
  const body = encodeAs(CODE, { form: FORM, ...request })
  const letters = toBase32(concat(body, (await sha256(body)).slice(0, CHECK_BYTES))).toUpperCase()
  return `SOTTO-${(letters.match(GROUP) ?? []).join('-')}`
}
