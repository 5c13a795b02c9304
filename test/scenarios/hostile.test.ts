/** What goes wrong between two platforms, and whatever comes from outside: nothing is counted twice, lost or refused. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Accounts } from '../../src/chat/accounts.ts'
import type { ChatConnection } from '../../src/chat/platform.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { PatchSubject, ProposalState } from '../../src/core/proposal/proposal.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { useDatabase } from '../support/database.ts'
import { type ExampleOptions, exampleService, proposeAll, standard, webProposal } from '../support/example-service.ts'
import { type DiscordStage, discordStage } from './discord-stage.ts'
import { type SlackStage, slackStage } from './slack-stage.ts'

const database = useDatabase()
const system = { kind: 'system', part: 'assessment' } as const

let slack: SlackStage
let discord: DiscordStage
let service: Awaited<ReturnType<typeof exampleService>>
let connections: ChatConnection[]
let web: ProposalState
const log = { said: [] as string[], warn: (message: string) => void log.said.push(message) }

/** The same people on both platforms. */
function everywhere(): Accounts {
  return {
    all: slack.accounts.all,
    personOf: async (account) => (await slack.accounts.personOf(account)) ?? discord.accounts.personOf(account),
    accountOf: (platform, person) => (platform === 'slack' ? slack : discord).accounts.accountOf(platform, person),
  }
}

async function run(options: ExampleOptions = {}): Promise<void> {
  const { db } = database()
  connections = []
  service = await exampleService(db, {
    ...options,
    connect(desk) {
      for (const stage of [slack, discord]) {
        const connection = stage.connect(desk, db, everywhere())
        if (connection) connections.push(connection)
      }
      return connections.map(({ platform }) => platform)
    },
  })
  for (const connection of connections) await connection.start()
}

async function now(): Promise<ProposalState> {
  await service.workflow.deliver()
  const found = await findProposal(database().db, web.id)
  if (!found) throw new Error(`${web.id} is gone.`)
  return found
}

beforeEach(async () => {
  log.said = []
  slack = await slackStage('socket', log)
  discord = await discordStage('gateway', log)
  await run()
  await proposeAll(service.workflow)
  web = await webProposal(database().db)
  await service.workflow.deliver()
})
afterEach(async () => {
  const complaints = [...slack.complaints(), ...discord.complaints()]
  for (const connection of connections) await connection.stop()
  await slack.close()
  await discord.close()
  await service.remove()
  expect(complaints).toEqual([])
})

describe('two platforms at once', () => {
  test('the card and its thread say the same in both', async () => {
    await slack.click('mara', web.id, 'approve')
    await now()
    expect(await discord.card(web.id)).toContain('(owner) approved.')
    expect((await discord.thread(web.id)).at(-1)).toContain('(slack)')
    await discord.click('tom', web.id, 'approve')
    await now()
    expect(await slack.card(web.id)).toContain('Its window is open')
    expect((await slack.thread(web.id)).join()).toContain('Approved: mara as owner, tom as security.')
    expect([await slack.cards(), await discord.cards()]).toEqual([1, 1])
  })

  test('two people click at the same instant, on two platforms: both count, and it is approved once', async () => {
    await Promise.all([slack.click('mara', web.id, 'approve'), discord.click('tom', web.id, 'approve')])
    const state = await now()
    expect(state.votes.map(({ person, via }) => `${person} ${via}`).sort()).toEqual(['mara slack', 'tom discord'])
    expect(state.status).toBe('scheduled')
    const told = (await slack.thread(web.id)).filter((text) => text.startsWith('Approved: '))
    expect(told).toHaveLength(1)
  })

  test('one person clicks at the same instant on both: one vote, and each click is answered', async () => {
    const said = await Promise.all([slack.click('mara', web.id, 'approve'), discord.click('mara', web.id, 'approve')])
    expect((await now()).votes).toHaveLength(1)
    expect(said.filter((text) => text.includes('Your approval is recorded'))).toHaveLength(1)
    expect(said.filter((text) => text.includes('one person counts once'))).toHaveLength(1)
  })

  test('the same click delivered three times on either platform is one vote', async () => {
    const card = slack.slack.messages.find(({ thread }) => thread === null)
    if (card) await slack.slack.click('U0MARA', card, 'pw:approve', { copies: 3 })
    const [, button = ''] = /"(pw:approve:[^"]+)"/.exec(await discord.card(web.id)) ?? []
    const place = discord.discord.requests.find(({ method, path }) => method === 'POST' && path.endsWith('/messages'))
    const id = String((place?.answer as { id?: string } | null)?.id)
    await discord.discord.click(discord.userId('tom'), id, button, { copies: 3 })
    await expect.poll(async () => (await now()).votes.length).toBe(2)
    expect((await now()).status).toBe('scheduled')
    expect((await slack.thread(web.id)).filter((text) => text.endsWith('Approved.'))).toHaveLength(2)
  })

  test('twenty clicks of one person, and none of anybody else, approve nothing', async () => {
    await Promise.all(
      Array.from({ length: 10 }, () => [
        slack.click('mara', web.id, 'approve').catch(() => ''),
        discord.click('mara', web.id, 'approve').catch(() => ''),
      ]).flat(),
    )
    const state = await now()
    expect([state.status, state.votes.length]).toEqual(['open', 1])
  })

  test('a platform that fails holds back neither the other nor itself afterwards', async () => {
    slack.slack.archived.add('C0WEB')
    await discord.click('mara', web.id, 'approve')
    await now()
    expect(await discord.card(web.id)).toContain('(owner) approved.')
    expect(await slack.card(web.id)).not.toContain('(owner) approved.')
    expect(service.warnings.filter((warning) => warning.includes('is archived'))).toHaveLength(1)
    slack.slack.archived.clear()
    await expect
      .poll(async () => (await now()) && slack.card(web.id), { timeout: 10_000 })
      .toContain('(owner) approved.')
    expect((await slack.thread(web.id)).filter((text) => text.endsWith('Approved.'))).toHaveLength(1)
  })
})

