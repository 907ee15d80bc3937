/** The icons, as paths drawn in the text's colour. None carries a meaning alone: words stand beside each. */

const PATHS = {
  shield: 'M12 3l7 3v5.5c0 4.2-2.8 7.6-7 9.5-4.2-1.9-7-5.3-7-9.5V6z M9 12l2.2 2.2L15.5 10',
  people:
    'M12.2 9a3.2 3.2 0 11-6.4 0 3.2 3.2 0 016.4 0M3.5 19c.6-3.2 2.8-5 5.5-5s4.9 1.8 5.5 5M16 6.2a3 3 0 010 5.6M17.5 14.4c1.7.7 2.7 2.3 3 4.6',
  person: 'M15.5 8.5a3.5 3.5 0 11-7 0 3.5 3.5 0 017 0M5 20c.8-4 3.4-6 7-6s6.2 2 7 6',
  clock: 'M20.5 12a8.5 8.5 0 11-17 0 8.5 8.5 0 0117 0M12 7.5V12l3 2',
  cross: 'M6 6l12 12M18 6L6 18',
  up: 'M12 19V5M6 11l6-6 6 6',
  back: 'M19 12H5M11 6l-6 6 6 6',
  next: 'M9 6l6 6-6 6',
  chat: 'M5 5h14a1.5 1.5 0 011.5 1.5v8A1.5 1.5 0 0119 16h-7l-5 4v-4H5a1.5 1.5 0 01-1.5-1.5v-8A1.5 1.5 0 015 5z',
  warning: 'M12 4l9 16H3z M12 10v4.5M12 17.4h.01',
  stop: 'M8 3h8l5 5v8l-5 5H8l-5-5V8z M12 8v5M12 16.2h.01',
  lock: 'M8 11V8a4 4 0 018 0v3M6 11h12v9H6z M12 14.5v2',
  key: 'M12 15a4 4 0 11-8 0 4 4 0 018 0M11 12l8-8M16 7l2.5 2.5',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, small = false }: { readonly name: IconName; readonly small?: boolean }) {
  return (
    <svg class={small ? 'icon icon-small' : 'icon'} viewBox='0 0 24 24' aria-hidden='true' focusable='false'>
      <path d={PATHS[name]} />
    </svg>
  )
}
