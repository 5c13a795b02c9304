import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { actionNames } from '../../src/chat/actions.ts'
import { commandReference } from '../../src/chat/command-reference.ts'
import { typedAs } from '../../src/chat/slash.ts'
import { permissionReference } from '../../src/core/permission/reference.ts'
import { connect } from '../../src/store/database.ts'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string

/** One database for all: the commands follow each other as an operator would type them. */
beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden cli '))
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PATCHWARDEN_DATA', folder)
  vi.stubEnv('PATCHWARDEN_CONFIG', '')
  vi.stubEnv('LOG_LEVEL', 'silent')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

function json(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('bad use is one line on stderr and exit code 2', () => {
  test.each([
    [['conquer'], /unknown command 'conquer'/],
    [['vote'], /missing required argument 'proposal'/],
    [['vote', 'PW-1', 'maybe', '--as', 'mara'], /There is no choice "maybe"; use approve, reject, abstain, withdraw/],
    [['vote', 'PW-999', 'approve', '--as', 'mara'], /There is no proposal PW-999/],
    [['versions', 'roman'], /There is no version scheme "roman"; use dpkg/],
    [['audit', 'verify', '/nowhere/export.jsonl'], /cannot be read/],
    [['--config', '/nowhere.yaml', 'proposals'], /nowhere\.yaml/],
    [['windows', '--team', 'nobody'], /nobody/],
    [['plan', 'PW-1', '--zone', 'Mars/Olympus'], /There is no time zone "Mars\/Olympus"/],
    [['plan', 'PW-1', '--picture', 'plan.gif'], /let it end in \.svg or \.png/],
    [['watch', 'PW-999'], /There is no proposal PW-999/],
    [['windows'], /one of --team, --asset and --rule/],
    [['windows', '--asset', 'nothing'], /There is no server "nothing"/],
    [['windows', '--team', 'web-platform', '--zone', 'UTC'], /--zone goes with --rule only/],
    [['windows', '--rule', 'FREQ=SOMETIMES', '--duration', 'PT1H'], /"SOMETIMES"/],
    [['windows', '--rule', 'FREQ=DAILY'], /--rule needs --duration/],
    [['windows', '--rule', 'FREQ=DAILY', '--duration', '3'], /--duration is the bare number 3/],
    [['windows', '--rule', 'FREQ=DAILY', '--duration', 'PT0S'], /--duration is "PT0S"/],
    [['windows', '--rule', 'FREQ=DAILY', '--duration', 'PT1H', '--zone', 'Mars'], /"Mars" is not a time zone/],
    [['windows', '--rule', 'FREQ=DAILY', '--duration', 'PT1H', '--from', 'soon'], /"soon" is not a time for --from/],
    [['windows', '--rule', 'FREQ=DAILY', '--duration', 'PT1H', '--count', '10001'], /--count takes a number/],
    [['windows', '--rule', 'FREQ=DAILY', '--duration', 'PT1H'], /--rule does not say by itself when it begins/],
  ])('%j', async (argv, says) => {
    const { code, out, err } = await patchwarden(...argv)
    expect(err).toMatch(says)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })
})

test('windows of a bare rule are not merged, and are one line of JSON', async () => {
  const rule = 'RRULE:FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0'
  const times = ['--duration', 'PT3H', '--zone', 'Europe/Berlin', '--from', '2026-03-28T12:00:00Z']
  const { code, out, err } = await patchwarden('windows', '--rule', rule, ...times, '--count', '3', '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.endsWith('\n') && out.trim().split('\n')).toHaveLength(1)
  // 02:00 of the 29th does not exist: read with the offset before, it is the same instant as 03:00.
  expect(JSON.parse(out)).toEqual([
    { start: '2026-03-29T01:00:00.000Z', end: '2026-03-29T04:00:00.000Z' },
    { start: '2026-03-30T00:00:00.000Z', end: '2026-03-30T03:00:00.000Z' },
    { start: '2026-03-30T01:00:00.000Z', end: '2026-03-30T04:00:00.000Z' },
  ])
  const many = await patchwarden('windows', '--rule', 'FREQ=HOURLY', ...times, '--count', '10000', '--json')
  expect(JSON.parse(many.out)).toHaveLength(10_000)
})

test('windows are printed in the zone that was asked for, and a rule without minutes has none of now', async () => {
  const rule = ['windows', '--rule', 'FREQ=DAILY;BYHOUR=2', '--duration', 'PT3H', '--zone', 'Europe/Berlin']
  const { code, out } = await patchwarden(...rule, '--from', '2026-10-24T12:34:56Z', '--count', '2')
  expect(code).toBe(0)
  // The clocks go back on the 25th: 02:00 comes twice there, and the first one counts (RFC 5545, 3.3.5).
  expect(out.trim().split('\n')).toEqual([
    'Times in Europe/Berlin.',
    '2026-10-25T02:00:00+02:00 to 2026-10-25T04:00:00+01:00',
    '2026-10-26T02:00:00+01:00 to 2026-10-26T05:00:00+01:00',
  ])
})

// One process for each command.
test('from the first look to the vote, as an operator types it', { timeout: 90_000 }, async () => {
  const synced = await patchwarden('sync', '--json')
  expect(synced.code).toBe(0)
  expect(json(synced.out)).toEqual([
    {
      reports: expect.any(Array),
      proposed: { opened: ['PW-1', 'PW-2'], revised: [], closed: [] },
      coverage: {
        platforms: [expect.objectContaining({ platform: 'debian:12' })],
        notAssessed: [],
        feeds: [],
        skippedRecords: 0,
      },
    },
  ])

  const listed = json((await patchwarden('proposals', '--json')).out)
  expect(listed).toHaveLength(2)
  expect(listed[0]).toMatchObject({ id: 'PW-1', team: 'web-platform', status: 'open', priority: 'immediate' })

  const missing = json((await patchwarden('assess', '--json')).out)
  expect(missing[0]).toMatchObject({
    source: 'openssl',
    priority: 'immediate',
    assets: expect.arrayContaining(['web-01']),
  })

  expect((await patchwarden('explain', 'openssl')).out).toContain('CISA KEV')
  expect(json((await patchwarden('explain', 'PW-1', '--json')).out)[0]).toMatchObject({ source: 'openssl' })
  expect(await patchwarden('explain', 'CVE-1999-0001')).toMatchObject({
    code: 1,
    out: expect.stringContaining('No feed knows CVE-1999-0001'),
  })
  expect((await patchwarden('plan', 'pw-1')).out).toContain('What would run on web-01, exactly:')
  expect((await patchwarden('report', 'PW-1')).out).toContain('## Record')
  expect(json((await patchwarden('report', 'PW-1', '--json')).out)[0]).toMatchObject({ state: { id: 'PW-1' } })
  const ofTeam = await patchwarden('windows', '--team', 'web-platform', '--json')
  expect(ofTeam.code).toBe(0)
  expect((await patchwarden('windows', '--asset', 'web-01', '--json')).out).toBe(ofTeam.out)

  const nobody = await patchwarden('vote', 'PW-1', 'approve')
  expect(nobody).toMatchObject({ code: 2, err: expect.stringContaining('Say who you are: --as <person>') })
  const stranger = await patchwarden('vote', 'PW-1', 'approve', '--as', 'santa')
  expect(stranger).toMatchObject({ code: 2, err: expect.stringContaining('There is no person "santa"') })
  const without = await patchwarden('vote', 'PW-1', 'approve', '--as', 'jonas')
  expect(without).toMatchObject({ code: 1, err: expect.stringContaining('takes the role') })
  const refused = await patchwarden('vote', 'PW-1', 'approve', '--as', 'jonas', '--json')
  expect(json(refused.out)).toEqual([
    {
      ok: false,
      proposal: 'PW-1',
      team: null,
      code: 'not allowed',
      sentence: expect.any(String),
      status: 'open',
      missing: expect.any(Array),
    },
  ])
  const silent = await patchwarden('vote', 'PW-1', 'reject', '--as', 'tom')
  expect(silent).toMatchObject({ code: 2, err: expect.stringContaining('Say why') })
  expect(await patchwarden('vote', 'PW-1', 'approve', '--as', 'mara')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Your approval is recorded\.\nPW-1 is open\. .*Mara Keller \(.*\) approved\. .*Tom/),
  })
  expect(await patchwarden('vote', 'PW-1', 'approve', '--as', 'mara')).toMatchObject({
    code: 1,
    err: expect.stringContaining('one person counts once'),
  })
  expect(await patchwarden('vote', 'PW-1', 'approve', '--as', 'tom')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Your approval is recorded\.\nPW-1 is scheduled\. /),
  })
  expect(await patchwarden('ack', 'PW-1', '--as', 'jonas')).toMatchObject({
    code: 1,
    err: expect.stringContaining('Nobody is asked to acknowledge PW-1'),
  })
  expect(await patchwarden('halt', 'PW-1', '--as', 'jonas')).toMatchObject({
    code: 1,
    err: expect.stringContaining('nothing to halt'),
  })
  expect(await patchwarden('withdraw', 'PW-1', '--as', 'mara', '--because', 'a test')).toMatchObject({ code: 0 })
})

