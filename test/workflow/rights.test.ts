/** What gives rights, as entries of the record: the configuration as loaded, groups, freezes, accounts, sessions. */

import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { noteConfiguration } from '../../src/app/rights.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { recordedConfiguration } from '../../src/config/recorded.ts'
import type { Config } from '../../src/config/schema.ts'
import { COMMAND_LINE } from '../../src/core/hands.ts'
import { defaultConfig } from '../../src/integrations/configuration.ts'
import type { Tx } from '../../src/store/connection.ts'
import { rightsInForce } from '../../src/store/entries.ts'
import { addFreeze, declaredFreezes, liftFreezes } from '../../src/store/freezes.ts'
import { forgetGroups, noteConfigured, readGroups, saveGroup } from '../../src/store/people.ts'
import { knowPersonsIn, readRegister } from '../../src/store/persons.ts'
import { outbox } from '../../src/store/schema.ts'
import { addSignInLink, endSession, endSessionsOf, redeemSignInLink } from '../../src/store/sessions.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { verifyRecord } from '../../src/workflow/audit.ts'
import { createDirectory } from '../../src/workflow/directory.ts'
import { noteRights } from '../../src/workflow/rights.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const NOW = '2026-11-28T14:05:00.000Z'
const LATER = '2026-11-28T15:05:00.000Z'
const from = { user: 'os-user-of-the-host', host: 'host-of-the-service' }
const platforms = ['console', 'slack', 'discord'].map((name) => ({ name, deliver: async () => null }))

let config: Config
beforeEach(() => {
  config = defaultConfig('/srv/patchwarden')
})

function start(loaded: Config): Promise<void> {
  return noteConfiguration({ config: loaded, database: { db: database().db }, parts: { platforms } }, from)
}

function startAt(loaded: Config, now: string): Promise<void> {
  const people = Object.entries(loaded.people).map(([id, { name }]) => ({ id, name }))
  const configuration = (pseudonymOf: (person: string) => string) => recordedConfiguration(loaded, pseudonymOf)
  return noteRights(database().db, { people, configuration, beside: from, platforms, now })
}

interface Told {
  readonly seq: number
  readonly by: string
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: JSON that a test looks into.
  readonly facts: any
  // biome-ignore lint/suspicious/noExplicitAny: JSON that a test looks into.
  readonly beside: any
}

async function told(stream: string, event?: string): Promise<readonly Told[]> {
  const rows = await database().sql<Told[]>`
    select seq, by, event, facts, beside from audit.facts where stream = ${stream} order by seq`
  return rows.filter((row) => event === undefined || row.event === event)
}

async function messages(): Promise<readonly { readonly where: string; readonly text: string }[]> {
  const rows = await database().db.select().from(outbox).orderBy(outbox.id)
  return rows.map(({ platform, channel, proposal, entry }) => {
    expect(proposal).toBeNull()
    return { where: `${platform} ${channel}`, text: entry === null ? '' : plain(entry.text) }
  })
}

async function pseudonym(person: string): Promise<string> {
  return (await readRegister(database().db)).pseudonymOf(person)
}

function verify(options: { readonly mayBeErased?: boolean } = {}) {
  const members = ['mara', 'priya'].map((id) => ({ id, name: id, roles: ['owner'] }))
  return verifyRecord(database().url, { rebuild: true, membersOf: () => members, now: LATER, ...options })
}

function changed(edit: (copy: Config) => void): Config {
  const copy = structuredClone(config)
  edit(copy)
  return copy
}

const moved = () =>
  changed(({ roles, teams }) => {
    roles['on-call'] = ['aisha']
    if (teams.payments) teams.payments.roles = { owner: ['priya', 'tom'] }
  })

