/** Every word the widget shows, in English. Keys are typed by their use; no logic but plurals lives here. */

export const launcherWords = {
  help: 'Help',
  /** The visible word comes first in each label, so that it can be said to a voice control. */
  open: 'Help. Open chat',
  close: 'Help. Close chat',
  openUnread: (count: number): string => `Help. Open chat, ${count === 1 ? '1 unread message' : `${count} unread messages`}`,
  panel: 'Chat',
  cannotTitle: 'Chat cannot open here',
  cannot: {
    no_secure_context:
      'This page was not loaded over a secure connection, so messages could not be encrypted. Open the page with https and try again.',
    old_browser: 'This browser is missing something the encryption needs. Update it, or use another one.',
    no_storage: 'This browser does not let the page keep encryption keys. Private windows often refuse it; try a normal window.',
    no_frame: 'This website does not let the chat window open. Nothing was sent. Please reach us another way.',
  },
  otherWays: 'Other ways to reach us',
  dismiss: 'Close',
} as const

const people = (count: number): string => (count === 1 ? '1 person' : `${count} people`)

export const widgetWords = {
  close: 'Close chat window',
  back: 'Back',
  tryAgain: 'Try again',
  checking: 'Checking who you are talking to…',
  checkingDetail: 'Your browser verifies the signatures of the organisation before anything is sent.',
  verified: (name: string): string => `${name} · Verified`,
  verifiedOpen: (name: string): string => `${name}, verified. How we know`,
  unconfirmed: 'Not confirmed',
} as const

export const identityWords = {
  title: (name: string): string => `Is this really ${name}?`,
  belongs: (name: string, day: string): string =>
    `Yes. The security key of this chat belongs to ${name}. Your browser checked it on ${day}.`,
  wordsTitle: 'Organisation words',
  wordsStay: 'They stay the same. If you have seen other words here before, do not share anything private.',
  limits: 'This proves which organisation you talk to. It does not prove what a person there does with what you write.',
} as const

export const noticeWords = {
  title: 'Before we chat',
  start: 'Start chat',
  starting: 'Starting…',
  notNow: 'Not now',
  answer: 'Your answer',
  otherWays: 'Other ways to reach us',
  more: 'More about your data',
  language: 'Language of this notice',
} as const

export const chatWords = {
  heading: (name: string): string => `Chat with ${name}`,
  desk: (label: string): string => `${label} desk`,
  safety: 'Never share your full password or PIN here. We will not ask.',
  log: 'Messages',
  you: 'You',
  /** Said after a name. */
  joined: (as: string, at: string): string => `joined (${as}) at ${at}`,
  left: (at: string): string => `left at ${at} and can no longer read new messages`,
  closed: (at: string): string => `This chat was closed at ${at}`,
  gap: 'A message is missing here',
  reconnected: (at: string): string => `Reconnected at ${at}, with new keys. The chat goes on.`,
  standing: { sending: 'Sending…', sent: 'Sent', delivered: 'Delivered', not_sent: 'Not sent' },
  /** Nobody but the writer could read it yet, so it has not left this device. */
  whenSomeoneJoins: 'Will be sent when someone joins',
  retry: 'Try again',
  retryOf: (text: string): string => `Try again to send: ${text}`,
  opening: 'Setting up the encryption…',
  waiting: (desk: string): string => `Waiting for someone from the ${desk} desk.`,
  ahead: (count: number): string => (count === 0 ? 'You are next.' : `${people(count)} ahead of you.`),
  /** Shown instead of how many wait before. */
  nobody: (desk: string): string => `Nobody from the ${desk} desk is here right now.`,
  proposed: (desk: string): string => `Someone from the ${desk} desk is joining. Checking who it is…`,
  closes: (at: string): string => `Closes ${at}`,
  connecting: 'Connecting…',
  offline: (waiting: number): string =>
    waiting === 0
      ? 'You are offline. Connecting again…'
      : `You are offline. ${waiting === 1 ? '1 message' : `${waiting} messages`} will send when you are back.`,
  closedTitle: 'This chat has closed.',
  closedDetail: 'Its keys are gone from this device. You can read it here until you clear it or leave this page.',
  clear: 'Clear this chat',
  forget: 'Delete it from this device',
  startNew: 'Start a new chat',
  said: (who: string, text: string): string => `${who}: ${text}`,
  newMessages: (count: number): string => `${count} new messages`,
  toNewest: 'To the newest message',
} as const

/** Minutes, or hours from two on. */
const span = (ms: number): string => {
  const minutes = Math.round(Math.abs(ms) / 60_000)
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
}

