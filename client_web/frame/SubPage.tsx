/** A screen above the screen: a way back, a title that takes the focus, and its content. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { widgetWords } from '../src/i18n/en.ts'
import { IconButton } from '../src/ui/Button.tsx'

export interface SubPageProps {
  readonly title: string
  readonly onBack: () => void
  readonly children: ComponentChildren
}

export function SubPage({ title, onBack, children }: SubPageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <>
      <header class='head'>
        <IconButton icon='back' label={widgetWords.back} onPress={onBack} />
        <h1 class='head-title head-text' tabIndex={-1} ref={heading}>
          {title}
        </h1>
      </header>
      <main class='page'>{children}</main>
    </>
  )
}
