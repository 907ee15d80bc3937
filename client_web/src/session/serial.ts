/** One thing after the other: everything that touches a conversation's state runs through here, in the order it was asked. */

export interface Serial {
  run<T>(task: () => Promise<T>): Promise<T>
}

export const serial = (): Serial => {
  let last: Promise<unknown> = Promise.resolve()
  return {
    run: (task) => {
      const next = last.then(task)
      last = next.catch(() => undefined)
      return next
    },
  }
}
