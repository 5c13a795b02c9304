import { writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { deflateSync, gzipSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { familyOf } from '../../src/core/platform/families.ts'
import type { CatalogFeed, FeedFetch } from '../../src/core/ports.ts'
import { readCatalogFolder } from '../../src/integrations/feeds/catalog-folder.ts'
import type { FeedKind } from '../../src/integrations/feeds/kind.ts'
import { feedKinds } from '../../src/integrations/feeds/registry.ts'
import { encodings } from '../support/encodings.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What a catalog feed gives the suite to try it with. */
export interface CatalogFeedSubject {
  readonly name: string
  /** As its `kind.ts` has it. */
  readonly kind: FeedKind
  create(options: { location: string; attempts: number; retrySeconds: number; timeoutSeconds: number }): CatalogFeed
  /** A good answer, as it travels. */
  readonly good: Buffer
  /** Records in `good`, of all kinds together. */
  readonly records: number
  /** `good` with one record spoilt. */
  readonly oneBad: Buffer
  /** Records left in `oneBad`. */
  readonly recordsOfOneBad: number
}

type Handler = (response: ServerResponse, headers: Readonly<Record<string, string | string[] | undefined>>) => void

/** What every CatalogFeed must do, whatever it reads. */
export function catalogFeedContract(subject: CatalogFeedSubject): void {
  const { name, good, records } = subject
  const { signal } = new AbortController()
  const folder = temporaryFolder('pw-feed')
  let server: Server
  let url = ''
  let handle: Handler = (response) => response.writeHead(500).end()
  let files = 0

  beforeAll(async () => {
    server = createServer((request, response) => handle(response, request.headers))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  function feedAt(location: string, timeoutSeconds = 5): CatalogFeed {
    return subject.create({ location, attempts: 3, retrySeconds: 0.001, timeoutSeconds })
  }

  function fileWith(bytes: Buffer): string {
    const path = join(folder, `feed-${++files}`)
    writeFileSync(path, bytes)
    return path
  }

  function serve(bytes: Buffer, headers: Record<string, string> = {}): void {
    handle = (response) => response.writeHead(200, headers).end(bytes)
  }

  describe(`${name} keeps the contract of a catalog feed:`, () => {
    it('reads every record, and says unchanged the second time', async () => {
      const feed = feedAt(fileWith(good))
      const first = await feed.fetch(null, signal)
      expect(count(first)).toEqual({ records, rejected: 0 })
      expect(await feed.fetch(cursorOf(first), signal)).toEqual({ status: 'unchanged' })
    })

    it('reads a file:// address and a gzip-packed answer the same way', async () => {
      const packed = await feedAt(`file://${fileWith(gzipSync(good))}`).fetch(null, signal)
      expect(count(packed)).toEqual({ records, rejected: 0 })
    })

    it.each(Object.entries(encodings))('reads %s, as a feed and in a folder', async (_, encoded) => {
      const zlib = good[0] === 0x78
      const text = encoded((zlib ? inflateSync(good) : good).toString('utf8'))
      const bytes = zlib ? deflateSync(text) : text
      expect(count(await feedAt(fileWith(bytes)).fetch(null, signal))).toEqual({ records, rejected: 0 })
      if (!zlib) await expectRecognised(subject.kind, bytes)
    })

    it('asks a server only for what changed', async () => {
      handle = (response, headers) => {
        if (headers['if-none-match'] === '"v1"') response.writeHead(304).end()
        else response.writeHead(200, { etag: '"v1"' }).end(good)
      }
      const first = await feedAt(url).fetch(null, signal)
      expect(count(first)).toEqual({ records, rejected: 0 })
      handle = (response, headers) => response.writeHead(headers['if-none-match'] === '"v1"' ? 304 : 500).end()
      expect(await feedAt(url).fetch(cursorOf(first), signal)).toEqual({ status: 'unchanged' })
    })

    it('says unchanged where a server sends the same bytes again', async () => {
      serve(good)
      const first = await feedAt(url).fetch(null, signal)
      expect(await feedAt(url).fetch(cursorOf(first), signal)).toEqual({ status: 'unchanged' })
    })

    it('reads afresh under a cursor that it cannot read', async () => {
      expect((await feedAt(fileWith(good)).fetch('no such cursor', signal)).status).toBe('fetched')
    })

    it.each([0.1, 0.25, 0.5, 0.75, 0.9])('refuses an answer that is cut off at %d of its length', async (share) => {
      let end = Math.floor(good.length * share)
      if (good[end - 1] === 0x0a) end--
      const path = fileWith(good.subarray(0, end))
      await expect(feedAt(path).fetch(null, signal)).rejects.toThrow(/cut off/)
      const packed = gzipSync(good)
      const half = fileWith(packed.subarray(0, Math.floor(packed.length * share)))
      await expect(feedAt(half).fetch(null, signal)).rejects.toThrow(/cut off/)
    })

    it('refuses an answer whose connection breaks half way', async () => {
      handle = (response) => {
        response.writeHead(200, { 'content-length': String(good.length) })
        response.write(good.subarray(0, Math.floor(good.length / 2)), () => response.destroy())
      }
      await expect(feedAt(url).fetch(null, signal)).rejects.toThrow(/cannot be reached: .* \(3 attempts\)/)
    })

    it('is recognised by its kind alone, in a folder with files of any feeds', () =>
      expectRecognised(subject.kind, good))

    it('refuses a web page that comes with status 200', async () => {
      serve(Buffer.from('<!DOCTYPE html>\n<html><title>Access Denied</title></html>\n'), {
        'content-type': 'text/html',
      })
      await expect(feedAt(url).fetch(null, signal)).rejects.toThrow(/HTML page/)
    })

    it.each([
      ['nothing', ''],
      ['one byte', '\u0000'],
      ['an empty object', '{}\n'],
      ['an empty list', '[]\n'],
      ['prose', 'The feed has moved.\n'],
    ])('refuses %s', async (_, text) => {
      await expect(feedAt(fileWith(Buffer.from(text))).fetch(null, signal)).rejects.toThrow(/^.{20,}/)
    })

    it('skips and reports a bad record, and keeps the rest', async () => {
      const result = await feedAt(fileWith(subject.oneBad)).fetch(null, signal)
      expect(count(result)).toEqual({ records: subject.recordsOfOneBad, rejected: 1 })
      const [rejected] = result.status === 'fetched' ? result.rejected : []
      expect(rejected?.where).not.toBe('')
      expect(rejected?.reason.length).toBeGreaterThan(5)
    })

    it.each([429, 500, 503])('tries again after status %d', async (status) => {
      let asked = 0
      handle = (response) => {
        asked++
        if (asked < 3) response.writeHead(status, { 'retry-after': '0' }).end()
        else response.writeHead(200).end(good)
      }
      expect(count(await feedAt(url).fetch(null, signal))).toEqual({ records, rejected: 0 })
      expect(asked).toBe(3)
    })

    it('gives up in the end, with a sentence', async () => {
      handle = (response) => response.writeHead(503).end()
      await expect(feedAt(url).fetch(null, signal)).rejects.toThrow(/answered 503 Service Unavailable \(3 attempts\)/)
    })

    it.each([403, 404])('does not try again after status %d', async (status) => {
      let asked = 0
      handle = (response) => {
        asked++
        response.writeHead(status).end('<html>no</html>')
      }
      await expect(feedAt(url).fetch(null, signal)).rejects.toThrow(String(status))
      expect(asked).toBe(1)
    })

    it('does not wait for a server that never answers', async () => {
      handle = () => {}
      await expect(feedAt(url, 0.05).fetch(null, signal)).rejects.toThrow(/within 0.05 s/)
    })

    it('stops when it is told to', async () => {
      const stop = new AbortController()
      handle = () => stop.abort(new Error('shutting down'))
      await expect(feedAt(url).fetch(null, stop.signal)).rejects.toThrow('shutting down')
    })

    it('names a file that is not there', async () => {
      const path = join(folder, 'nowhere')
      await expect(feedAt(path).fetch(null, signal)).rejects.toThrow(`${path} cannot be read: there is no such file`)
    })

    it('answers damaged bytes with content or with a sentence, never otherwise', async () => {
      const places = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), {
        minLength: 1,
        maxLength: 4,
      })
      await fc.assert(
        fc.asyncProperty(places, async (damages) => {
          const bytes = Buffer.from(good)
          for (const [place, value] of damages) bytes[place] = value
          const result = await feedAt(fileWith(bytes))
            .fetch(null, signal)
            .catch((error: unknown) => error)
          if (result instanceof Error) {
            expect(result.constructor).toBe(Error)
            expect(result.message).toContain('feed-')
          } else {
            expect(result).toMatchObject({ status: 'fetched' })
          }
        }),
        { numRuns: 50 },
      )
    })
  })
}

/** `good` is read by that kind and known to no other, so that the order of the kinds does not matter. */
export async function expectRecognised(kind: FeedKind, good: Buffer): Promise<void> {
  const folder = temporaryFolder('pw-feeds')
  const about = { platforms: ['debian:12'], today: '2026-11-20' }
  writeFileSync(join(folder, 'any-name'), good)
  const read = await readCatalogFolder(folder, about)
  expect([...read.kinds.keys()]).toEqual([kind.name])
  const { fixesOf } = kind
  if (fixesOf !== 'any')
    for (const platform of read.voices.keys())
      expect(fixesOf, `${kind.name} on ${platform}`).toContain(familyOf(platform))
  expect(read.unusable).toEqual([])
  expect(read.rejected).toEqual([])
  expect(read.contents.flatMap((content) => Object.values(content)).flat()).not.toEqual([])
  const others = feedKinds.filter((other) => other !== kind)
  expect([...(await readCatalogFolder(folder, about, others)).kinds.keys()]).toEqual([])
}

function count(result: FeedFetch): { records: number; rejected: number } | 'unchanged' {
  if (result.status === 'unchanged') return 'unchanged'
  const records = Object.values(result.content).reduce((sum, list) => sum + list.length, 0)
  return { records, rejected: result.rejected.length }
}

function cursorOf(result: FeedFetch): string {
  if (result.status === 'unchanged') throw new Error('nothing was fetched')
  return result.cursor
}
