/** The head of every screen: who this is, whether that was proven, and the way out. */
import type { ComponentChildren } from 'preact'

import type { Organisation } from '../src/core/views.ts'
import { widgetWords } from '../src/i18n/en.ts'
import { privacyWords } from '../src/i18n/privacy.en.ts'
import { IconButton } from '../src/ui/Button.tsx'
import { Icon } from '../src/ui/icons.tsx'
import type { Intend } from './intents.ts'

export interface HeadProps {
  readonly intend: Intend
  readonly onPrivacy: () => void
  readonly children: ComponentChildren
}

export function Head({ intend, onPrivacy, children }: HeadProps) {
  return (
    <header class='head'>
      {children}
      <IconButton icon='lock' label={privacyWords.open} onPress={onPrivacy} />
      <IconButton icon='cross' label={widgetWords.close} onPress={() => intend({ kind: 'closePanel' })} />
    </header>
  )
}

/** Opens the explanation of what was proven. */
export function VerifiedSeal({ organisation, onOpen }: { readonly organisation: Organisation; readonly onOpen: () => void }) {
  return (
    <button type='button' class='seal seal-button' onClick={onOpen} aria-haspopup='true'>
      <Icon name='shield' small />
      <span>{widgetWords.verified(organisation.name)}</span>
    </button>
  )
}