describe('the configuration', () => {
  test('is recorded at the first start, which tells nobody, and again only where it is another one', async () => {
    await start(config)
    await start(config)
    const [loaded, ...more] = await told('rights')
    expect(more).toEqual([])
    expect(loaded).toMatchObject({
      by: 'operator',
      event: 'configuration-loaded',
      beside: { user: from.user, host: from.host, file: null },
    })
    expect(loaded?.facts).toEqual({ configuration: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await messages()).toEqual([])
    const known = await told('persons', 'person-known')
    expect(known.map(({ beside }) => beside.name).sort()).toEqual(
      Object.values(config.people)
        .map(({ name }) => name)
        .sort(),
    )
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('names what differs, and each team whose people are others is told once on each platform', async () => {
    await start(config)
    await start(moved())
    const [, second] = await told('rights')
    expect(second?.facts.changed).toEqual([
      { at: 'roles.on-call', added: [await pseudonym('aisha')], removed: [await pseudonym('jonas')] },
      { at: 'teams.payments.roles.owner', added: [await pseudonym('tom')] },
    ])
    const all = await messages()
    expect(all.map(({ where }) => where).sort()).toEqual([
      'console payments',
      'console this-machine',
      'console web-platform',
      'discord payments',
      'discord this-machine',
      'discord web-platform',
      'slack payments',
      'slack this-machine',
      'slack web-platform',
    ])
    expect(all.find(({ where }) => where === 'slack payments')?.text).toBe(
      'Who may decide for payments has changed: Aisha Rahman is on-call now, Tom Okafor is owner now, Jonas Berg is not on-call any more.',
    )
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('is recorded and told once where replicas start together', async () => {
    await start(config)
    const settings = moved()
    await Promise.all([start(settings), start(settings), start(settings)])
    expect(await told('rights')).toHaveLength(2)
    expect(await messages()).toHaveLength(9)
  })

  test('of two replicas at the very first start one records it, and everybody is known once', async () => {
    config = changed(({ people }) => {
      if (people.mara) people.mara.slack = 'U0MARA'
    })
    await Promise.all([start(config), start(config)])
    expect(await told('rights')).toHaveLength(1)
    expect(await told('persons', 'person-known')).toHaveLength(5)
    expect(await told('persons', 'account-named')).toHaveLength(1)
  })

  test('that it is recorded and that it is told is one transaction', async () => {
    await start(config)
    const { sql } = database()
    await sql`alter table outbox add constraint full_disk check (proposal is not null)`
    await expect(start(moved())).rejects.toThrow()
    expect(await told('rights')).toHaveLength(1)
    await sql`alter table outbox drop constraint full_disk`
    await start(moved())
    expect(await told('rights')).toHaveLength(2)
    expect(await messages()).toHaveLength(9)
  })

  test('a person who is called another name is no change of rights', async () => {
    await start(config)
    await start(
      changed(({ people }) => {
        if (people.mara) people.mara.name = 'Mara Berg'
      }),
    )
    expect(await told('rights')).toHaveLength(1)
    expect(await told('persons', 'person-renamed')).toMatchObject([
      { facts: { person: await pseudonym('mara') }, beside: { name: 'Mara Berg' } },
    ])
  })

  test('a person who left is told by the name that is known of them', async () => {
    await start(config)
    await start(
      changed(({ people, roles }) => {
        delete people.jonas
        roles['on-call'] = []
      }),
    )
    const [, second] = await told('rights')
    const removed = [await pseudonym('jonas')]
    expect(second?.facts.changed).toEqual([
      { at: 'people', removed },
      { at: 'roles.on-call', removed },
    ])
    expect((await messages())[0]?.text).toMatch(/Jonas Berg is not on-call any more/)
  })

  test('of 5,500 people is one content, and of a change in it an entry names what it has room for', async () => {
    const many = changed(({ people, teams }) => {
      const ids = Array.from({ length: 5_500 }, (_, index) => `person${index}`)
      for (const id of ids)
        people[id] = { name: `Name of ${id}`, email: `${id}@example.net`, slack: null, discord: null, timeZone: null }
      if (teams.payments) teams.payments.roles = { owner: ids }
    })
    await start(config)
    await start(many)
    const [, second] = await told('rights')
    expect(second?.facts.changed).toEqual([{ at: 'people' }, { at: 'teams.payments.roles.owner' }])
    expect(await told('persons', 'account-named')).toHaveLength(5_500)
    const { sql } = database()
    expect(await sql`select max(length(entry)) < 65536 as small from audit.entries`).toEqual([{ small: true }])
    expect(await messages()).toHaveLength(3)
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('one that is not there any more is said to be changed, and nobody is told what from', async () => {
    await start(config)
    await database().sql`delete from audit.content`
    await start(moved())
    const [, second] = await told('rights')
    expect(Object.keys(second?.facts)).toEqual(['configuration'])
    expect(await messages()).toEqual([])
  })
})

describe('accounts that the configuration names', () => {
  const named = { platform: 'slack' as const, account: 'U0MARA', person: 'mara' }

  test('are recorded when it begins to name them and when it ceases to', async () => {
    const { db } = database()
    await Promise.all([noteConfigured(db, [named], NOW), noteConfigured(db, [named, named], NOW)])
    await noteConfigured(db, [{ ...named, account: 'U0OTHER' }], LATER)
    const person = await pseudonym('mara')
    expect(await told('persons')).toMatchObject([
      { event: 'person-known' },
      { event: 'account-named', facts: { person, platform: 'slack' }, beside: { account: 'U0MARA' } },
      { event: 'account-unnamed', facts: { person, platform: 'slack' }, beside: { account: 'U0MARA' } },
      { event: 'account-named', facts: { person, platform: 'slack' }, beside: { account: 'U0OTHER' } },
    ])
  })
})

describe('groups of other systems', () => {
  test('are recorded where other people are in them than before', async () => {
    const { db } = database()
    const read = (people: readonly string[], seenAt: string) => saveGroup(db, { name: 'duty', people, seenAt })
    await Promise.all([read(['mara', 'tom'], NOW), read(['tom', 'mara'], NOW)])
    await read(['tom', 'mara', 'tom'], LATER)
    await read(['tom'], LATER)
    const [both, one] = [[await pseudonym('mara'), await pseudonym('tom')].sort(), [await pseudonym('tom')]]
    expect((await told('rights', 'group-read')).map(({ facts }) => facts)).toEqual([
      { group: 'duty', count: 2, people: both },
      { group: 'duty', count: 1, people: one },
    ])
    expect(await rightsInForce(db)).toBe(2)
  })

  test('that could not be read for a day are in the record once, and so is that they can be again', async () => {
    const { db } = database()
    const read = (seenAt: string) => saveGroup(db, { name: 'duty', people: ['mara'], seenAt })
    await read(NOW)
    await forgetGroups(db, NOW, LATER)
    expect(await readGroups(db)).toHaveLength(1)
    await Promise.all([forgetGroups(db, LATER, LATER), forgetGroups(db, LATER, LATER)])
    expect(await readGroups(db)).toEqual([])
    await read(LATER)
    expect((await told('rights')).map(({ event }) => event)).toEqual(['group-read', 'group-unread', 'group-read'])
  })

  test('whose system does not answer for a day are held by the fallback, and the record says since when', async () => {
    let now = new Date(NOW)
    let answers = true
    const read = async () => {
      if (!answers) throw new Error('No answer.')
      return { people: ['mara'], vain: [] }
    }
    const directory = createDirectory({
      db: database().db,
      clock: () => now,
      log: { info: () => {}, warn: () => {} },
      rotas: new Map(),
      fallbacks: new Map([['duty', ['jonas']]]),
    })
    directory.use([{ name: 'duty', read }])
    const atHour = async (hours: number) => {
      now = new Date(Date.parse(NOW) + hours * 3_600_000)
      await directory.refresh(new AbortController().signal)
      return [directory.inGroup('duty'), (await told('rights')).at(-1)?.event]
    }
    expect(await atHour(0)).toEqual([['mara'], 'group-read'])
    answers = false
    expect(await atHour(23)).toEqual([['mara'], 'group-read'])
    expect(await atHour(25)).toEqual([['jonas'], 'group-unread'])
    expect(await atHour(50)).toEqual([['jonas'], 'group-unread'])
    answers = true
    expect(await atHour(51)).toEqual([['mara'], 'group-read'])
    expect(await told('rights')).toHaveLength(3)
  })

  test('of many people are content', async () => {
    const { db, sql } = database()
    const people = Array.from({ length: 501 }, (_, index) => `person${index}`)
    await saveGroup(db, { name: 'everybody', people, seenAt: NOW })
    const [entry] = await told('rights')
    expect(Object.keys(entry?.facts).sort()).toEqual(['configuration', 'count', 'group'])
    const [row] = await sql`select text from audit.content where hash = decode(${entry?.facts.configuration}, 'hex')`
    expect(JSON.parse(row?.text).people).toHaveLength(501)
    expect(await verify()).toMatchObject({ ok: true })
  })
})

describe('sessions', () => {
  test('who made a link, who signed in by it, and who ended it', async () => {
    const { db } = database()
    const link = { tokenHash: 'link', person: 'tom', issuedBy: 'mara', madeBy: ['mara', COMMAND_LINE], example: false }
    await addSignInLink(db, { ...link, expiresAt: LATER }, NOW)
    const session = { tokenHash: 'session', createdAt: NOW, expiresAt: '2026-12-28T00:00:00.000Z' }
    expect(await redeemSignInLink(db, 'link', session, false)).toBe(true)
    expect(await redeemSignInLink(db, 'link', session, false)).toBe(false)
    await endSession(db, 'session', LATER)
    await endSession(db, 'session', LATER)
    await addSignInLink(
      db,
      { ...link, tokenHash: 'unused', madeBy: [COMMAND_LINE], expiresAt: '2026-12-01T00:00:00.000Z' },
      NOW,
    )
    await endSessionsOf(db, 'tom', { by: null, now: LATER })
    await endSessionsOf(db, 'tom', { by: null, now: LATER })
    const [tom, mara] = [await pseudonym('tom'), await pseudonym('mara')]
    const madeBy = [mara, COMMAND_LINE]
    expect((await told('persons')).slice(2).map(({ by, event, facts }) => ({ by, event, facts }))).toEqual([
      { by: mara, event: 'sign-in-link-issued', facts: { person: tom, madeBy, expiresAt: LATER, example: false } },
      { by: tom, event: 'signed-in', facts: { person: tom, how: 'link', madeBy, example: false } },
      { by: tom, event: 'session-ended', facts: { person: tom, sessions: 1, links: 0 } },
      {
        by: 'operator',
        event: 'sign-in-link-issued',
        facts: { person: tom, madeBy: [COMMAND_LINE], expiresAt: '2026-12-01T00:00:00.000Z', example: false },
      },
      { by: 'operator', event: 'session-ended', facts: { person: tom, sessions: 0, links: 1 } },
    ])
    expect(await verify()).toMatchObject({ ok: true })
  })
})

const actor = {
  kind: 'person',
  id: 'mara',
  name: 'Mara',
  via: 'cli',
  through: { kind: 'command line', user: from.user, host: from.host },
} as const

async function freeze(tx: Tx, { reason, now }: { readonly reason: string; readonly now: string }): Promise<void> {
  const register = await knowPersonsIn(tx, [{ id: 'mara', name: null }], now)
  await addFreeze(tx, { team: 'web', reason, fromAt: now, untilAt: '2026-12-20T00:00:00.000Z' }, { actor, register })
}

async function lift(tx: Tx, { now }: { readonly now: string }): Promise<number> {
  const register = await knowPersonsIn(tx, [{ id: 'mara', name: null }], now)
  return liftFreezes(tx, { team: 'web', now }, { actor, register })
}

describe('freezes', () => {
  const inForce = async (now: string) => (await declaredFreezes(database().db, 'web', now)).map(({ name }) => name)

  test('are in the record without any proposal, called by the reason until it is erased', async () => {
    const { db, sql } = database()
    await inTransaction(db, freeze, { reason: 'The sale of Tom', now: NOW })
    expect(await inForce(NOW)).toEqual(['The sale of Tom'])
    const by = await pseudonym('mara')
    expect(await sql`select id, team, person, entry, reason, lifted_by from freezes`).toEqual([
      { id: 1, team: 'web', person: by, entry: 1, reason: null, lifted_by: null },
    ])
    expect(await told('rights')).toEqual([
      {
        seq: 1,
        by,
        event: 'freeze-declared',
        facts: {
          freeze: 1,
          team: 'web',
          from: NOW,
          until: '2026-12-20T00:00:00.000Z',
          via: 'cli',
          through: { kind: 'command line' },
        },
        beside: { ...from, words: 'The sale of Tom' },
      },
    ])
    expect(await verify()).toMatchObject({ ok: true })
    await sql`update audit.entries set salt = null, beside = null where stream = 'rights'`
    expect(await inForce(NOW)).toEqual(['(erased)'])
    expect(await verify({ mayBeErased: true })).toMatchObject({ ok: true })
  })

  test('are lifted once, and each that is lifted is named', async () => {
    const { db } = database()
    for (const reason of ['one', 'two']) await inTransaction(db, freeze, { reason, now: NOW })
    const done = await Promise.all([inTransaction(db, lift, { now: LATER }), inTransaction(db, lift, { now: LATER })])
    expect(done.sort()).toEqual([0, 2])
    expect(await inForce(LATER)).toEqual([])
    expect((await told('rights', 'freeze-lifted')).map(({ facts }) => facts.freezes)).toEqual([[1, 2]])
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('of earlier versions hold with their reason, and are lifted', async () => {
    const { db, sql } = database()
    await sql`insert into freezes (team, person, reason, from_at, until_at)
      values ('web', 'mara', 'an earlier one', ${NOW}, '2026-12-20')`
    expect(await inForce(LATER)).toEqual(['an earlier one'])
    expect(await inTransaction(db, lift, { now: LATER })).toBe(1)
    expect(await inForce(LATER)).toEqual([])
    expect(await verify()).toMatchObject({ ok: true })
    await sql`update freezes set lifted_at = null, lifted_by = null`
    expect(await verify()).toMatchObject({
      ok: false,
      findings: [
        {
          record: 'freezes: freeze 1 of web by mara',
          problem: 'still holds, though rights event 1 lifted it',
        },
      ],
    })
  })

  test('an entry of one that somebody made unreadable is named', async () => {
    const { db, sql } = database()
    await inTransaction(db, freeze, { reason: 'one', now: NOW })
    const [kept] = await sql`select seq, entry from audit.entries where entry like '%"event":"freeze-declared"%'`
    for (const text of [`${kept?.entry}"`, '"event":"freeze-declared"', `[${kept?.entry}]`]) {
      await sql.begin(async (tx) => {
        await tx`set local session_replication_role = replica`
        await tx`update audit.entries set entry = ${text} where stream = 'rights' and seq = ${kept?.seq}`
      })
      const verdict = await verify()
      const found = verdict.ok ? [] : verdict.findings
      expect(found, text).toContainEqual({
        record: `rights event ${kept?.seq}`,
        problem: expect.stringMatching(/^is (not the JSON of an entry|not an entry)$/),
      })
    }
  })
})

test('in no fact and in no content stands a name, an e-mail address, an account, a reason, or where the service runs', async () => {
  const { db, sql } = database()
  const personal = ['mara@example.net', 'U0MARA', '80351110224678912', 'The reason of Tom', from.user, from.host]
  config = changed(({ people }) => {
    if (people.mara) Object.assign(people.mara, { email: personal[0], slack: personal[1], discord: personal[2] })
  })
  await start(config)
  await start(moved())
  await inTransaction(db, freeze, { reason: 'The reason of Tom', now: NOW })
  await inTransaction(db, lift, { now: LATER })
  await saveGroup(db, { name: 'duty', people: ['mara'], seenAt: NOW })
  await addSignInLink(
    db,
    { tokenHash: 'l', person: 'mara', issuedBy: 'tom', madeBy: ['tom'], expiresAt: LATER, example: true },
    NOW,
  )
  const texts = [
    ...(await sql`select entry as text from audit.entries`),
    ...(await sql`select text from audit.content`),
  ].map(({ text }) => String(text))
  expect(texts.length).toBeGreaterThan(10)
  const names = Object.entries(config.people).flatMap(([id, { name }]) => [name, ...name.split(' '), `"${id}"`])
  for (const text of texts) for (const word of [...personal, ...names]) expect(text).not.toContain(word)
  const besides = (await sql`select beside from audit.entries where beside is not null`).map(({ beside }) =>
    String(beside),
  )
  for (const word of personal) expect(besides.join('\n')).toContain(word)
})

test('which rights are in force is one look into an index', async () => {
  await start(config)
  const plan = await database().sql.begin(async (sql) => {
    await sql`set local enable_seqscan = off`
    return sql`explain select seq, hash from audit.entries where stream = 'rights' order by seq desc limit 1`
  })
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(
    /^Limit .*\n.*Index Scan Backward using entries_stream_seq/,
  )
})

test('who could decide on a day, and under which policy, is asked as docs/audit.md says', async () => {
  const { db, sql } = database()
  const page = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8')
  const query = /## Asking the record[\s\S]*?```sql\n([\s\S]*?)```/.exec(page)?.[1]
  if (query === undefined) throw new Error('docs/audit.md has no query.')
  const withGroups = changed(({ roles, teams, groups }) => {
    groups.turns = {
      kind: 'rota',
      people: ['jonas', 'aisha'],
      start: '2026-01-05',
      handover: '09:00',
      every: 7,
      timeZone: null,
      overrides: [{ from: '2026-12-24', to: '2026-12-26', person: 'mara' }],
    }
    groups.leads = { kind: 'calendar', location: '/leads.ics', fallback: ['mara'] }
    groups.duty = { kind: 'pagerduty', schedule: 'PABC123', fallback: ['tom'] }
    roles['on-call'] = ['group:turns']
    if (teams.payments) teams.payments.roles = { owner: ['priya', 'group:duty'], lead: ['group:leads'] }
  })
  await startAt(withGroups, '2026-11-28T12:00:00.000Z')
  await saveGroup(db, { name: 'duty', people: ['aisha'], seenAt: '2026-11-28T13:00:00.000Z' })
  await saveGroup(db, { name: 'leads', people: ['tom'], seenAt: '2026-11-27T10:00:00.000Z' })
  await forgetGroups(db, '2026-11-27T14:00:00.000Z', '2026-11-28T14:00:00.000Z')
  // The day that the page asks about ends before this.
  await startAt(config, '2026-11-29T08:00:00.000Z')
  await saveGroup(db, { name: 'duty', people: ['jonas'], seenAt: '2026-11-29T09:00:00.000Z' })
  const rows = await sql.unsafe(query)
  const register = await readRegister(db)
  const people = (all: typeof rows) => all.map(({ role, person }) => `${role} ${register.personOf(person).id}`).sort()
  expect(people(rows)).toEqual([
    'lead mara',
    'on-call aisha',
    'on-call jonas',
    'on-call mara',
    'operator mara',
    'owner aisha',
    'owner priya',
    'security aisha',
    'security tom',
  ])
  for (const row of rows) expect(row).toMatchObject({ policy: 'standard', approvals: { owner: 1 }, rights: 1 })
  const today = await sql.unsafe(query.replace('2026-11-28 18:00+00', '2999-01-01'))
  expect(people(today)).toEqual(['on-call jonas', 'operator mara', 'owner priya', 'security aisha', 'security tom'])
})
