/** The one button. A busy or disabled one stays focusable, so that a keyboard never loses its place. */
import type { ComponentChildren, Ref } from 'preact'

import { Icon, type IconName } from './icons.tsx'

export interface ButtonProps {
  readonly onPress: () => void
  readonly children: ComponentChildren
  /** `plain` is the weight of a choice: two of them side by side are equal. */
  readonly look?: 'plain' | 'primary' | 'danger' | 'ghost'
  readonly disabled?: boolean
  readonly describedBy?: string
  /** Where the word on it does not say enough; it begins with that word. */
  readonly label?: string
  readonly buttonRef?: Ref<HTMLButtonElement>
}

export function Button({ onPress, children, look = 'plain', disabled = false, describedBy, label, buttonRef }: ButtonProps) {
  return (
    <button
      type='button'
      ref={buttonRef ?? null}
      class={look === 'plain' ? 'button' : `button button-${look}`}
      aria-disabled={disabled}
      aria-describedby={describedBy}
      aria-label={label}
      onClick={() => disabled || onPress()}
    >
      {children}
    </button>
  )
}

export interface IconButtonProps {
  readonly icon: IconName
  readonly label: string
  readonly onPress: () => void
}

export function IconButton({ icon, label, onPress }: IconButtonProps) {
  return (
    <button type='button' class='button button-ghost button-icon' aria-label={label} onClick={onPress}>
      <Icon name={icon} />
    </button>
  )
}
