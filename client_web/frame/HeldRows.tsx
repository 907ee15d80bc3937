/** Every row that the relay holds about this chat, table by table, field by field. Shown when asked for. */
import type { CentreView, HeldTableView } from '../src/core/centreViews.ts'
import { privacyWords } from '../src/i18n/privacy.en.ts'
import { Button } from '../src/ui/Button.tsx'
import { Section } from './Section.tsx'

export interface HeldRowsProps {
  readonly held: CentreView['held']
  /** The line is down for good: nothing can be asked any more. */
  readonly isOver: boolean
  readonly onShow: () => void
}

export function HeldRows({ held, isOver, onShow }: HeldRowsProps) {
  const isAsking = held.state === 'asking'
  const word = held.state === 'shown' ? privacyWords.heldAgain : privacyWords.heldShow
  return (
    <Section title={privacyWords.held}>
      <p class='small'>{privacyWords.heldLead}</p>
      {isOver ? null : (
        <Button disabled={isAsking} onPress={onShow}>
          {isAsking ? privacyWords.heldAsking : word}
        </Button>
      )}
      <div role='status'>{held.state === 'failed' ? <p class='small'>{privacyWords.heldFailed}</p> : null}</div>
      {held.state === 'shown' ? held.tables.map((table) => <Table key={table.name} table={table} />) : null}
      <p class='small muted'>{privacyWords.heldMemory}</p>
    </Section>
  )
}

function Table({ table: { name, about, rows } }: { readonly table: HeldTableView }) {
  return (
    <details class='more held'>
      <summary>
        {name}: {privacyWords.table(about, rows.length)}
      </summary>
      {rows.map((row, index) => (
        <dl key={index} aria-label={privacyWords.row(index + 1, rows.length)}>
          {row.map((field) => (
            <div key={field.name}>
              <dt>
                {field.name} <span class='muted'>{field.about}</span>
              </dt>
              <dd>{field.value === '' ? <span class='muted'>{privacyWords.empty}</span> : field.value}</dd>
            </div>
          ))}
        </dl>
      ))}
    </details>
  )
}
