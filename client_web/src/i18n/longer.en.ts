/** English, about a chat that is kept open. What the decision binds is the policy's words, not these. */

export const longerWords = {
  need: 'Need longer?',
  title: 'Your decision',
  answer: 'Your answer',
  keep: 'Keep it open',
  notNow: 'Not now',
  sending: 'Keeping the chat open…',
} as const