export const clockWords = {
  off: (ahead: number): string =>
    `The clock of this device is about ${span(ahead)} ${ahead > 0 ? 'fast' : 'slow'}. The chat works; new messages show the time of the chat server.`,
} as const

export const resendWords = {
  title: 'Send it again?',
  happened: (count: number): string =>
    `Whoever you wrote to is no longer allowed to answer, and was removed. ${
      count === 1 ? 'Your last message was not answered.' : `Your last ${count} messages were not answered.`
    } Who is here now cannot read what you wrote before.`,
  send: (to: string): string => `Send again to ${to}`,
  leave: 'Do not send',
} as const

const messages = (count: number): string => (count === 1 ? '1 message' : `${count} messages`)

const leftOutWords = (count: number): string => (count === 0 ? '' : ` ${count === 1 ? '1 older one' : `${count} older ones`} did not fit.`)

export const shareWords = {
  title: (name: string): string => `Share earlier messages with ${name}?`,
  detail: (name: string, count: number): string =>
    `${name} can read new messages only. So far this chat has ${messages(count)} from before ${name} came. Only you decide.`,
  answer: 'Your answer',
  soFar: 'This chat so far',
  nothing: 'Nothing',
  close: 'Share nothing and close',
  /** What stands in the log, by who reads it. */
  giver: (name: string, count: number, leftOut: number): string =>
    `You shared ${count === 0 ? 'earlier messages' : messages(count)} with ${name}.${leftOutWords(leftOut)}`,
  sending: (name: string): string => `Sharing earlier messages with ${name}…`,
  notSent: (name: string): string => `Earlier messages were not shared with ${name}.`,
  other: (name: string): string => `The customer shared earlier messages with ${name}.`,
  newcomer: (count: number, leftOut: number): string =>
    `Shared by the customer: ${messages(count)} from before you came.${leftOutWords(leftOut)} This is what the customer’s device says was said. It is no proof.`,
  label: 'shared by the customer',
  customer: 'Customer',
  assistant: 'AI assistant',
} as const

export const leaveWords = {
  title: (desk: string): string => `Nobody from the ${desk} desk is here right now`,
  detail: (desk: string): string =>
    `You can wait, or leave a message. Up to three people of the ${desk} desk who are on call could then read it; the first who does answers you, and the others are removed.`,
  leave: 'Leave a message',
  asking: 'Letting in who is on call…',
  nobody: 'Nobody is on call either. You can wait while this page is open, or reach us another way.',
  write: 'Write your message now. Whoever on call reads it first answers here.',
  sending: 'Your message is on its way. Keep this page open until it is sent.',
  left: 'Your message is left. The first person on call who reads it answers here. You may close this page: the answer waits for this device for seven days.',
} as const

/** How somebody takes part: beside their name, and at each message of those who were let in by a decision of their own. */
export const faceWords = (
  face: 'customer' | 'agent' | 'helper' | 'other_desk' | 'supervisor' | 'reviewer' | 'assistant',
  desk: string,
): string =>
  ({
    customer: 'Customer',
    agent: `${desk} desk`,
    helper: `${desk} desk, helping`,
    other_desk: `${desk} desk, helping`,
    supervisor: 'Supervisor, helping',
    reviewer: 'Supervisor, quality review',
    assistant: 'AI assistant',
  })[face]

export const saveWords = {
  save: 'Save your decisions',
  lead: 'A file with what you allowed, the words you were shown and the receipts for it. It proves itself, also without us. No messages are in it.',
} as const

export const promptWords = {
  title: 'A question for you',
  answer: 'Your answer',
  allow: 'Allow',
  refuse: 'Don’t allow',
  notNow: 'Not now',
  more: 'More',
  guests: 'People you let in',
  canRead: 'can read new messages',
  stop: 'Stop',
  stopOf: (name: string): string => `Stop ${name}`,
} as const

export const composerWords = {
  label: 'Write a message',
  send: 'Send',
  hint: 'Enter sends. Shift and Enter starts a new line.',
  sentOnJoining: (desk: string): string => `You can write now. It is encrypted and sent when someone from the ${desk} desk joins.`,
  over: 'Nothing can be sent in this chat any more.',
  tooLong: (limit: number): string => `Too long for one message: keep it under ${limit} characters.`,
} as const

