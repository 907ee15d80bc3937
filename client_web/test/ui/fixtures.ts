/** Every view a customer can meet, for the gallery and the component tests. */
import type {
  CustomerView,
  EntryView,
  IncidentView,
  NoticeView,
  Organisation,
  ProblemCode,
  PromptView,
  ReaderView,
} from '../../src/core/views.ts'

const NOON = Date.UTC(2026, 10, 23, 14, 2)
const minutes = (count: number): number => NOON + count * 60_000

export const anOrganisation: Organisation = {
  name: 'Kettle & Cup',
  words: ['copper', 'violin', 'meadow', 'eleven'],
  site: 'shop',
  checkedAt: NOON,
}

export const aNotice: NoticeView = {
  controller: 'Kettle & Cup Ltd',
  deskLabel: 'Support',
  paragraphs: [
    "You'll be talking to Kettle & Cup support.",
    'Messages are encrypted between you and the people you let in. Pressing Start chat lets in one person from the Support desk.',
    'If someone else takes over you will see it, and they see new messages only.',
    'Nothing is kept after the chat closes unless you ask for it.',
  ],
  more: ['Why: Answer your question.', 'Who else takes part: Nordhost Oy (Finland).'],
  contact: 'help@kettle.example',
  language: 'en',
  languages: ['en', 'de'],
}

export const me: ReaderView = { id: 'me', name: '', face: 'customer', decision: null, desk: '', me: true, since: NOON }
export const mara: ReaderView = { id: 'mara', name: 'Mara', face: 'agent', decision: null, desk: 'Support', me: false, since: minutes(1) }
const bot: ReaderView = { id: 'bot', name: 'Steam', face: 'assistant', decision: 'd1', desk: 'Support', me: false, since: minutes(2) }

export const sue: ReaderView = { id: 'sue', name: 'Sue', face: 'reviewer', decision: 'd2', desk: 'Support', me: false, since: minutes(3) }

export const aPrompt: PromptView = {
  id: 'r1',
  moment: 'quality_review',
  who: 'Sue',
  paragraphs: [
    'May Sue, a supervisor, read along to improve our service?',
    'Sue would see new messages only, until you stop it or the chat closes.',
  ],
  more: [],
}

type Message = Extract<EntryView, { kind: 'message' }>

export function aMessage(changes: Partial<Message>): Message {
  return { kind: 'message', id: 'm', mine: true, from: '', face: 'customer', text: 'Hello', at: NOON, standing: 'delivered', ...changes }
}

const entries: readonly EntryView[] = [
  { kind: 'joined', id: 'e1', who: 'Mara', desk: 'Support', face: 'agent', at: minutes(1) },
  aMessage({ id: 'e2', text: 'My kettle’s lid is cracked.', at: minutes(1) }),
  aMessage({
    id: 'e3',
    mine: false,
    from: 'Mara',
    face: 'agent',
    text: 'Sorry to hear that! Which kettle is it? You find the name on its base.',
    at: minutes(2),
  }),
  aMessage({ id: 'e4', text: 'The Harbour, 1.2 litres.\nBought in May.', at: minutes(3), standing: 'sent' }),
]

export const activeChat: Extract<CustomerView, { kind: 'chat' }> = {
  kind: 'chat',
  organisation: anOrganisation,
  deskLabel: 'Support',
  stage: 'active',
  ahead: 0,
  deskAway: false,
  leave: 'not_now',
  link: 'online',
  entries,
  readers: [me, mara],
  words: { words: ['copper', 'violin', 'meadow', 'eleven', 'harbour', 'oak'], epoch: 3 },
  closesAt: minutes(98),
  prompt: null,
  incidents: [],
  decisions: [],
  problem: null,
  unread: 0,
  draft: '',
  resend: null,
  share: null,
  clockOff: 0,
  startedAt: minutes(0),
  centre: { terms: null, contact: 'privacy@kettle.example', kept: [], evidenceDays: 1095, held: { state: 'unasked' } },
  longer: { isOffered: false, isNear: false, card: null, isSending: false },
}

export const anIncident: IncidentView = {
  id: 'i1',
  language: 'en',
  parts: [
    'A laptop with copies of chats was stolen.',
    'Somebody could read what you wrote.',
    'We revoked the laptop within an hour.',
    'Be careful with calls in our name.\n\nWrite to us if you want to know more.',
  ],
  contact: 'privacy@kettle.example',
  issuedAt: minutes(5),
}

export const privacyChat: typeof activeChat = {
  ...activeChat,
  decisions: [
    { id: 'd1', moment: 'ai_assistant', who: 'Steam', standing: 'given', at: minutes(3), paragraphs: ['May Steam read?'] },
    { id: 'd2', moment: 'another_desk', who: 'Dora', standing: 'refused', at: minutes(4), paragraphs: ['May Dora read?'] },
  ],
  centre: {
    terms: {
      changedAt: minutes(5),
      changes: [
        { purpose: 'Let an AI assistant read', isEnded: true, ways: [{ kind: 'recipient', about: 'Example Inference GmbH' }] },
        { purpose: 'Answer your question', isEnded: false, ways: [{ kind: 'kept_longer', about: '' }] },
      ],
    },
    contact: 'privacy@kettle.example',
    kept: [
      { what: 'Answer your question', days: 7 },
      { what: 'Keep the chat safe', days: 30 },
    ],
    evidenceDays: 1095,
    held: {
      state: 'shown',
      tables: [
        {
          name: 'member',
          about: 'a device’s stay in a conversation',
          rows: [
            [
              {
                name: 'device',
                about: 'public key of the member’s device',
                value: '8bebd87c41666e4bd84ee099baca516cd2d14340c3eff677ef8887bf2e4af42f',
              },
              { name: 'until', about: 'the last it gets', value: '' },
            ],
          ],
        },
      ],
    },
  },
}

