import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { linkedAccounts, outbox } from '../../src/store/schema.ts'
import { createFakeDiscord, type FakeDiscord } from '../fakes/discord/fake-discord.ts'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let discord: FakeDiscord
let folder: string
let config: readonly [string, string]

const linkedAt = '2026-11-28T14:05:00.000Z'
const mara = '200000000000000001'
let tomski: string

beforeEach(async () => {
  database = await createTestDatabase()
  discord = await createFakeDiscord()
  const guild = discord.addGuild()
  const user = discord.addUser('tomski')
  discord.join(guild, user)
  tomski = user.id
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden cli '))
  const file = path.join(folder, 'patchwarden.yaml')
  await writeFile(file, `people: { mara: { name: Mara, discord: "${mara}" }, tom: { name: Tom } }\n`)
  config = ['--config', file]
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PATCHWARDEN_DATA', folder)
  vi.stubEnv('LOG_LEVEL', 'silent')
  await database.db.insert(linkedAccounts).values([
    { platform: 'discord', account: tomski, label: 'tomski\u001b[2J', person: 'tom', linkedAt, confirmedIn: 'console' },
    { platform: 'slack', account: 'U0EVA', person: 'eva', linkedAt },
  ])
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await discord.close()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const accounts = (...words: string[]) => patchwarden(...config, 'accounts', ...words)

test('accounts lists who speaks for whom, and since when', async () => {
  const { code, out } = await accounts()
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    `mara  Discord account ${mara}  named in the configuration`,
    'eva   Slack account U0EVA                 linked 2026-11-28 14:05 UTC; not in the configuration, so it speaks for nobody',
    expect.stringMatching(/^tom +Discord account "tomski.*" \(\d+\) {2}linked in the console, 2026-11-28 14:05 UTC$/),
    '',
  ])
  expect(out).not.toContain('\u001b')
  const json = (await accounts('--person', 'tom', '--json')).out
  expect(JSON.parse(json)).toEqual({
    person: 'tom',
    platform: 'discord',
    account: tomski,
    label: 'tomski\u001b[2J',
    linkedAt,
    confirmedIn: 'console',
  })
  expect((await accounts('--person', 'eva')).out).toContain('U0EVA')
  expect(await accounts('--person', 'maria')).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no person "maria"'),
  })
})

test('accounts revoke ends a link, says so, and says the same when it is gone', async () => {
  const first = await accounts('revoke', 'discord', tomski)
  expect(first).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Revoked: the Discord account .*tom\./) })
  expect((await database.db.select().from(linkedAccounts)).map(({ person }) => person)).toEqual(['eva'])
  const again = await accounts('revoke', 'discord', tomski)
  const gone = `No Discord account ${tomski} is linked: nothing had to be done.\n`
  expect(again).toEqual({ code: 0, err: '', out: gone })
  expect((await accounts('revoke', 'slack', 'U0EVA')).code).toBe(0)
  expect((await accounts('--person', 'tom')).out).toBe('No account is named or linked for tom.\n')
  const json = await accounts('revoke', 'slack', 'U0EVA', '--json')
  expect(JSON.parse(json.out)).toMatchObject({ ok: true, platform: 'slack', account: 'U0EVA' })
  const others = await accounts('revoke', 'discord', tomski, '--person', 'mara')
  expect(others.out).toContain('is linked with mara: nothing had to be done')
})

test('the revoked account is told by direct message', async () => {
  vi.stubEnv('DISCORD_BOT_TOKEN', discord.token)
  vi.stubEnv('DISCORD_API_URL', discord.url)
  await accounts('revoke', 'discord', tomski)
  expect(discord.directMessages(tomski).map(({ content }) => content)).toEqual([
    expect.stringMatching(/no longer speaks for you: revoked on the command line at/),
  ])
  const rows = await database.db.select().from(outbox)
  expect(rows).toMatchObject([{ channel: `@@${tomski}`, problem: null, deliveredAt: expect.any(String) }])
})

test.each<[readonly string[], number, RegExp]>([
  [['revoke'], 2, /missing required argument 'platform'/],
  [['revoke', 'discord'], 2, /missing required argument 'account'/],
  [['revoke', 'teams', 'x'], 2, /There is no platform "teams"; use slack or discord\./],
  [['revoke', '__proto__', 'x'], 2, /There is no platform "__proto__"/],
  [['revoke', 'discord', ' '], 2, /Name the account; "patchwarden accounts" lists them\./],
  [['revoke', 'discord', mara], 1, /is named in the configuration, and only there can that be changed\./],
  [['conquer'], 2, /too many arguments/],
])('accounts %j is refused in one line', async (words, code, says) => {
  const answer = await accounts(...words)
  expect(answer).toMatchObject({ code, out: '', err: expect.stringMatching(says) })
  expect(answer.err.trim().split('\n')).toHaveLength(1)
})
