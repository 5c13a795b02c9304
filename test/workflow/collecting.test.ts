import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collecting } from '../../src/workflow/collecting.ts'

const { signal } = new AbortController()

/** Writes are kept; each takes as long as `hold`. */
function scene({ most = 3, pauseMs = 20, hold = async () => {}, stop = signal } = {}) {
  const written: (readonly number[])[] = []
  const collected = collecting<number>(
    async (items) => {
      await hold()
      written.push(items)
    },
    { most, pauseMs },
    stop,
  )
  return { written, collected }
}

test('what comes within the pause is written together, and whoever brought it waits until it is', async () => {
  const { written, collected } = scene()
  await Promise.all([collected.add([1]), sleep(2).then(() => collected.add([2]))])
  expect(written).toEqual([[1, 2]])
  await collected.add([3])
  expect(written).toEqual([[1, 2], [3]])
})

test('nothing more waits for a full one, and none holds more than may be', async () => {
  const { written, collected } = scene({ pauseMs: 60_000 })
  await collected.add([1, 2, 3, 4, 5, 6])
  expect(written).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ])
})

test('nothing waits any longer when nothing more is to come', async () => {
  const { written, collected } = scene({ pauseMs: 60_000 })
  collected.flush()
  const first = collected.add([1])
  const second = collected.add([2])
  collected.flush()
  await Promise.all([first, second])
  expect(written).toEqual([[1, 2]])
})

test('one is written at a time; what comes meanwhile is the next', async () => {
  let atWork = 0
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { written, collected } = scene({
    most: 100,
    pauseMs: 1,
    hold: async () => {
      expect(++atWork).toBe(1)
      await held
      atWork--
    },
  })
  const first = collected.add([1])
  await expect.poll(() => atWork).toBe(1)
  const rest = [collected.add([2]), collected.add([3])]
  release()
  await Promise.all([first, ...rest])
  expect(written).toEqual([[1], [2, 3]])
})

test('where a write fails, whoever brought any of it hears of it, and the next is written', async () => {
  let failing = true
  const { written, collected } = scene({
    hold: async () => {
      if (failing) throw new Error('The database is away.')
    },
  })
  const both = await Promise.allSettled([collected.add([1]), collected.add([2])])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  failing = false
  await collected.add([3])
  expect(written).toEqual([[3]])
})

test('what has not been written when the work is ended is not written any more', async () => {
  const stop = new AbortController()
  const { written, collected } = scene({ pauseMs: 60_000, stop: stop.signal })
  const adding = collected.add([1])
  stop.abort(new Error('It is over.'))
  await expect(adding).rejects.toThrow('It is over.')
  expect(written).toEqual([])
})

test('nothing is nothing to wait for', async () => {
  const { written, collected } = scene({ pauseMs: 60_000 })
  await collected.add([])
  expect(written).toEqual([])
})