const LONGER = [
  'Keep this chat open for up to 24 more hours?',
  'The people of the Support desk who are here can go on reading, and one person of that desk can be let in as before. You can end the chat at any time.',
]

export const nearChat: typeof activeChat = { ...activeChat, longer: { isOffered: true, isNear: true, card: null, isSending: false } }
export const longerChat: typeof activeChat = { ...nearChat, longer: { ...nearChat.longer, card: LONGER } }

const alone = { readers: [me], words: null, entries: [] } as const

const long: readonly EntryView[] = [
  ...entries,
  { kind: 'gap', id: 'g1', at: minutes(4) },
  aMessage({
    id: 'e5',
    mine: false,
    from: 'Mara',
    face: 'agent',
    text: 'שלום! אפשר לשלוח תמונה? https://kettle.example/a-very-long-address/that-does-not-break-anywhere-by-itself',
    at: minutes(5),
  }),
  aMessage({ id: 'e6', text: 'One moment', at: minutes(6), standing: 'sending' }),
  aMessage({ id: 'e7', text: 'This one did not go out', at: minutes(7), standing: 'not_sent' }),
]

export const PROBLEMS: readonly ProblemCode[] = [
  'no_secure_context',
  'no_storage',
  'old_browser',
  'relay_unreachable',
  'organisation_unconfirmed',
  'trust_expired',
  'policy_unlisted',
  'agent_unconfirmed',
  'conversation_broken',
  'another_tab',
  'refused',
]

const stopped = PROBLEMS.map((code): [string, CustomerView] => [
  `stopped-${code}`,
  {
    kind: 'stopped',
    organisation: code === 'another_tab' ? null : code === 'refused' ? anOrganisation : null,
    problem: { code, detail: 'bad_signature' },
  },
])

export const VIEWS: ReadonlyMap<string, CustomerView> = new Map<string, CustomerView>([
  ['checking', { kind: 'checking' }],
  ['notice', { kind: 'notice', organisation: anOrganisation, notice: aNotice, starting: false }],
  ['notice-starting', { kind: 'notice', organisation: anOrganisation, notice: aNotice, starting: true }],
  ['chat-opening', { ...activeChat, ...alone, stage: 'opening', link: 'connecting' }],
  ['chat-waiting', { ...activeChat, ...alone, stage: 'waiting', ahead: 2 }],
  ['chat-nobody', { ...activeChat, ...alone, stage: 'waiting', deskAway: true, leave: 'offered' }],
  ['chat-nobody-on-call', { ...activeChat, ...alone, stage: 'waiting', deskAway: true, leave: 'nobody' }],
  ['chat-left', { ...activeChat, stage: 'left', readers: [me, mara], entries: [aMessage({ id: 'l', text: 'My kettle leaks.' })] }],
  ['chat-proposed', { ...activeChat, ...alone, stage: 'proposed' }],
  ['chat-active', activeChat],
  ['chat-incident', { ...activeChat, incidents: [anIncident] }],
  ['chat-privacy', privacyChat],
  ['chat-near', nearChat],
  ['chat-longer', longerChat],
  ['chat-longer-sending', { ...nearChat, longer: { ...nearChat.longer, isOffered: false, isSending: true } }],
  ['chat-clock', { ...activeChat, clockOff: 2 * 3_600_000 }],
  ['chat-resend', { ...activeChat, resend: { count: 2, to: 'Ben' } }],
  ['chat-long', { ...activeChat, entries: long, readers: [me, mara, bot], unread: 1 }],
  ['chat-prompt', { ...activeChat, prompt: aPrompt }],
  ['chat-share', { ...activeChat, readers: [me, mara, sue], share: { id: 'sue', to: 'Sue', count: 3 } }],
  [
    'chat-guests',
    {
      ...activeChat,
      readers: [me, mara, sue, bot],
      entries: [
        ...entries,
        aMessage({ id: 'g', mine: false, from: 'Steam', face: 'assistant', text: 'The Harbour has a lid number 4.', at: minutes(4) }),
      ],
    },
  ],
  ['chat-offline', { ...activeChat, entries: long, link: 'offline' }],
  ['chat-problem', { ...activeChat, problem: { code: 'agent_unconfirmed', detail: 'untrusted' } }],
  [
    'chat-closed',
    {
      ...activeChat,
      stage: 'closed',
      readers: [me],
      entries: [
        ...entries,
        { kind: 'left', id: 'l', who: 'Mara', at: minutes(9), desk: 'Support', face: 'agent' },
        { kind: 'closed', id: 'c', at: minutes(9) },
      ],
    },
  ],
  ...stopped,
])
