/** What the organisation tells whom an incident concerns. It is no question: two equal buttons, and neither of them tells anybody anything. */
import { useEffect, useState } from 'preact/hooks'

import type { IncidentView } from '../src/core/views.ts'
import { incidentWords } from '../src/i18n/privacy.en.ts'
import { Button } from '../src/ui/Button.tsx'
import { Icon } from '../src/ui/icons.tsx'
import { calendarDay } from '../src/ui/when.ts'
import type { ChatView, Intend } from './intents.ts'

export interface IncidentPanelProps {
  readonly chat: ChatView
  readonly intend: Intend
  /** Whether the window is open: what was put off comes back when it is opened next. */
  readonly open: boolean
}

export function IncidentPanel({ chat, intend, open }: IncidentPanelProps) {
  const [later, setLater] = useState<ReadonlySet<string>>(new Set())
  useEffect(() => {
    if (open) setLater(new Set())
  }, [open])
  const incident = chat.incidents.find(({ id }) => !later.has(id))
  if (incident === undefined) return null
  return (
    <Panel
      key={incident.id}
      incident={incident}
      name={chat.organisation.name}
      onRead={() => intend({ kind: 'readIncident', id: incident.id })}
      onLater={() => setLater(new Set([...later, incident.id]))}
    />
  )
}

interface PanelProps {
  readonly incident: IncidentView
  readonly name: string
  readonly onRead: () => void
  readonly onLater: () => void
}

function Panel({ incident, name, onRead, onLater }: PanelProps) {
  return (
    <section class='prompt incident' role='alert' aria-labelledby='incident-title'>
      <h2 class='strong with-icon' id='incident-title'>
        <Icon name='warning' />
        {incidentWords.title}
      </h2>
      <p class='small'>{incidentWords.from(name, calendarDay(incident.issuedAt))}</p>
      {incidentWords.parts.map((title, index) => (
        <div key={title}>
          <h3 class='small strong'>{title}</h3>
          <p class='plain' dir='auto' lang={incident.language}>
            {incident.parts[index]}
          </p>
        </div>
      ))}
      <p class='small' dir='auto'>
        {incidentWords.contact(incident.contact)}
      </p>
      <p class='small muted'>{incidentWords.nobody}</p>
      <div class='pair'>
        <Button onPress={onRead}>{incidentWords.read}</Button>
        <Button onPress={onLater}>{incidentWords.later}</Button>
      </div>
    </section>
  )
}
