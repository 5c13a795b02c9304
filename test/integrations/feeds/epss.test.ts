import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createEpssFeed } from '../../../src/integrations/feeds/epss/index.ts'
import { epss } from '../../../src/integrations/feeds/epss/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { sharedData } from '../shared-data.ts'
import { fetched, fileWith, fixture, spoil } from './read-feed.ts'

const good = fixture('epss.csv')

catalogFeedContract({
  name: 'FIRST EPSS',
  kind: epss,
  create: (options) => createEpssFeed({ name: 'epss', ...options }),
  good,
  records: 5,
  oneBad: spoil(good, '0.97351', '1.97351'),
  recordsOfOneBad: 4,
})

/** Scores of 1,000 CVEs, `high` of them 0.1 or more. */
function scores(high: number, model = 'v4', date = '2026-06-13'): string {
  const rows = Array.from(
    { length: 1_000 },
    (_, index) => `CVE-2026-${9_300_000 + index},${index < high ? 0.5 : 0.01},0.5`,
  )
  return `#model_version:${model},score_date:${date}T00:00:00+0000\ncve,epss,percentile\n${rows.join('\n')}\n`
}

function feed(content: string) {
  return createEpssFeed({ name: 'epss', location: fileWith(content) })
}

describe('FIRST EPSS', () => {
  it('gives score, percentile, model and date', async () => {
    const { content, saidAt } = await fetched(createEpssFeed({ name: 'epss', location: fileWith(good) }))
    expect(saidAt).toBe('2026-06-13')
    expect(content.epss?.[1]).toEqual({
      cve: 'CVE-2020-9104',
      score: 0.97351,
      percentile: 0.99991,
      model: 'v2025.03.14',
      date: '2026-06-13',
    })
    expect(content.epss?.map((score) => score.score)).toEqual([0.03351, 0.97351, 1, 0.00043, 0.00041])
  })

  it.each([
    ['', (text: string) => text.replaceAll(',', ';')],
    [' and numbers with a comma', (text: string) => text.replaceAll(',', ';').replace(/(\d)\.(\d)/g, '$1,$2')],
  ])('is read from a spreadsheet that writes semicolons%s', async (_, written) => {
    const [first = '', ...rows] = good.toString('utf8').split('\n')
    const saved = [first.replace(',score', ';score'), written(rows.join('\n'))].join('\r\n')
    const { content, rejected } = await fetched(feed(saved))
    const expected = await fetched(createEpssFeed({ name: 'epss', location: fileWith(good) }))
    expect([content, rejected]).toEqual([expected.content, []])
  })

  it('says nothing of a CVE without a score', async () => {
    const { content } = await fetched(createEpssFeed({ name: 'epss', location: fileWith(good) }))
    expect(content.epss?.find((score) => score.cve === 'CVE-2026-9100003')).toBeUndefined()
  })

  it.each([
    ['scores rise a little', scores(70), scores(84, 'v4', '2026-06-14')],
    ['another model scores differently', scores(70), scores(35, 'v5', '2026-06-14')],
    ['the change still stands two weeks on', scores(70), scores(110, 'v4', '2026-06-28')],
  ])('is believed when %s', async (_, before, after) => {
    const { cursor } = await fetched(feed(before))
    expect((await fetched(feed(after), cursor)).content.epss).toHaveLength(1_000)
  })

  it.each([
    ['many more high scores', 110],
    ['many fewer high scores', 40],
  ])('is not believed with %s overnight under the same model', async (_, high) => {
    const { cursor } = await fetched(feed(scores(70)))
    await expect(fetched(feed(scores(high, 'v4', '2026-06-14')), cursor)).rejects.toThrow(
      /from 7.0 % to .* under the same model v4/,
    )
  })

  it('is refused without the line that names its model', async () => {
    const text = good.toString().split('\n').slice(1).join('\n')
    await expect(fetched(feed(text))).rejects.toThrow('does not begin with "#model_version')
  })

  const names = ['2025-03-16', '2025-03-23', '2026-06-14', '2026-06-21']
  const files = names.map((name) => sharedData(`epss/epss_scores-asof-${name}.csv.gz`))
  const snapshots = sharedData('epss/snapshots.csv')
  const absent = snapshots === null || files.includes(null)
  it.skipIf(absent)(
    'counts real scores as its publisher did, through two changes of model',
    { timeout: 60_000 },
    async () => {
      const published = new Map(
        readFileSync(snapshots ?? '', 'utf8')
          .split('\n')
          .map((line) => [line.split(',')[0], line.split(',')]),
      )
      let cursor: string | null = null
      for (const [index, name] of names.entries()) {
        const result = await fetched(createEpssFeed({ name: 'epss', location: files[index] ?? '' }), cursor)
        cursor = result.cursor
        const all = result.content.epss ?? []
        const counts = [all.length, ...[0.01, 0.1, 0.5].map((least) => all.filter((one) => one.score >= least).length)]
        const [, , rows, , , , least1, least10, least50] = published.get(name) ?? []
        expect([name, ...counts]).toEqual([name, Number(rows), Number(least1), Number(least10), Number(least50)])
        expect(result.rejected).toEqual([])
      }
    },
  )
})

it('reads the dated file that the address leads to once, and again when it leads to another', async () => {
  let day = '2026-11-19'
  const read: string[] = []
  const server = createServer((request, response) => {
    if (request.url === '/current') return void response.writeHead(302, { location: `/epss-${day}` }).end()
    read.push(request.url ?? '')
    response.end(Buffer.concat([good, Buffer.from(`CVE-2026-${9_000_000 + read.length},0.01,0.5\n`)]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const location = `http://127.0.0.1:${(server.address() as AddressInfo).port}/current`
  const feed = createEpssFeed({ name: 'epss', location, attempts: 1 })
  const { signal } = new AbortController()
  try {
    const { cursor } = await fetched(feed)
    expect(JSON.parse(cursor).resolved).toMatch(/epss-2026-11-19$/)
    // Other bytes under the same name are not looked at: the publisher asks for one fetch a day.
    expect(await feed.fetch(cursor, signal)).toEqual({ status: 'unchanged' })
    day = '2026-11-20'
    expect(await feed.fetch(cursor, signal)).toMatchObject({ status: 'fetched' })
    expect(new Set(read)).toEqual(new Set(['/epss-2026-11-19', '/epss-2026-11-20']))
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
