import { afterEach, expect, test } from 'vitest'
import { contact } from '../../src/cli/contact.ts'
import type { CatalogFeed } from '../../src/core/ports.ts'
import { createFileCatalogFeed } from '../../src/integrations/feeds/file-catalog/index.ts'
import { unending, unendingServer } from '../support/unending.ts'

const clock = () => new Date('2026-11-20T12:00:00.000Z')
const { signal } = new AbortController()
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function seen(feeds: readonly CatalogFeed[], patience: { one: number; all: number }) {
  const answers = []
  for await (const answer of contact({ sources: [], feeds, engines: new Map(), connections: [] }, signal, patience))
    answers.push(answer)
  return answers
}

const good = createFileCatalogFeed({
  name: 'good',
  location: new URL('../../examples/catalog.json', import.meta.url).pathname,
  clock,
})

test('a check with feeds that never come to an end says which, and how the others are', async () => {
  const feeds = await Promise.all(
    unending.map(async (how) => {
      const { url, close } = await unendingServer(how)
      closing.push(close)
      return createFileCatalogFeed({ name: how, location: url, clock, maxBytes: 1_000_000, retrySeconds: 0.01 })
    }),
  )
  const began = Date.now()
  const answers = await seen([...feeds, good], { one: 1, all: 30 })
  expect(Date.now() - began).toBeLessThan(10_000)
  expect(answers.map(({ name, ok }) => [name, ok])).toEqual([...unending.map((how) => [how, false]), ['good', true]])
  for (const { name, what } of answers.slice(0, -1))
    expect(what, name).toMatch(
      /was given up\.$|is longer than 1000000 bytes|sends from one address to the next without end/,
    )
})

test('a whole check ends in its time, however many do not answer and whether they listen or not', async () => {
  const deaf: CatalogFeed = { name: 'deaf', describe: '', fetch: () => new Promise(() => undefined) }
  const began = Date.now()
  const answers = await seen([...Array(40).fill(deaf), good], { one: 1, all: 2 })
  expect(Date.now() - began).toBeLessThan(6_000)
  expect(answers).toHaveLength(41)
  expect(answers[0]?.what).toBe('The answer did not end within 1 s and was given up.')
  expect(answers[30]?.what).toBe('It did not answer before the 2 s of the whole check were over.')
})
