/** A desk as people read it, where only its name for machines is known: `first-line` is "First line". */
export function deskName(desk: string): string {
  const words = desk.replace(/[-_.]+/g, ' ')
  return words.charAt(0).toLocaleUpperCase() + words.slice(1)
}