test('the fleet in counts says what each asset says by itself', async () => {
  const { code, out } = await patchwarden('assess', '--summary', '--json')
  expect(code).toBe(0)
  const [summary] = json(out)
  expect(summary).toMatchObject({
    assets: expect.any(Number),
    patches: expect.arrayContaining([expect.objectContaining({ source: 'openssl', priority: 'immediate' })]),
  })
})

test('only who has a role in a team proposes for it', async () => {
  expect(await patchwarden('propose', '--team', 'web-platform', '--as', 'priya')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^Not proposed: Priya Nair has no role in web-platform\. Mara Keller, .* can\.$/m),
  })
})

test('who proposed cannot approve', async () => {
  const proposed = await patchwarden('propose', '--team', 'web-platform', '--as', 'mara')
  expect(proposed.out).toMatch(/^Opened PW-\d+/)
  const id = /PW-\d+/.exec(proposed.out)?.[0] ?? ''
  expect(await patchwarden('vote', id, 'approve', '--as', 'mara')).toMatchObject({
    code: 1,
    err: expect.stringContaining(`You proposed ${id}`),
  })
})

test('the record is checked, exported, and one changed byte of the export is named', async () => {
  expect(await patchwarden('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
  const file = path.join(folder, 'export.jsonl')
  const exported = await patchwarden('audit', 'export')
  await writeFile(file, exported.out)
  expect((await patchwarden('audit', 'verify', file)).code).toBe(0)
  const text = await readFile(file, 'utf8')
  const choice = String.raw`\"choice\":\"approve\"`
  expect(text).toContain(choice)
  await writeFile(file, text.replace(choice, choice.replace('approve', 'opprove')))
  const changed = await patchwarden('audit', 'verify', file)
  expect(changed.code).toBe(1)
  expect(changed.out + changed.err).toMatch(/line \d+ \(PW-1 event \d+\)/)
})

test('check names the version of the time zone data', async () => {
  const { code, out } = await patchwarden('check', '--offline')
  expect(code).toBe(0)
  expect(out).toContain(`Time zones are those of the tz database ${process.versions.tz}, by Node.js`)
  const [facts] = json((await patchwarden('check', '--offline', '--json')).out)
  expect(facts).toMatchObject({ timeZoneData: process.versions.tz })
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'))
  expect(await patchwarden('--version')).toMatchObject({ code: 0, out: `${version}\n`, err: '' })
})

test('help names every command that works, and no other', async () => {
  const { out } = await patchwarden('--help')
  for (const name of [
    'start',
    'init',
    'check',
    'sync',
    'assess',
    'explain',
    'propose',
    'vote',
    'plan',
    'watch',
    'report',
    'windows',
    'audit',
    'mine',
    'running',
    'assets',
    'postpone',
    'freeze',
    'unfreeze',
    'rollback',
  ]) {
    expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
  }
  expect(out).not.toMatch(/^ {2}digest\b/m)
})

test('what is printed of the commands is what docs/commands.md is written from, and the help in chat', async () => {
  expect((await patchwarden('commands', '--markdown')).out).toBe(commandReference())
  const { out } = await patchwarden('commands')
  for (const name of actionNames) expect(out).toContain(`/patch ${typedAs(name)}: `)
})

test('the table of permissions that is printed is what docs/permissions.md is written from', async () => {
  expect((await patchwarden('may', '--markdown')).out).toBe(permissionReference())
})

test('whether somebody may do something is said with every condition', async () => {
  const yes = await patchwarden('may', 'comment', 'PW-1', '--as', 'tom')
  expect(yes).toMatchObject({ code: 0, out: expect.stringMatching(/^Tom .*may: comment PW-1\.\n( {2}yes .*\n)+$/) })
  const no = await patchwarden('may', 'resume', 'PW-1', '--as', 'mara', '--json')
  expect(no.code).toBe(1)
  expect(JSON.parse(no.out)).toMatchObject({
    may: false,
    refusal: expect.stringContaining('not stopped'),
    conditions: [
      { holds: true },
      { holds: true },
      { holds: false, what: expect.stringMatching(/^When: /) },
      { holds: true },
    ],
  })
  expect(await patchwarden('may', 'fly', 'PW-1', '--as', 'mara')).toMatchObject({
    code: 2,
    err: expect.stringContaining('one of comment, ask, approve'),
  })
})

test('what waits for somebody, what runs, and assets are shown as in chat', async () => {
  expect((await patchwarden('mine', '--as', 'mara')).out).toMatch(/Decided\n {2}PW-1 .*approve/)
  expect((await patchwarden('running')).out).toContain('nothing')
  expect((await patchwarden('assets', 'PW-1')).out).toContain('Ring canary')
  expect((await patchwarden('mine')).code).toBe(2)
})

test('a freeze holds until it is lifted, and only those who may declare it', async () => {
  const until = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10)
  const freeze = (person: string) =>
    patchwarden('freeze', 'PW-1', '--as', person, '--until', until, '--because', 'The year ends.')
  expect(await freeze('tom')).toMatchObject({ code: 1, err: expect.stringContaining('takes the role') })
  expect(await freeze('jonas')).toMatchObject({ code: 0, out: expect.stringContaining('starts before') })
  expect((await patchwarden('plan', 'PW-1')).out).not.toContain(new Date().toISOString().slice(0, 10))
  expect(await patchwarden('unfreeze', 'PW-1', '--as', 'mara')).toMatchObject({ code: 0 })
  const ofTeam = ['--team', 'payments', '--as', 'jonas'] as const
  expect(await patchwarden('freeze', ...ofTeam, '--until', until, '--because', 'The year ends.')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Nothing of payments starts before /),
  })
  expect((await patchwarden('windows', '--team', 'payments')).out).toContain('The year ends.')
  expect(await patchwarden('freeze', 'PW-1', '--team', 'payments')).toMatchObject({ code: 2 })
  expect(await patchwarden('freeze', '--team', 'nobody', '--as', 'jonas')).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no team "nobody"'),
  })
  expect(await patchwarden('freeze')).toMatchObject({ code: 2, err: expect.stringContaining('or --team <team>') })
})

