/** Times as the reader's own locale writes them. */

export function clockTime(at: number): string {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }).format(at)
}

export function calendarDay(at: number): string {
  return new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' }).format(at)
}

/** The time, and the day of the week when it is another day. */
export function moment(at: number, now = Date.now()): string {
  if (new Date(at).toDateString() === new Date(now).toDateString()) return clockTime(at)
  return new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' }).format(at)
}
