import { expect, test } from 'vitest'
import { GENESIS } from '../../src/core/audit.ts'
import { contentOf } from '../../src/core/content.ts'
import { withContent, withContents } from '../../src/core/proposal/written.ts'
import { outcomesEvents, pageOf } from '../../src/core/rollout/results-page.ts'
import {
  contentsOf,
  nameContents,
  purgeContents,
  readContents,
  readLogs,
  storeContents,
} from '../../src/store/content.ts'
import { insertEntries } from '../../src/store/entries.ts'
import { readStream, readStreams } from '../../src/store/events.ts'
import { readRegister } from '../../src/store/persons.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { useDatabase } from '../support/database.ts'
import { machine } from '../support/proposal-case.ts'
import { content as aProposal, policy } from '../support/proposals.ts'
import { sealedEntry } from '../support/test-register.ts'

const database = useDatabase()
const NOW = '2026-11-20T00:00:00.000Z'
const later = (days: number) => new Date(Date.parse(NOW) + days * 86_400_000).toISOString()

/** An event of an outcome with a log, and what it names. */
function named(asset: string) {
  const outcome = { state: 'failed', reason: 'dpkg failed', log: `E: ${asset}` } as const
  const { command, contents } = withContents({ type: 'record-outcomes', outcomes: [{ asset, outcome }] })
  const [event] = outcomesEvents(command.type === 'record-outcomes' ? command.outcomes : [])
  const page = event && pageOf(event)
  if (!event || !page) throw new Error('no page')
  const recorded = { stream: `PW-${asset}`, seq: 1, at: NOW, actor: machine, event }
  return { contents, page, recorded, sealed: sealedEntry(recorded, GENESIS) }
}

async function hashes(): Promise<readonly string[]> {
  const rows = await database().sql`select encode(hash, 'hex') as hash from audit.content order by 1`
  return rows.map(({ hash }) => String(hash))
}

test('what is stored twice is there once, whatever its text', async () => {
  const { db } = database()
  const texts = ['', '"quoted" \\ back {a,b} NULL', 'ü\u0001\n', '{"a":"\\u0000"}']
  const contents = texts.map((text) => contentOf('log', text))
  await Promise.all(
    [1, 2, 3].map(() => storeContents(db, { contents: [...contents, ...contents].reverse(), now: NOW })),
  )
  expect(await hashes()).toEqual(contents.map(({ hash }) => hash).sort())
  const read = await readContents(
    db,
    contents.map(({ hash }) => hash),
  )
  for (const content of contents) expect(read.get(content.hash)).toEqual(content)
  expect(
    [
      ...(
        await readLogs(
          db,
          contents.map(({ hash }) => hash),
        )
      ).values(),
    ].sort(),
  ).toEqual([...texts].sort())
})

test('many rows are stored in several statements', async () => {
  const contents = Array.from({ length: 5_001 }, (_, index) => contentOf('log', `${index}`))
  await storeContents(database().db, { contents, now: NOW })
  expect(await hashes()).toHaveLength(5_001)
})

test('what no event names is deleted after 7 days, a log when it has expired, and a named page never', async () => {
  const { db } = database()
  const [kept, refused] = [named('a'), named('b')]
  await storeContents(db, { contents: [...kept.contents, ...refused.contents], now: NOW })
  await inTransaction(db, (tx) => nameContents(tx, [kept.page.hash], { contents: [], now: NOW }), {})
  expect(await purgeContents(db, later(6))).toBe(0)
  expect(await purgeContents(db, later(8))).toBe(1)
  expect(await hashes()).not.toContain(refused.page.hash)
  // Stored again, a log is kept for longer.
  await storeContents(db, { contents: kept.contents, now: later(10) })
  expect(await purgeContents(db, later(95))).toBe(1)
  expect(await purgeContents(db, later(101))).toBe(1)
  expect(await hashes()).toEqual([kept.page.hash])
})

test('content that a command is about to name is not deleted meanwhile; what was deleted before is stored again', async () => {
  const { db } = database()
  const { contents, page, sealed } = named('a')
  await storeContents(db, { contents: contents, now: NOW })
  const held = gate()
  const purged = gate()
  const command = inTransaction(
    db,
    async (tx) => {
      await nameContents(tx, [page.hash], { contents: [page], now: later(8) })
      held.open()
      await purged.opened
      await insertEntries(tx, [sealed])
    },
    {},
  )
  await held.opened
  expect(await purgeContents(db, later(8))).toBe(0)
  purged.open()
  await command
  expect(await hashes()).toContain(page.hash)
  expect(await purgeContents(db, later(9))).toBe(0)

  const other = named('b')
  await storeContents(db, { contents: other.contents, now: NOW })
  expect(await purgeContents(db, later(9))).toBe(1)
  await inTransaction(
    db,
    async (tx) => {
      await nameContents(tx, [other.page.hash], { contents: [other.page], now: later(9) })
      await insertEntries(tx, [other.sealed])
    },
    {},
  )
  expect(await hashes()).toContain(other.page.hash)
})

function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

test('a page that is missing, or is not what it was, is named with the event that needs it', async () => {
  const { db, sql } = database()
  const { contents, page, recorded, sealed } = named('a')
  await storeContents(db, { contents: contents, now: NOW })
  await insertEntries(db, [sealed])
  const { hash } = sealed
  expect(await readStream(db, 'PW-a')).toMatchObject([{ ...recorded, hash }])
  const name = `the results page ${page.hash.slice(0, 12)}`
  await sql`update audit.content set text = '{}' where kind = 1`
  const changed = `event 1 needs ${name}, which does not match its hash: it was changed`
  await expect(readStream(db, 'PW-a')).rejects.toThrow(`PW-a ${changed}`)
  const read = []
  for await (const some of readStreams(db, ['PW-a'], await readRegister(db))) read.push(...some)
  expect(read).toEqual([{ stream: 'PW-a', event: changed }])
  await sql`delete from audit.content`
  await expect(readStream(db, 'PW-a')).rejects.toThrow(`PW-a event 1 needs ${name}, which is missing`)
})

test('content that somebody made name itself is handed out once, to be found changed', async () => {
  const { db, sql } = database()
  const { content, contents } = withContent(aProposal(2))
  await storeContents(db, { contents, now: NOW })
  const opening = {
    type: 'opened',
    id: 'PW-1',
    number: 1,
    team: 'web',
    policy,
    expiresAt: NOW,
    noticeEndsAt: null,
  } as const
  const sealed = sealedEntry(
    { stream: 'PW-1', seq: 1, at: NOW, actor: machine, event: { ...opening, ...content } },
    GENESIS,
  )
  await sql`update audit.content set text = ${JSON.stringify({ assets: [content.contentHash] })}
    where hash = decode(${content.contentHash}, 'hex')`
  const given: string[] = []
  for await (const one of contentsOf(db, sealed, new Set())) given.push(one.hash)
  expect(given.filter((hash) => hash === content.contentHash)).toHaveLength(1)
})

test('what an event names keeps all that this names, however old that is', async () => {
  const { db } = database()
  const { content, contents } = withContent(aProposal(3))
  const refused = withContent(aProposal(4))
  await storeContents(db, { contents: [...contents, ...refused.contents], now: NOW })
  const named = [content.contentHash, content.evidence ?? '']
  await inTransaction(db, (tx) => nameContents(tx, named, { contents: [], now: NOW }), {})
  await purgeContents(db, later(30))
  expect(await hashes()).toEqual(contents.map(({ hash }) => hash).sort())
})