test('a plan is forecast in the zone that is asked for, and drawn', async () => {
  const { out } = await patchwarden('plan', 'PW-1', '--zone', 'Asia/Kathmandu')
  expect(out).toMatch(/Expected from {2,}To {2,}Watched until/)
  expect(out).toContain('GMT+5:45')
  const { forecast } = JSON.parse((await patchwarden('plan', 'PW-1', '--json')).out)
  expect(Date.parse(forecast.end)).toBeGreaterThan(Date.now())
  const svg = path.join(folder, 'plan.svg')
  const png = path.join(folder, 'plan.png')
  expect((await patchwarden('plan', 'PW-1', '--picture', svg, '--zone', 'Asia/Kathmandu')).code).toBe(0)
  expect(await readFile(svg, 'utf8')).toContain('Times in Asia/Kathmandu.')
  expect((await patchwarden('plan', 'PW-1', '--picture', png)).code).toBe(0)
  expect((await readFile(png)).subarray(1, 4).toString('latin1')).toBe('PNG')
  const nowhere = await patchwarden('plan', 'PW-1', '--picture', path.join(folder, 'none', 'plan.png'))
  expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining('cannot be written') })
})

test('watching follows a proposal to its end, in plain lines where nobody looks, and says how it ended', async () => {
  const watching = patchwarden('watch', 'PW-2')
  const { db, end } = connect(database.url)
  try {
    // Straight in the database: a second command would mix its lines with those of the first.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const withdrawn = sql`update proposals set state = jsonb_set(state, '{status}', '"withdrawn"'),
      head_hash = 'another' where id = 'PW-2'`
    await db.execute(withdrawn)
    await db.execute(sql`select pg_notify('patchwarden_changes', '{"channel":"payments","proposal":"PW-2"}')`)
    const { code, out } = await watching
    expect(code).toBe(1)
    expect(out).toMatch(/^PW-2 open: .*$/m)
    expect(out).toMatch(/^ {2}\S+ +\[\.{30}] 0 of \d+ done$/m)
    expect(out).toMatch(/^PW-2 withdrawn: .*$/m)
    // What has not changed is not said again.
    expect(out.match(/^PW-2 open/gm)).toHaveLength(1)
    const rings = out.split('\n').filter((text) => text.includes('[....'))
    expect(new Set(rings).size).toBe(rings.length)
  } finally {
    await end()
  }
})

test('a rejection holds to the end of its day, as one from chat does', async () => {
  const open = json((await patchwarden('proposals', '--json')).out)
  const id = String(open.map((one) => (one as { id: string }).id).find((one) => one !== 'PW-2'))
  const day = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
  const because = ['--because', 'later', '--until', day, '--owner', 'tom']
  expect(await patchwarden('vote', id, 'reject', '--as', 'tom', ...because)).toMatchObject({ code: 0, err: '' })
  const { state } = JSON.parse((await patchwarden('report', id, '--json')).out)
  expect(state.deferral.until).toBe(`${day}T23:59:59.000Z`)
})
