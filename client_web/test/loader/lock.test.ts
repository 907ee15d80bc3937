import { afterEach, expect, test } from 'vitest'

import { type TabLock, tabLock } from '../../loader/lock.ts'
import { FakeLocks } from './fakeLocks.ts'

const tabs: TabLock[] = []

afterEach(() => {
  for (const tab of tabs.splice(0)) tab.release()
})

interface Tab {
  readonly lock: TabLock
  readonly lost: string[]
}

function aTab(locks: LockManager, { deaf = false } = {}): Tab {
  const lost: string[] = []
  const lock = tabLock('shop', {
    locks,
    channel: () => new BroadcastChannel(deaf ? 'nobody hears this' : 'shop'),
    patience: () => (deaf ? AbortSignal.timeout(0) : AbortSignal.timeout(5_000)),
    onLost: () => lost.push('lost'),
  })
  tabs.push(lock)
  return { lock, lost }
}

test('the first tab is live and a second one is not', async () => {
  const locks = new FakeLocks()
  const [first, second] = [aTab(locks), aTab(locks)]
  expect(await first.lock.acquire(false)).toBe(true)
  expect(await second.lock.acquire(false)).toBe(false)
  expect([first.lock.held, second.lock.held]).toEqual([true, false])
})

test('"use here" makes the other tab let go, once', async () => {
  const locks = new FakeLocks()
  const [first, second] = [aTab(locks), aTab(locks)]
  await first.lock.acquire(false)
  expect(await second.lock.acquire(true)).toBe(true)
  expect([first.lock.held, second.lock.held]).toEqual([false, true])
  expect(first.lost).toEqual(['lost'])
})

test('a tab that does not answer loses the lock all the same', async () => {
  const locks = new FakeLocks()
  const [frozen, second] = [aTab(locks), aTab(locks, { deaf: true })]
  await frozen.lock.acquire(false)
  expect(await second.lock.acquire(true)).toBe(true)
  await Promise.resolve()
  expect(frozen.lock.held).toBe(false)
  expect(frozen.lost).toEqual(['lost'])
})

test('the lock goes back and forth between two tabs', async () => {
  const locks = new FakeLocks()
  const [first, second] = [aTab(locks), aTab(locks)]
  await first.lock.acquire(false)
  await second.lock.acquire(true)
  expect(await first.lock.acquire(true)).toBe(true)
  expect([first.lock.held, second.lock.held]).toEqual([true, false])
})

test('a released lock is free for the next tab', async () => {
  const locks = new FakeLocks()
  const [first, second] = [aTab(locks), aTab(locks)]
  await first.lock.acquire(false)
  first.lock.release()
  expect(await second.lock.acquire(true)).toBe(true)
  expect(first.lost).toEqual([])
})
