/** One view of the widget on a page of its own, chosen by the address (`?view=chat-active&sub=roster`): for pictures and for axe. */
import { render } from 'preact'

import { adoptStyles } from '../../frame/styles.ts'
import { type Sub, Widget } from '../../frame/Widget.tsx'
import { VIEWS } from './fixtures.ts'

const asked = new URLSearchParams(location.search)
const view = VIEWS.get(asked.get('view') ?? '')
const sub = asked.get('sub')
const initialSub: Sub | null = sub === 'roster' || sub === 'identity' || sub === 'privacy' || sub === 'end' ? sub : null
const root = document.getElementById('app')

adoptStyles(document)
document.documentElement.setAttribute('data-views', [...VIEWS.keys()].join(' '))
if (root !== null && view !== undefined) {
  render(<Widget view={view} intend={() => undefined} open={false} optsOut {...(initialSub === null ? {} : { initialSub })} />, root)
}