test('a click that fails on our side is answered, and counts nothing', async () => {
  const { db } = service.parts
  const broken = { ...db, transaction: () => Promise.reject(new Error('the disk is full')) }
  Object.assign(service.parts, { db: Object.setPrototypeOf(broken, Object.getPrototypeOf(db)) })
  for (const stage of [slack, discord]) {
    expect(await stage.click('mara', web.id, 'approve')).toContain('failed on our side, and nothing was counted')
  }
  expect(log.said.join()).toContain('the disk is full')
  Object.assign(service.parts, { db })
  expect((await now()).votes).toEqual([])
})

describe('a restart in the middle', () => {
  test('what was committed and not posted is posted by the next process, once', async () => {
    const before = connections
    // The process ends after the commit and before any delivery: another one takes over.
    for (const platform of service.parts.platforms) platform.deliver = () => new Promise(() => {})
    await service.workflow.execute(
      web.id,
      { type: 'vote', choice: 'approve', revision: 1, reason: null, owner: null, until: null },
      { kind: 'person', id: 'mara', name: 'Mara', via: 'console' },
    )
    for (const connection of before) await connection.stop()
    await service.remove()
    await run()
    await expect
      .poll(async () => (await now()) && slack.card(web.id), { timeout: 10_000 })
      .toContain('(owner) approved.')
    for (const stage of [slack, discord]) {
      expect((await stage.thread(web.id)).filter((text) => text.includes('Approved.'))).toHaveLength(1)
      expect(await stage.cards()).toBe(1)
    }
  })

  test('a click while nobody listens is lost and harmless; the next one, on the old card, works', async () => {
    for (const connection of connections) await connection.stop()
    await expect(slack.click('mara', web.id, 'approve')).rejects.toThrow()
    expect(slack.slack.unacknowledged.splice(0)).toEqual(['interactive'])
    for (const connection of connections) await connection.start()
    expect(await slack.click('mara', web.id, 'approve')).toContain('Your approval is recorded.')
    expect((await now()).votes).toHaveLength(1)
  })
})

describe('a digest', () => {
  test('stands for the cards of low priorities, once a day; a vote in it counts, and what is decided gets its card', async () => {
    for (const connection of connections) await connection.stop()
    await service.remove()
    await service.workflow.execute(web.id, { type: 'supersede', by: 'a test' }, system)
    let time = Date.now()
    const digest = { priorities: ['immediate' as const], at: '00:00', timeZone: 'UTC' }
    await run({ digest, clock: () => new Date(time) })
    await proposeAll(service.workflow)
    await service.workflow.deliver()
    const quiet = await webProposal(database().db)
    await expect(slack.card(quiet.id)).rejects.toThrow('no card')
    const digests = () => slack.slack.messages.filter(({ text }) => text.includes('of low priority'))
    await service.workflow.postDigests()
    await service.workflow.postDigests()
    await service.workflow.deliver()
    expect(digests()).toHaveLength(1)
    time += 86_400_000
    await service.workflow.postDigests()
    await service.workflow.deliver()
    expect(digests()).toHaveLength(2)
    const [first] = digests()
    if (!first) throw new Error('No digest.')
    await slack.slack.click('U0MARA', first, 'pw:approve')
    await expect.poll(async () => (await findProposal(database().db, quiet.id))?.votes.length).toBe(1)
    await discord.type('tom', `approve ${quiet.id}`)
    await service.workflow.deliver()
    const cards = slack.slack.messages.filter(({ thread, text }) => thread === null && text.endsWith(quiet.id))
    expect(JSON.stringify(cards.at(-1)?.blocks)).toContain('Its window is open')
  })
})

