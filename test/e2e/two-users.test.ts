/** The command line as two users of the operating system, each in a process of its own. */

import { spawn } from 'node:child_process'
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
if (!isRoot) console.info('Not run as root: both commands come from one system user.')

let database: TestDatabase
let folder: string

async function configured(cli: 'refused' | 'recorded'): Promise<void> {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden users '))
  await cp(path.join(root, 'examples/fleet.json'), path.join(folder, 'fleet.json'))
  await writeFile(
    path.join(folder, 'patchwarden.yaml'),
    `people: { mara: { name: Mara }, tom: { name: Tom } }
teams: { web-platform: { name: Web, channel: web, roles: { owner: [mara], security: [tom] }, policy: two, window: always, rollout: all } }
channels: { web: {} }
policies: { two: { kind: quorum, approvals: { owner: 1, security: 1 }, cli: ${cli}, stop: [owner], resume: { owner: 1 } } }
windows: { always: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] } }
rollouts: { all: { rings: [{ name: all, select: rest, batch: 1 }] } }
sources: { example: { kind: file, path: ./fleet.json, format: json, team: web-platform, engine: simulated } }
engines: { simulated: { kind: simulated, state: ./fleet.json } }
feeds: { catalog: { kind: file-catalog, path: ${path.join(root, 'examples/catalog.json')} } }
`,
  )
  for (const name of ['', 'fleet.json', 'patchwarden.yaml']) await chmod(path.join(folder, name), 0o777)
}
afterEach(async () => {
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

function patchwarden(
  user: 'own' | 'another',
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const env = {
    ...process.env,
    HOME: folder,
    DATABASE_URL: database.url,
    PATCHWARDEN_DATA: folder,
    LOG_LEVEL: 'silent',
  }
  const child = spawn(process.execPath, [path.join(root, 'bin/patchwarden.mjs'), ...args], {
    cwd: folder,
    env,
    ...(user === 'another' && isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => {
    out += String(data)
  })
  child.stderr.on('data', (data) => {
    err += String(data)
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

test('two system users are one hand, and the record names both', async () => {
  await configured('recorded')
  expect(await patchwarden('own', 'sync')).toMatchObject({ code: 0 })
  expect(await patchwarden('own', 'vote', 'PW-1', 'approve', '--as', 'mara')).toMatchObject({ code: 0, err: '' })
  expect(await patchwarden('another', 'vote', 'PW-1', 'approve', '--as', 'tom')).toMatchObject({
    code: 0,
    out: expect.stringContaining('PW-1 is open.'),
  })
  const { out } = await patchwarden('own', 'report', 'PW-1', '--json')
  const { state } = JSON.parse(out)
  const another = isRoot ? 'nobody' : userInfo().username
  expect(state).toMatchObject({
    status: 'open',
    votes: [
      { person: 'mara', through: { kind: 'command line', user: userInfo().username, host: hostname() } },
      { person: 'tom', through: { kind: 'command line', user: another, host: hostname() } },
    ],
  })
  const report = await patchwarden('own', 'report', 'PW-1')
  expect(report.out).toContain(`cli, by the command line (${another} on ${hostname()})`)
})

test('where the policy refuses it, it looks, stops and proposes, and decides nothing', async () => {
  await configured('refused')
  expect(await patchwarden('own', 'sync')).toMatchObject({ code: 0 })
  expect(await patchwarden('another', 'vote', 'PW-1', 'approve', '--as', 'mara')).toMatchObject({
    code: 1,
    err: expect.stringContaining('votes are not taken from the command line here'),
  })
  expect(await patchwarden('own', 'propose', '--as', 'mara')).toMatchObject({ code: 0 })
  // While people vote, withdrawing takes the vote from them.
  expect(await patchwarden('another', 'withdraw', 'PW-1', '--as', 'mara', '--because', 'not now')).toMatchObject({
    code: 1,
    err: expect.stringContaining('from the command line here'),
  })
  const until = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10)
  const freeze = ['freeze', 'PW-1', '--as', 'mara', '--until', until, '--because', 'not now']
  expect(await patchwarden('another', ...freeze)).toMatchObject({ code: 0 })
})