export const rosterWords = {
  title: 'Who can read this chat',
  onlyYou: 'Only you can read this chat',
  two: (name: string): string => `You and ${name} can read this chat`,
  many: (count: number): string => `${people(count)} can read this chat`,
  open: 'Show who',
  thisDevice: 'This device',
  customer: 'Customer',
  since: (at: string): string => `since ${at}`,
  certified: (name: string): string => `Certified by ${name}`,
  truth: 'This list comes from the encryption itself: who is not on it has no key.',
  wordsTitle: 'Compare words',
  wordsWhy: 'Ask the other side to read theirs to you, best by voice. The same words mean nobody is in between.',
  wordsEpoch: (epoch: number): string => `For key ${epoch} of this chat. They change whenever somebody joins or leaves.`,
  noWords: 'There are no words yet: nobody else is in this chat.',
} as const

export const endWords = {
  end: 'End chat',
  title: 'End this chat?',
  detail: 'Nobody can write in it any more, and its keys are deleted from this device. You can read it here until you leave this page.',
  keep: 'Keep chatting',
} as const

/** What happened, what we did, what to do: in this order, for each code. */
export interface ProblemWords {
  readonly title: string
  readonly happened: string
  readonly did: string
  readonly todo: string
}

export const problemWords = {
  no_secure_context: {
    title: 'This page is not secure',
    happened: 'The page was not loaded over a secure connection.',
    did: 'Nothing was sent.',
    todo: 'Open the page with https and try again.',
  },
  no_storage: {
    title: 'This browser keeps nothing',
    happened: 'The browser does not let this page keep encryption keys.',
    did: 'Nothing was sent.',
    todo: 'Try a normal window instead of a private one.',
  },
  old_browser: {
    title: 'This browser is too old',
    happened: 'Something the encryption needs is missing here.',
    did: 'Nothing was sent.',
    todo: 'Update the browser, or use another one.',
  },
  relay_unreachable: {
    title: 'We cannot reach the chat',
    happened: 'The chat server did not answer.',
    did: 'Nothing more was sent.',
    todo: 'Check your connection and try again.',
  },
  organisation_unconfirmed: {
    title: 'We could not confirm who this is',
    happened: 'The signatures of this organisation did not pass the check.',
    did: 'We stopped before anything was sent.',
    todo: 'Do not share anything private. Reach the company another way and tell them.',
  },
  trust_expired: {
    title: 'The security papers have run out',
    happened: 'The signed list of who may answer here is past its date.',
    did: 'We stopped sending until there is a new one.',
    todo: 'Try again later, or reach the company another way.',
  },
  policy_unlisted: {
    title: 'These terms are not signed',
    happened: 'The chat server offered terms which the organisation has not signed.',
    did: 'We did not show them and nothing was sent.',
    todo: 'Reach the company another way and tell them.',
  },
  agent_unconfirmed: {
    title: 'We kept somebody out',
    happened: 'Somebody was proposed to join whom we could not confirm.',
    did: 'They were not let in and can read nothing.',
    todo: 'Keep waiting for somebody else, or end the chat.',
  },
  conversation_broken: {
    title: 'This chat cannot go on',
    happened: 'Its encryption no longer fits together.',
    did: 'We stopped it. Nothing more is sent or read in it.',
    todo: 'Delete it from this device and start a new one.',
  },
  another_tab: {
    title: 'Open in another tab',
    happened: 'This chat is live in another tab or window of this browser.',
    did: 'It stays live there. This tab has changed nothing.',
    todo: 'Go on over there, or use it here instead.',
  },
  chat_lost: {
    title: 'Your chat is no longer on this device',
    happened: 'This browser has lost the keys of your chat, or what it kept of it was changed.',
    did: 'Nothing more is sent in it. What was written in it cannot be brought back here, not by us either.',
    todo: 'Start a new chat, and say what the last one was about.',
  },
  continued_elsewhere: {
    title: 'This chat went on without this device',
    happened: 'What this device keeps of the chat is older than the chat itself.',
    did: 'Nothing is sent or read here any more.',
    todo: 'Go on where the chat is open, or delete it from this device and start a new one.',
  },
  relay_set_back: {
    title: 'The chat server has gone back in time',
    happened:
      'It shows less of this chat than this device has already seen: it was restored from an older copy, or something is wrong with it.',
    did: 'We stopped it. Nothing more is sent or read in it.',
    todo: 'Start a new chat, and tell the company what happened.',
  },
  reconnecting: {
    title: 'Setting up new keys',
    happened: 'A device could not follow the encryption of this chat any more.',
    did: 'What you write waits here and is sent as soon as the new keys are there.',
    todo: 'You need not do anything.',
  },
  refused: {
    title: 'That was refused',
    happened: 'The chat server did not accept it.',
    did: 'It was not sent to anybody.',
    todo: 'Try again. If it happens again, reach the company another way.',
  },
} as const satisfies Record<string, ProblemWords>

export const problemActions = {
  useHere: 'Use here',
  quote: 'Code to quote',
} as const
