/** What the browser must have before a chat can be opened. Looks, and touches nothing. */

export type Missing = 'no_secure_context' | 'old_browser' | 'no_storage'

export interface BrowserParts {
  readonly isSecureContext: boolean
  readonly hasSubtle: boolean
  readonly hasLocks: boolean
  readonly hasStorage: boolean
}

export function partsOf(page: Window): BrowserParts {
  return {
    isSecureContext: page.isSecureContext,
    hasSubtle: typeof crypto === 'object' && typeof crypto.subtle === 'object',
    hasLocks: 'locks' in page.navigator,
    hasStorage: hasStorage(page),
  }
}

/** A page in a sandbox has no origin to keep anything for; elsewhere reading `indexedDB` itself may throw. */
function hasStorage(page: Window): boolean {
  if (page.origin === 'null') return false
  try {
    // `databases` tells whether something is kept without creating it.
    return typeof page.indexedDB?.databases === 'function'
  } catch {
    return false
  }
}

/** The first thing that is missing. Without a secure context the rest is hidden too, so it comes first. */
export function firstMissing(parts: BrowserParts): Missing | null {
  if (!parts.isSecureContext) return 'no_secure_context'
  if (!parts.hasStorage) return 'no_storage'
  return parts.hasSubtle && parts.hasLocks ? null : 'old_browser'
}
