/** Tells the panel how much of the screen is really free: a phone's keyboard shrinks the visual viewport and no style can see it. */

export interface Following {
  readonly panel: HTMLElement
  onResize(): void
}

export function followViewport(page: Window, { panel, onResize }: Following): void {
  const visual = page.visualViewport
  const measure = (): void => {
    if (visual === null) return
    // Zoomed in by pinching, the panel keeps its place and the person moves over it.
    const zoomed = visual.scale > 1.01
    panel.style.setProperty('--viewport-height', zoomed ? '100%' : `${visual.height}px`)
    panel.style.setProperty('--viewport-top', zoomed ? '0px' : `${visual.offsetTop}px`)
  }
  visual?.addEventListener('resize', measure)
  visual?.addEventListener('scroll', measure)
  measure()
  new ResizeObserver(onResize).observe(panel)
}
