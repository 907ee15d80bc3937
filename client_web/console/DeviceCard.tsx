/** Where this device stands with the officer. Until it is approved the queue is visible and no chat is readable. */
import type { JSX } from 'preact'
import type { AgentIntent, DeviceView } from '../src/core/views.ts'
import { words } from './words.en.ts'

export function DeviceCard({ device, intend }: { device: DeviceView; intend: (intent: AgentIntent) => void }): JSX.Element | null {
  switch (device.state) {
    case 'issued':
      return device.low ? (
        <section class='notice' aria-label={words.keysLow} role='status'>
          <h2>{words.keysLow}</h2>
          <p>{words.keysLowLead}</p>
        </section>
      ) : null
    case 'unknown':
      return (
        <section class='notice' aria-label={words.deviceUnknown}>
          <h2>{words.deviceUnknown}</h2>
          <p>{words.deviceUnknownLead}</p>
          <button type='button' class='button' disabled={device.asking} onClick={() => intend({ kind: 'askForApproval' })}>
            {device.asking ? words.deviceAsking : words.deviceAsk}
          </button>
        </section>
      )
    case 'pending':
      return (
        <section class='notice' aria-label={words.devicePending} role='status'>
          <h2>{words.devicePending}</h2>
          <p>{words.devicePendingLead}</p>
          <p class='word-row'>{device.words.join(' · ')}</p>
          <details>
            <summary>{words.deviceCode}</summary>
            <code class='code'>{device.code}</code>
          </details>
        </section>
      )
    case 'revoked':
      return (
        <section class='notice danger' aria-label={words.deviceRevoked} role='alert'>
          <h2>{words.deviceRevoked}</h2>
          <p>{words.deviceRevokedLead}</p>
        </section>
      )
  }
}
