/** A part of a page under its own heading. */
import type { ComponentChildren } from 'preact'

export function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class='section'>
      <h2 class='strong'>{title}</h2>
      {children}
    </section>
  )
}
