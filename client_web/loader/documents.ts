/** Public documents by plain GET: no cookie, no referrer, nothing that names anybody. Judging them is the app's work. */

/** Two documents of 256 KiB at most in a bundle, as base64url, with room for a long chain of roots. */
const BUNDLE_BYTES = 4 * 1024 * 1024

export async function fetchDocument(relay: string, path: string): Promise<Uint8Array> {
  const answer = await fetch(new URL(path, relay), {
    cache: 'no-store',
    credentials: 'omit',
    mode: 'cors',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
  })
  if (!answer.ok) throw new Error(`http_${answer.status}`)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (bytes.length > BUNDLE_BYTES) throw new Error('too_large')
  return bytes
}
