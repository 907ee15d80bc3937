/** Puts the style sheets of the app in place by script, the one way that every host policy allows. */
import base from '../src/styles/base.css?inline'
import chat from '../src/styles/chat.css?inline'
import tokens from '../src/styles/tokens.css?inline'
import widget from '../src/styles/widget.css?inline'

export function adoptStyles(target: Document): void {
  target.adoptedStyleSheets = [tokens, base, chat, widget].map((text) => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    return sheet
  })
}
