/** One step of the bench in a process of its own, so that what a step needs counts for no other. */

import { sql } from 'drizzle-orm'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { type Figures, inSeconds, type Part, tell } from './figures.ts'
import { storeFixture, timed } from './fixture.ts'
import { measureFloors } from './floors.ts'
import { type History, makeHistory, usualHistory } from './history.ts'
import { scaleOf } from './hosts.ts'
import { measurePages } from './pages.ts'
import { measureForPair, type OfPair } from './pairs.ts'
import { measureWork } from './work.ts'

export interface Step {
  readonly step: 'fixture' | 'history' | 'work' | 'pages' | 'floors' | 'pair'
  readonly url: string
  readonly hosts: number
  readonly unique: boolean
  /** ISO 8601 UTC. */
  readonly now: string
  readonly scores: number
  readonly only: readonly Part[]
  /** Made by the step `history`, of what is proposed in the database `drafts`. */
  readonly history: History | null
  readonly drafts: string
}

/** What a step says when it ends. */
export type Answer = Partial<Figures> | OfPair

async function run({ step, url, hosts, unique, ...given }: Step): Promise<Answer> {
  const scale = scaleOf(hosts, unique)
  const database = await open(url)
  const { db } = database
  try {
    switch (step) {
      case 'fixture': {
        const said = (what: string, seconds: number) => tell(`  ${what}`, inSeconds(seconds))
        await storeFixture(db, scale, given, said)
        await timed('vacuum and analyze', said, () => db.execute(sql`vacuum analyze`))
        const [row] = await db.execute<Pick<Figures, 'sets' | 'durable'>>(sql`
          select (select count(*)::int from software_sets) as sets, current_setting('fsync') = 'on' as durable`)
        return { hosts, ...row }
      }
      case 'history': {
        const drafts = await open(given.drafts)
        try {
          return await makeHistory(database, drafts, scale, given.history ?? usualHistory)
        } finally {
          await drafts.close()
        }
      }
      case 'pair':
        return await measureForPair(database, scale)
      case 'work':
        return await measureWork(database, { scale, ...given })
      case 'pages':
        return await measurePages(database, scale)
      case 'floors':
        await measureFloors(database, scale, given.now)
        return {}
    }
  } finally {
    await database.close()
  }
}

function open(url: string): Promise<Database> {
  return openDatabase({ url, dataDir: '', durable: true, log: () => {} })
}

const answer = await run(JSON.parse(process.argv[2] ?? ''))
process.send?.(answer, () => process.disconnect())
