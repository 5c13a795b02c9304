/** Accounts that people link with themselves: confirmed by whoever read whose account it is, told, listed and revoked. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Account, Accounts } from '../../src/chat/accounts.ts'
import type { Person } from '../../src/chat/desk.ts'
import type { ChatPlatform } from '../../src/chat/platform.ts'
import { createReception } from '../../src/chat/reception.ts'
import { plain, type RichText } from '../../src/chat/rich-text.ts'
import { COMMAND_LINE } from '../../src/core/hands.ts'
import type { Via } from '../../src/core/proposal/proposal.ts'
import { readRegister } from '../../src/store/persons.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { linkedAccounts, outbox } from '../../src/store/schema.ts'
import { createAccounts } from '../../src/workflow/accounts.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, proposeAll } from '../support/example-service.ts'

const database = useDatabase()

const people = [
  { id: 'mara', name: 'Mara', email: null, slack: 'U0MARA', discord: null },
  { id: 'tom', name: 'Tom', email: null, slack: null, discord: '200000000000000001' },
  { id: 'jonas', name: 'Jonas', email: null, slack: null, discord: null },
]
const tomski = discord('803511102246789121', 'tomski')
const other = discord('803511102246789122', 'other')

interface Told {
  readonly platform: string
  /** The account it reached; `null`: none. */
  readonly account: string | null
  readonly text: string
}

let service: Awaited<ReturnType<typeof exampleService>>
let accounts: Accounts
let told: Told[]
let clock: Date

function discord(id: string, label: string): Account {
  return { platform: 'discord', id, realm: null, label, verifiedEmail: null }
}

function slackAccount(id: string): Account {
  return { platform: 'slack', id, realm: { id: 'T0MAIN', only: true }, label: id.toLowerCase(), verifiedEmail: null }
}

/** Delivers to whatever account the person has then, as Slack and Discord do. */
function platform(name: 'slack' | 'discord'): ChatPlatform {
  return {
    name,
    async deliver({ channel, entry }) {
      if (entry === null || !channel.startsWith('@')) return null
      const account = await accounts.accountOf(name, channel.slice(1))
      told.push({ platform: name, account, text: plain(entry.text) })
      return null
    },
  }
}

beforeEach(async () => {
  told = []
  clock = new Date('2026-11-28T14:05:00.000Z')
  const { db } = database()
  accounts = createAccounts(db, people, [])
  service = await exampleService(db, {
    people,
    clock: () => clock,
    connect: () => [platform('slack'), platform('discord')],
  })
})
afterEach(() => service.remove())

function person(id: string, via: Via = 'console'): Person {
  const name = people.find((item) => item.id === id)?.name ?? id
  return { kind: 'person', id, name, via }
}

async function type(text: string, who: Person): Promise<string> {
  const { message, detail } = await service.workflow.desk.slash(text, { channel: null, proposal: null }, who)
  const rows = detail?.tables.flatMap((table) => table.rows.map((row) => row.map(plain).join(' | '))) ?? []
  return [plain(message), ...rows].join('\n')
}

function codeIn(message: RichText): string {
  return /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(plain(message))?.[0] ?? ''
}

async function codeFor(account: Account): Promise<string> {
  return codeIn((await service.workflow.desk.askLink(account)).message)
}

async function link(account: Account, who: Person): Promise<string> {
  const code = await codeFor(account)
  await type(`link ${code}`, who)
  return type(`link ${code} confirm`, who)
}

async function speaksFor(account: Account): Promise<string | null> {
  return (await accounts.personOf(account))?.id ?? null
}

async function delivered(): Promise<readonly Told[]> {
  await service.workflow.deliver()
  return told
}

