/** Finds the official vectors of RFC 9420, which lie beside the checkout and are not part of it. */

const files = import.meta.glob<string>('../../../../shared/mls-vectors/*.json', { query: '?raw', import: 'default' })

export const hasVectors = Object.keys(files).length > 0

/** All cases of one official file. */
export async function casesOf<Case>(name: string): Promise<Case[]> {
  const load = files[`../../../../shared/mls-vectors/${name}.json`]
  if (load === undefined) throw new Error(`no vectors ${name}`)
  return JSON.parse(await load()) as Case[]
}
