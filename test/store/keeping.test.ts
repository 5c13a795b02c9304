import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createKeeping } from '../../src/store/keeping.ts'
import { openLeases } from '../../src/store/leases.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { signal } = new AbortController()

/** What a process keeps, and its leases. */
function aProcess() {
  const { db, url } = database()
  const leases = openLeases(url)
  return { ...createKeeping(db, leases.alone), end: leases.end }
}

test('a note is there for the next process, each engine has its own, and removed is removed', async () => {
  const [one, other] = [aProcess(), aProcess()]
  expect(await one.readNote('wsus', 'PW-1.1')).toBeNull()
  await one.saveNote('wsus', 'PW-1.1', { added: ['a'], name: 'NUL \0 and a half \uD800' })
  await one.saveNote('wsus', 'PW-1.1', { added: ['a', 'b'], name: 'NUL \0 and a half \uD800' })
  expect(await other.readNote('wsus', 'PW-1.1')).toEqual({ added: ['a', 'b'], name: 'NUL � and a half �' })
  expect(await other.readNote('another', 'PW-1.1')).toBeNull()
  await other.removeNote('wsus', 'PW-1.1')
  await other.removeNote('wsus', 'PW-1.1')
  expect(await one.readNote('wsus', 'PW-1.1')).toBeNull()
  await Promise.all([one.end(), other.end()])
})

test('calls of one name are made one at a time, over processes and within each', async () => {
  const processes = [aProcess(), aProcess()]
  let running = 0
  let most = 0
  const work = async () => {
    running++
    most = Math.max(most, running)
    await sleep(5)
    running--
    return running
  }
  const calls = processes.flatMap((one) => [1, 2, 3, 4].map(() => one.inTurn('wsus a', signal, work)))
  await Promise.all(calls)
  expect(most).toBe(1)
  await Promise.all(processes.map((one) => one.end()))
})

test('a call that fails, or is given up while it waits, keeps nobody from the next', async () => {
  const [one, other] = [aProcess(), aProcess()]
  await expect(one.inTurn('wsus b', signal, () => Promise.reject(new Error('it failed')))).rejects.toThrow('it failed')
  const states = { begun: false, ended: false }
  const first = one.inTurn('wsus b', signal, async () => {
    states.begun = true
    while (!states.ended) await sleep(5)
  })
  await expect.poll(() => states.begun).toBe(true)
  const gone = new AbortController()
  const waiting = Promise.allSettled([one, other].map((it) => it.inTurn('wsus b', gone.signal, async () => 'made')))
  await sleep(50)
  gone.abort(new Error('shutting down'))
  states.ended = true
  await first
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await other.inTurn('wsus b', signal, async () => 3)).toBe(3)
  await Promise.all([one.end(), other.end()])
})
