/** Hands a file to the browser's own downloads. The page could see it pass: nothing that only the frame may know comes this way. */

/** The browser has begun to read it long before. */
const KEPT_MS = 60_000

export function saveFile(page: Window, name: string, content: Uint8Array<ArrayBuffer>): void {
  const address = URL.createObjectURL(new Blob([content], { type: 'application/json' }))
  const link = page.document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  page.setTimeout(() => URL.revokeObjectURL(address), KEPT_MS)
}