describe('a code', () => {
  it('typed with "confirm" at once is answered with whose account it is, and links nothing', async () => {
    const code = await codeFor(tomski)
    expect(await type(`link ${code} confirm`, person('mara'))).toMatch(/"tomski" \(803511102246789121\).*would speak/)
    expect(await speaksFor(tomski)).toBeNull()
    expect(await type(`link ${code} confirm`, person('mara'))).toContain('now speaks for you')
    expect(await speaksFor(tomski)).toBe('mara')
  })

  it('that somebody else was shown is not confirmed without reading it', async () => {
    const code = await codeFor(tomski)
    await type(`link ${code}`, person('mara'))
    expect(await type(`link ${code} confirm`, person('jonas'))).toContain('would speak and vote for you, Jonas')
    expect(await speaksFor(tomski)).toBeNull()
    // Jonas was shown it last.
    expect(await type(`link ${code} confirm`, person('mara'))).toContain('would speak and vote for you, Mara')
  })

  it('is read in one process and confirmed in another', async () => {
    const code = await codeFor(tomski)
    await type(`link ${code}`, person('mara'))
    const replica = await exampleService(database().db, { people, clock: () => clock })
    const confirmed = await replica.parts.linking.useCode(code, true, person('mara'))
    expect(plain(confirmed.message)).toContain('now speaks for you')
    await replica.remove()
  })

  it('confirmed many times at once is spent once, and told once', async () => {
    const code = await codeFor(tomski)
    await type(`link ${code}`, person('mara'))
    const said = await Promise.all(Array.from({ length: 6 }, () => type(`link ${code} confirm`, person('mara'))))
    expect(said.filter((text) => text.includes('now speaks for you'))).toHaveLength(1)
    expect(await delivered()).toHaveLength(1)
    // Also once its account is free again.
    await type('unlink discord', person('mara'))
    expect(await type(`link ${code}`, person('mara'))).toContain('not known')
  })

  it('is worth nothing after ten minutes, whoever was shown it', async () => {
    const code = await codeFor(tomski)
    await type(`link ${code}`, person('mara'))
    clock = new Date(clock.getTime() + 601_000)
    expect(await type(`link ${code} confirm`, person('mara'))).toContain('not known')
    expect(await speaksFor(tomski)).toBeNull()
  })

  it('keeps when and where it was confirmed, and how the account calls itself', async () => {
    await link(tomski, person('mara', 'slack'))
    const [row] = await database().db.select().from(linkedAccounts)
    expect(row).toMatchObject({ label: 'tomski', confirmedIn: 'slack', linkedAt: clock.toISOString() })
    expect(await accounts.personOf(tomski)).toEqual({ id: 'mara', name: 'Mara', linkedAt: clock.toISOString() })
    expect(await accounts.personOf(slackAccount('U0MARA'))).toEqual({ id: 'mara', name: 'Mara', linkedAt: null })
  })
})

describe('a link never replaces another', () => {
  it('a second account on the same platform is refused until the first is revoked', async () => {
    await link(tomski, person('mara'))
    const code = await codeFor(other)
    expect(await type(`link ${code}`, person('mara'))).toMatch(/tomski.*is linked with you.*\/patch unlink discord/)
    expect(await type(`link ${code} confirm`, person('mara'))).toContain('/patch unlink discord')
    expect([await speaksFor(tomski), await speaksFor(other)]).toEqual(['mara', null])
    await type('unlink discord', person('mara'))
    await type(`link ${code}`, person('mara'))
    expect(await type(`link ${code} confirm`, person('mara'))).toContain('now speaks for you')
    expect([await speaksFor(tomski), await speaksFor(other)]).toEqual([null, 'mara'])
  })

  it('of two at once one wins', async () => {
    const codes = [await codeFor(tomski), await codeFor(other)]
    for (const code of codes) await type(`link ${code}`, person('mara'))
    const said = await Promise.all(codes.map((code) => type(`link ${code} confirm`, person('mara'))))
    expect(said.filter((text) => text.includes('now speaks for you'))).toHaveLength(1)
    expect(said.filter((text) => text.includes('/patch unlink discord'))).toHaveLength(1)
    expect((await database().db.select().from(linkedAccounts)).map((row) => row.person)).toEqual(['mara'])
  })

  it('an account that is linked with somebody else stays with them', async () => {
    const code = await codeFor(tomski)
    const now = clock.toISOString()
    await database().db.insert(linkedAccounts).values({
      platform: 'discord',
      account: tomski.id,
      person: 'eva',
      linkedAt: now,
    })
    const words = /is linked with somebody else.*npx patchwarden accounts revoke discord 803511102246789121/
    expect(await type(`link ${code}`, person('mara'))).toMatch(words)
    expect(await type(`link ${code} confirm`, person('mara'))).toMatch(words)
    expect((await database().db.select().from(linkedAccounts)).map((row) => row.person)).toEqual(['eva'])
  })

  it('an account that the configuration names for somebody is theirs', async () => {
    const code = await codeFor(discord('200000000000000001', 'tom'))
    expect(await type(`link ${code}`, person('mara'))).toContain('The configuration names it for somebody else')
    expect(await type(`link ${code} confirm`, person('mara'))).toContain('The configuration names it')
    const own = await codeFor(slackAccount('U0MARA'))
    expect(await type(`link ${own}`, person('mara'))).toContain('speaks for you already')
    expect(await database().db.select().from(linkedAccounts)).toEqual([])
  })
})

