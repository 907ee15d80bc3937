/** Reads the snippet: which script element is ours, and what it pins. Refuses what it cannot use, in words for the developer. */

export interface Snippet {
  /** Digest of the organisation's root, 52 characters of lower-case base32. */
  readonly root: string
  readonly site: string
  readonly desk: string
  /** `https:`, `mailto:` or `tel:` address of another way to reach the company, or none. */
  readonly contact: string | null
  /** The host page's nonce, which a policy with nonces wants on the app's script too. */
  readonly nonce: string
  /** Address of the relay, from which this script came. */
  readonly relay: string
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/
const ROOT = /^[a-z2-7]{52}$/

/** `document.currentScript` is null in a module, so the script is found by its address. */
export function findScript(page: Document, url: string): HTMLScriptElement | null {
  for (const script of page.querySelectorAll<HTMLScriptElement>('script[type="module"][src]')) {
    if (script.src === url) return script
  }
  return null
}

/** The snippet, or the name of the attribute that is missing or malformed. */
export function readSnippet(script: HTMLScriptElement): Snippet | string {
  const { root = '', site = '', desk = '', contact } = script.dataset
  if (!ROOT.test(root)) return 'data-root'
  if (!NAME.test(site)) return 'data-site'
  if (!NAME.test(desk)) return 'data-desk'
  if (contact !== undefined && !/^(https:|mailto:|tel:)/.test(contact)) return 'data-contact'
  return { root, site, desk, contact: contact ?? null, nonce: script.nonce, relay: new URL(script.src).origin }
}
