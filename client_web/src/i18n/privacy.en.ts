/** The words of the privacy centre, in English. */

const days = (count: number | null): string => (count === null ? 'no end is named' : count === 1 ? '1 day' : `${count} days`)

const MOMENTS: Readonly<Record<string, string>> = {
  second_agent: 'A colleague, to help',
  another_desk: 'Another desk, to help',
  supervisor_help: 'A supervisor, to help',
  quality_review: 'A supervisor, for quality review',
  ai_assistant: 'An AI assistant',
}

const STANDINGS = {
  given: 'You allowed it',
  refused: 'You said no',
  deferred: 'You said not now',
  withdrawn: 'You stopped it',
  expired: 'Its time is over',
  invalidated: 'Ended: the privacy terms changed',
} as const

const WAYS: Readonly<Record<string, string>> = {
  controller: 'somebody else is responsible',
  purpose: 'it is for something else',
  basis: 'it rests on another legal basis',
  kept_longer: 'it is kept longer',
  automated: 'it is done by a machine',
  gone: 'it is no longer done',
  category: 'more about you: ',
  category_needed: 'no longer optional: ',
  category_special: 'now counted as sensitive: ',
  category_open: 'no longer encrypted end to end: ',
  recipient: 'somebody new gets it: ',
  recipient_changed: 'another role or country: ',
  recipient_plaintext: 'can now read it: ',
}

export const privacyWords = {
  open: 'Your privacy',
  title: 'Your privacy in this chat',
  nothingYet: 'Nothing about you was stored or sent. That begins when you press Start chat, and not before.',
  stopped: 'This chat is stopped. Nothing is sent from here.',
  who: 'Who can read now',
  everybody: 'Show everybody and the words to compare',
  decided: 'What you decided',
  started: (desk: string, at: string): string => `You started this chat with the ${desk} desk · ${at}`,
  moment: (moment: string): string => MOMENTS[moment] ?? moment,
  standing: (standing: keyof typeof STANDINGS, at: string): string => `${STANDINGS[standing]} · ${at}`,
  noWay: 'What you stopped or refused comes back only if you are asked again and say yes.',
  terms: 'The privacy terms have changed',
  termsGoOn: (at: string): string =>
    `New terms hold since ${at}. This chat goes on under the terms you started it with. The new ones ask before your next chat.`,
  termsSame: 'They ask nothing more of you.',
  change: (purpose: string, ways: readonly { readonly kind: string; readonly about: string }[]): string =>
    `${purpose}: ${ways.map(({ kind, about }) => `${WAYS[kind] ?? kind}${about}`).join('; ')}.`,
  ended: 'What you had allowed for it has ended.',
  seeTerms: 'What changed',
  kept: 'How long it is kept',
  keptFor: (what: string, count: number | null): string => (count === 0 ? `${what}: not kept` : `${what}: ${days(count)} at most`),
  closes: (at: string): string => `This chat closes at the latest ${at}. Its keys leave this device then.`,
  gone: (at: string): string => `The chat server forgets the chat by ${at}.`,
  evidence: (count: number | null): string => `What you decided stays there as evidence: ${days(count)}. No message is in it.`,
  held: 'What the chat server holds about you',
  heldLead: 'Every entry of its database about this chat, field by field. Messages are there encrypted, and only until they are delivered.',
  heldShow: 'Show what it holds',
  heldAgain: 'Show it again',
  heldAsking: 'Asking…',
  heldFailed: 'It did not answer. Try again.',
  heldMemory: 'In memory only, and never written down: the network address you connect from, for limits, and whether you are connected.',
  table: (about: string, count: number): string => `${about} (${count})`,
  row: (index: number, count: number): string => `Entry ${index} of ${count}`,
  empty: 'empty',
  optOut: 'Global Privacy Control',
  optOutOn:
    'Your browser asks sites not to sell or share what they learn. Opt-out request honoured: nothing of this chat is sold, and you are not asked to share it with third parties.',
  optOutOff: 'This browser does not send that signal. Nothing of this chat is sold either way.',
  contact: 'Questions or complaints',
  write: (contact: string): string => `Write to ${contact}.`,
} as const

export const incidentWords = {
  title: 'Something happened that concerns you',
  from: (name: string, day: string): string =>
    `${name} wrote this on ${day}, about chats that were started at the time of yours. Your browser checked that it is from them.`,
  /** In the order of the notice. */
  parts: ['What happened', 'What it may mean for you', 'What we did', 'What you can do'],
  contact: (contact: string): string => `Questions: ${contact}`,
  nobody: 'Nobody is told whether you have read this.',
  read: 'I have read this',
  later: 'Remind me later',
} as const