describe('the other accounts of a person', () => {
  it('are told of a new link by direct message, the new account is not', async () => {
    await link(tomski, person('mara'))
    const text =
      'The Discord account "tomski" (803511102246789121) now speaks and votes for you: linked in the console at 2026-11-28 14:05 UTC. If this was not you: /patch unlink discord.'
    expect(await delivered()).toEqual([{ platform: 'slack', account: 'U0MARA', text }])
    expect((await database().db.select().from(outbox)).map(({ channel }) => channel)).toEqual(['@mara'])
  })

  it('are told on the same platform, where the configuration names one there', async () => {
    await link(tomski, person('tom'))
    expect(await delivered()).toMatchObject([{ platform: 'discord', account: '200000000000000001' }])
  })

  it('are told of a revoked one, and so is the revoked one', async () => {
    await link(tomski, person('mara'))
    await delivered()
    told = []
    await type('unlink discord', person('mara', 'slack'))
    const text = 'The Discord account "tomski" (803511102246789121) no longer speaks for you: revoked in Slack at'
    const byPlatform = [...(await delivered())].sort((one, two) => one.platform.localeCompare(two.platform))
    expect(byPlatform).toEqual([
      { platform: 'discord', account: tomski.id, text: expect.stringContaining(text) },
      { platform: 'slack', account: 'U0MARA', text: expect.stringContaining(text) },
    ])
  })

  it('are told also by a link whose confirmation the console made, at once and without a sweep', async () => {
    await link(tomski, person('mara'))
    await expect.poll(() => told.length).toBe(1)
  })
})

