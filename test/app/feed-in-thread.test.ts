import { mkdtempSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { buildFeed } from '../../src/app/build-feed.ts'
import { buildFeedInThread } from '../../src/app/feed-in-thread.ts'
import type { FeedConfig } from '../../src/config/schema.ts'
import { fileWith, fixture } from '../integrations/feeds/read-feed.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const clock = () => new Date('2026-11-20T12:00:00.000Z')
const { signal } = new AbortController()
const both = { allowShrinking: false, platforms: null } as const

/** More than goes over at once, with what JSON has to escape. */
function largeCatalog(): string {
  const fixes = Array.from({ length: 5_000 }, (_, index) => ({
    platform: 'debian:12',
    source: `nul\0 half\ud800 "${index}"`,
    cve: `CVE-2026-${10_000 + index}`,
    fixedVersion: index % 7 === 0 ? null : `1-${index}`,
  }))
  const kev = [{ cve: 'CVE-2026-10001', dateAdded: 'today-3', dueDate: 'today' }]
  return JSON.stringify({ fixes, advisories: [], kev })
}

function folderOf(name: string): string {
  const folder = mkdtempSync(path.join(temporaryFolder('pw-thread'), 'feed-'))
  writeFileSync(path.join(folder, name), fixture(name))
  return folder
}

const feeds: Readonly<Record<string, () => FeedConfig>> = {
  kev: () => ({ kind: 'kev', location: fileWith(fixture('kev.json')), ...both }),
  epss: () => ({ kind: 'epss', location: fileWith(gzipSync(fixture('epss.csv'))), ...both }),
  'ubuntu-oval': () => ({ kind: 'ubuntu-oval', release: 'jammy', location: folderOf('oval.xml'), ...both }),
  'a large catalog file': () => ({ kind: 'file-catalog', path: `${fileWith(largeCatalog())}`, ...both }),
}

describe('a feed that is read in a thread', () => {
  it.each(Object.entries(feeds))('says what it says when it is read here: %s', async (name, config) => {
    const feed = config()
    const here = await buildFeed(name, feed, clock).fetch(null, signal)
    const there = await buildFeedInThread(name, feed, clock).fetch(null, signal)
    expect(there).toEqual(here)
  })

  it('says that nothing is new', async () => {
    const feed = feeds.kev?.() ?? never()
    const first = await buildFeed('kev', feed, clock).fetch(null, signal)
    const cursor = first.status === 'fetched' ? first.cursor : null
    expect(await buildFeedInThread('kev', feed, clock).fetch(cursor, signal)).toEqual({ status: 'unchanged' })
  })

  it('fails with the same sentence', async () => {
    const feed: FeedConfig = { kind: 'kev', location: fileWith('<html>'), ...both }
    const problem = await buildFeed('kev', feed, clock)
      .fetch(null, signal)
      .catch((error: unknown) => error)
    expect(problem).toBeInstanceOf(Error)
    await expect(buildFeedInThread('kev', feed, clock).fetch(null, signal)).rejects.toThrow(
      String((problem as Error).message),
    )
  })

  it('ends as soon as nobody waits for it any more', async () => {
    const stopping = new AbortController()
    const feed: FeedConfig = { kind: 'kev', location: 'http://127.0.0.1:9/never', ...both }
    const reading = buildFeedInThread('kev', feed, clock).fetch(null, stopping.signal)
    stopping.abort(new Error('Patchwarden is stopping.'))
    await expect(reading).rejects.toThrow('Patchwarden is stopping.')
    await expect(buildFeedInThread('kev', feed, clock).fetch(null, stopping.signal)).rejects.toThrow('stopping')
  })

  it('hands over portions that are read within a moment', async () => {
    const feed = feeds['a large catalog file']?.() ?? never()
    const lengths: number[] = []
    const parse = JSON.parse
    JSON.parse = (text, ...more) => {
      if (text.startsWith('[{"platform"')) lengths.push(text.length)
      return parse(text, ...more)
    }
    try {
      await buildFeedInThread('f', feed, clock).fetch(null, signal)
    } finally {
      JSON.parse = parse
    }
    expect(lengths.length).toBeGreaterThan(2)
    expect(Math.max(...lengths)).toBeLessThan(210_000)
  })
})

function never(): never {
  throw new Error('There is no such feed.')
}
