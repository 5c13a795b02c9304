/**
 * Large decisions, by the real commands on a durable database.
 *
 * `npm run bench -- decisions [hosts] [one by one]`: recording what became of the hosts of one rollout.
 *
 * `npm run bench -- decisions votes [small] [large] [votes] [rows] [part ...]`: votes on a proposal of few assets and on
 * one of many. Parts, all unless some are named: `single` (one vote after the other), `rows` (the same while another
 * connection inserts so many rows at a time), `openings` (the same while further large proposals are opened), `together`
 * (ten votes at once).
 *
 * Without arguments: both.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openDatabase } from '../../src/store/database.ts'
import { measureOutcomes } from './decisions/outcomes.ts'
import { isPart, measureVotes, parts } from './decisions/votes.ts'

const given = process.argv.slice(2)
const numbers = given.filter((word) => /^\d+$/.test(word)).map(Number)
const onlyVotes = given[0] === 'votes'
const named = given.filter(isPart)

const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
const database = await openDatabase({
  url: undefined,
  dataDir: path.join(folder, 'postgres'),
  durable: true,
  log: () => {},
})
try {
  if (!onlyVotes) {
    const [hosts = 2_000, alone = hosts / 10] = numbers
    await measureOutcomes(database.db, hosts, alone)
  }
  if (onlyVotes || given.length === 0) {
    const [small = 500, large = 100_000, votes = 300, rows = 100_000] = onlyVotes ? numbers : []
    await measureVotes(database, { small, large, votes, rows, parts: named.length === 0 ? parts : named })
  }
} finally {
  await database.close()
  await rm(folder, { recursive: true, force: true })
}