describe('/patch accounts and /patch unlink', () => {
  it('lists what the configuration names, and what was linked, when and where', async () => {
    await link(tomski, person('mara'))
    const said = await type('accounts', person('mara'))
    expect(said).toContain('Slack account U0MARA | named in the configuration')
    expect(said).toMatch(
      /Discord account "tomski" \(803511102246789121\) \| linked in the console, 2026-11-28 14:05 UTC/,
    )
    expect(await type('accounts', person('jonas'))).toContain('No account')
    await database().db.update(linkedAccounts).set({ label: null, confirmedIn: null })
    expect(await type('accounts', person('mara'))).toContain('Discord account 803511102246789121 | linked 2026-')
  })

  it('revokes one’s own, and a revoked account speaks for nobody', async () => {
    await link(tomski, person('mara'))
    await proposeAll(service.workflow)
    const [proposal] = await openProposals(database().db)
    if (!proposal) throw new Error('The example has no proposal.')
    const { desk } = service.workflow
    const reception = createReception(desk, accounts, { warn: () => {} })
    const vote = (action: 'approve' | 'withdraw-vote') =>
      reception.act(
        { proposal: proposal.id, action, revision: 1, reason: null, owner: null, until: null, asset: null },
        tomski,
      )
    expect(plain((await vote('approve')).message)).toContain('recorded')
    expect(await type('unlink discord', person('mara'))).toContain('no longer speaks for you')
    expect(plain((await vote('withdraw-vote')).message)).toContain('does not know you')
    // What it voted before stays.
    expect((await findProposal(database().db, proposal.id))?.votes).toMatchObject([{ person: 'mara', via: 'discord' }])
  })

  it('in one process counts at once in every other', async () => {
    await link(tomski, person('mara'))
    const replica = await exampleService(database().db, { people, clock: () => clock })
    await replica.parts.linking.revoke({ platform: 'discord', account: tomski.id, person: null }, null)
    expect(await speaksFor(tomski)).toBeNull()
    await replica.remove()
  })

  it('says in a sentence what is gone already, stands in the configuration, or is of somebody else', async () => {
    expect(await type('unlink discord', person('mara'))).toMatch(/No Discord account is linked with you/)
    expect(await type('unlink slack', person('mara'))).toMatch(/U0MARA.*configuration/)
    expect(await type('unlink', person('mara'))).toContain('/patch unlink slack')
    expect(await type('unlink teams', person('mara'))).toContain('/patch unlink slack')
    await link(tomski, person('mara'))
    expect(await type(`unlink discord ${tomski.id}`, person('jonas'))).toMatch(/No Discord account .* is linked/)
    expect(await type(`unlink discord ${other.id}`, person('mara'))).toMatch(/No Discord account .* is linked/)
    expect(await speaksFor(tomski)).toBe('mara')
    expect(await type(`unlink Discord ${tomski.id}`, person('mara'))).toContain('no longer speaks for you')
    expect(await type(`unlink discord ${tomski.id}`, person('mara'))).toMatch(/No Discord account .* is linked/)
  })

  it('revoked twice at once is revoked, and told, once', async () => {
    await link(tomski, person('mara'))
    await delivered()
    told = []
    const said = await Promise.all([1, 2, 3].map(() => type('unlink discord', person('mara'))))
    expect(said.filter((text) => text.includes('no longer speaks for you'))).toHaveLength(1)
    expect(await delivered()).toHaveLength(2)
  })
})

describe('the record', () => {
  const told = async () =>
    database().sql`select event, by, facts, beside from audit.facts where stream = 'persons' and event like 'account-%'
      order by seq`
  const pseudonymOf = async (id: string) => (await readRegister(database().db)).pseudonymOf(id)

  it('has each link and its end once, with the account beside', async () => {
    await link(tomski, person('mara', 'slack'))
    const revoke = () => type('unlink discord', person('mara', 'slack'))
    await Promise.all([revoke(), revoke()])
    const mara = await pseudonymOf('mara')
    const beside = { account: tomski.id, label: 'tomski' }
    expect(await told()).toEqual([
      { event: 'account-linked', by: mara, facts: { person: mara, platform: 'discord', confirmedIn: 'slack' }, beside },
      { event: 'account-revoked', by: mara, facts: { person: mara, platform: 'discord', via: 'slack' }, beside },
    ])
  })

  it('says who else revoked it, and by which hands', async () => {
    await link(tomski, person('jonas'))
    await link(other, person('mara', 'slack'))
    const { linking } = service.parts
    const through = { kind: 'sign-in link', madeBy: ['tom', COMMAND_LINE] } as const
    await linking.revoke(
      { platform: 'discord', account: tomski.id, person: null },
      { ...person('mara'), through },
      true,
    )
    await linking.revoke({ platform: 'discord', account: other.id, person: null }, null)
    const [jonas, mara, tom] = await Promise.all(['jonas', 'mara', 'tom'].map(pseudonymOf))
    expect((await told()).slice(2)).toMatchObject([
      {
        event: 'account-revoked',
        by: mara,
        facts: { person: jonas, via: 'console', through: { kind: 'sign-in link', madeBy: [tom, COMMAND_LINE] } },
      },
      { event: 'account-revoked', by: 'operator', facts: { person: mara, platform: 'discord' } },
    ])
  })
})