describe('whoever is not known yet', () => {
  test('links an account by a code that somebody who is known confirms, once', async () => {
    const { db } = database()
    const { createAccounts } = await import('../../src/workflow/accounts.ts')
    const slackId = 'U0MARA'
    const people = [
      { id: 'mara', name: 'Mara', email: null, slack: slackId, discord: null },
      { id: 'tom', name: 'Tom', email: 'tom@example.net', slack: null, discord: null },
    ]
    const accounts = createAccounts(db, people, ['slack'])
    const stranger = {
      platform: 'discord',
      id: '1234567890123456789',
      realm: null,
      label: 'mara-d',
      verifiedEmail: null,
    } as const
    expect(await accounts.personOf(stranger)).toBeNull()
    const asked = await service.workflow.desk.askLink(stranger)
    const [code = ''] = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(JSON.stringify(asked.message)) ?? []
    const mara = { kind: 'person', id: 'mara', name: 'Mara', via: 'slack' } as const
    const slash = (text: string) => service.workflow.desk.slash(text, { channel: null, proposal: null }, mara)
    expect(JSON.stringify((await slash(`link ${code}`)).message)).toContain('would speak and vote for you, Mara')
    expect(await accounts.personOf(stranger)).toBeNull()
    expect(JSON.stringify((await slash(`link ${code} confirm`)).message)).toContain('now speaks for you')
    expect(await accounts.personOf(stranger)).toMatchObject({ id: 'mara', name: 'Mara' })
    expect(await accounts.accountOf('discord', 'mara')).toBe(stranger.id)
    expect((await slash(`link ${code} confirm`)).ok).toBe(false)
    expect((await slash('link ZZZZ-ZZZZ')).ok).toBe(false)
  })

  test('is recognised by a verified address only where that is configured, and by no id of somebody else', async () => {
    const { db } = database()
    const { createAccounts } = await import('../../src/workflow/accounts.ts')
    const people = [
      { id: 'tom', name: 'Tom', email: 'tom@example.net', slack: null, discord: null },
      { id: 'mara', name: 'Mara', email: 'mara@example.net', slack: 'U0MARA', discord: null },
    ]
    const realm = { id: 'T0000001', only: true }
    const tom = { platform: 'slack', id: 'U0NEW', realm, label: 'tom', verifiedEmail: 'Tom@Example.net' } as const
    const mara = { ...tom, verifiedEmail: 'mara@example.net' } as const
    expect(await createAccounts(db, people, []).personOf(tom)).toBeNull()
    expect(await createAccounts(db, people, ['slack']).personOf(tom)).toEqual({
      id: 'tom',
      name: 'Tom',
      linkedAt: null,
    })
    expect(await createAccounts(db, people, ['slack']).personOf({ ...tom, verifiedEmail: null })).toBeNull()
    // Mara has a Slack id: an account with her address and another id is not hers.
    expect(await createAccounts(db, people, ['slack']).personOf(mara)).toBeNull()
    const twins = [...people, { id: 'tom2', name: 'Tom', email: 'tom@example.net', slack: null, discord: null }]
    expect(await createAccounts(db, twins, ['slack']).personOf(tom)).toBeNull()
  })
})

describe('whatever comes from outside', () => {
  const nasty =
    '<!here> @channel @everyone <@U0TOM> `code` *bold* \u202e\u200bweb\u200d01 مرحبا <https://evil.example|x>'

  function huge(subject: PatchSubject): PatchSubject {
    const [asset] = subject.assets
    const [patch] = subject.patches
    if (!asset || !patch) throw new Error('The example has nothing.')
    const assets = Array.from({ length: 3_000 }, (_, index) => ({
      ...asset,
      asset: { ...asset.asset, id: `example/h${index}`, name: `${nasty} ${index}` },
    }))
    const cves = Array.from({ length: 400 }, (_, index) => `CVE-2026-${10_000 + index}`)
    const rings = [{ ...subject.rings[0], name: nasty, assets: assets.map((item) => item.asset.id) }]
    return { ...subject, assets, patches: [{ ...patch, source: nasty, cves }], rings } as PatchSubject
  }

  test('3,000 assets, 400 CVEs, 10,000 characters, marks, mentions and directions: posted, shortened, silent', async () => {
    if (web.subject.kind !== 'patches') throw new Error('The example has patches.')
    const subject = huge(web.subject)
    const content = {
      title: `${nasty} ${'x'.repeat(10_000)}`,
      subject,
      contentHash: contentHash(subject),
      priority: 'immediate' as const,
      whyNow: `${nasty} ${'日本語'.repeat(3_400)}`,
      dueAt: null,
    }
    const opened = await service.workflow.open('web-platform', content, { ...standard, name: nasty }, system)
    if (!opened.ok) throw new Error(opened.refusal.sentence)
    const { id } = opened.state
    await service.workflow.execute(
      id,
      { type: 'comment', text: nasty.repeat(10) },
      { kind: 'person', id: 'mara', name: nasty, via: 'console' },
    )
    await service.workflow.deliver()
    expect([...service.warnings, ...log.said]).toEqual([])
    for (const stage of [slack, discord]) {
      expect(await stage.card(id)).toContain(`https://patchwarden.example.net/p/${id}`)
      expect((await stage.thread(id)).length).toBeGreaterThan(1)
      for (const detail of ['assets', 'plan', 'explain', 'report'] as const) {
        expect(await stage.click('mara', id, detail)).toContain(`https://patchwarden.example.net/p/${id}/${detail}`)
      }
    }
  })
})
