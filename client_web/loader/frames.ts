/** The wall and the app inside it: exact policies, markup and the one Trusted Types policy. Shape and reasons: docs/architecture.md. */

export interface AppScript {
  readonly url: string
  /** `sha384-…` of the app's one script, fixed when the loader was built. */
  readonly sri: string
  /** Copied from the loader's own element for hosts whose policy works with nonces; else empty. */
  readonly nonce: string
}

/** Higher than any phone: the wall cannot follow its own size without a style, and the app is told its true height over the port. */
const TALL_PX = 1600

/** A hash and never a path: a path listing would let `import(APP?data)` carry data out. */
function policyOf(script: AppScript): string {
  return [
    "default-src 'none'",
    `script-src '${script.sri}'`,
    "style-src 'unsafe-inline'",
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function head(policy: string, title: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${escaped(policy)}"><title>${title}</title></head>`
}

export function appMarkup(script: AppScript): string {
  const nonce = script.nonce === '' ? '' : ` nonce="${escaped(script.nonce)}"`
  const element = `<script type="module" src="${escaped(script.url)}" integrity="${escaped(script.sri)}" crossorigin="anonymous"${nonce}></script>`
  return `${head(policyOf(script), 'Chat')}<body><div id="app"></div>${element}</body></html>`
}

/** Static, no script of its own: its `frame-src 'none'` is what stops the app from navigating itself away, data in hand. */
export function wallMarkup(script: AppScript): string {
  const inner = `<iframe sandbox="allow-scripts" srcdoc="${escaped(appMarkup(script))}" title="Chat" width="100%" height="${TALL_PX}" frameborder="0"></iframe>`
  return `${head(`${policyOf(script)}; frame-src 'none'`, 'Chat')}<body marginwidth="0" marginheight="0" topmargin="0" leftmargin="0">${inner}</body></html>`
}

interface TrustedTypesHost {
  readonly trustedTypes?: { createPolicy(name: string, rules: { createHTML(text: string): string }): { createHTML(text: string): string } }
}

/** The policy admits this one text and nothing else, whoever may get hold of it. */
export function trustedMarkup(page: Window & TrustedTypesHost, markup: string): string {
  const policy = page.trustedTypes?.createPolicy('sotto', { createHTML: () => markup })
  return policy === undefined ? markup : policy.createHTML('')
}

export function buildWall(page: Document, { markup, title }: { readonly markup: string; readonly title: string }): HTMLIFrameElement {
  const wall = page.createElement('iframe')
  wall.setAttribute('sandbox', 'allow-scripts')
  wall.setAttribute('scrolling', 'no')
  wall.title = title
  wall.srcdoc = markup
  return wall
}
