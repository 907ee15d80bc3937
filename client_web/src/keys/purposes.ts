/** Whom a moment or a purpose lets in, by what the credential says. The same rules as `sotto_wire/moments.py`. */
import type { Guest } from '../wire/generated/moments.ts'
import type { Credential } from './credential.ts'

const QUALITY_REVIEW = 'quality_review'
const AI_ASSISTANT = 'ai_assistant'

type Face = Pick<Credential, 'kind' | 'roles' | 'desks'>

/** Is it one that the moment lets into a conversation of `desk`? */
export const fits = (guest: Guest, { kind, roles, desks }: Face, desk: string): boolean => {
  const isOfDesk = desks.includes(desk)
  const rightDesk = guest.desk === 'any' || isOfDesk === (guest.desk === 'own')
  return kind === guest.kind && (guest.role === null || roles.includes(guest.role)) && rightDesk
}

/** Purposes are kept apart by membership: an assistant comes in only as an assistant, a reviewer only as a supervisor. */
export const mayServe = (purpose: string, { kind, roles }: Pick<Face, 'kind' | 'roles'>): boolean => {
  if (purpose === AI_ASSISTANT) return kind === 'bot'
  if (purpose === QUALITY_REVIEW) return kind === 'human' && roles.includes('supervisor')
  return kind === 'human' && (roles.includes('agent') || roles.includes('supervisor'))
}
