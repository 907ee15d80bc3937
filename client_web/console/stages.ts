/** What the stages of a conversation mean on the console's screens. */
import type { ChatSummary } from '../src/core/views.ts'

/** Nothing more can be read or written here. */
export const isOver = ({ stage }: Pick<ChatSummary, 'stage'>): boolean => stage === 'closed' || stage === 'gone'
