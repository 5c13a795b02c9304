import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { whenAborted } from '../../src/integrations/when-aborted.ts'

it('calls all that wait, over one listener, and none that has ended', () => {
  const over = new AbortController()
  const stopped: number[] = []
  const ends = Array.from({ length: 30 }, (_, index) => whenAborted(over.signal, () => stopped.push(index)))
  expect(getEventListeners(over.signal, 'abort')).toHaveLength(1)
  for (const end of ends.slice(2)) end()
  over.abort()
  expect(stopped).toEqual([0, 1])
})

it('leaves no listener behind when all have ended, and can be used again', () => {
  const over = new AbortController()
  for (let round = 0; round < 2; round++) {
    const ends = [1, 2].map(() => whenAborted(over.signal, () => undefined))
    for (const end of ends) end()
    expect(getEventListeners(over.signal, 'abort')).toEqual([])
  }
})

it('takes the same thing to be done as often as it is given, and ends each once', () => {
  const over = new AbortController()
  let stopped = 0
  const stop = () => {
    stopped++
  }
  const [first] = [whenAborted(over.signal, stop), whenAborted(over.signal, stop)]
  first?.()
  first?.()
  over.abort()
  expect(stopped).toBe(1)
})
