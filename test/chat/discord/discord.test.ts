import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDiscord } from '../../../src/chat/discord/connection.ts'
import type { ChatConnection } from '../../../src/chat/platform.ts'
import type { ProposalState } from '../../../src/core/proposal/proposal.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { findProposal } from '../../../src/store/proposals.ts'
import { createFakeDiscord, type FakeDiscord } from '../../fakes/discord/fake-discord.ts'
import type { Interaction } from '../../fakes/discord/interactions.ts'
import type { Message } from '../../fakes/discord/world.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { exampleService, proposeAll, webProposal } from '../../support/example-service.ts'

const database = useDatabase()
const plenty = { limit: 1_000, windowMilliseconds: 1_000 }

let discord: FakeDiscord
let connection: ChatConnection
let service: Awaited<ReturnType<typeof exampleService>>
let web: ProposalState
let warnings: string[]
let people: Readonly<Record<'mara' | 'tom' | 'jonas' | 'robot' | 'stranger', string>>
let channel: string

beforeEach(async () => {
  const { db } = database()
  warnings = []
  discord = await createFakeDiscord({
    limits: { messageCreate: plenty, messageEdit: plenty, webhook: plenty, otherRoutes: plenty },
  })
  const guild = discord.addGuild()
  channel = discord.addChannel(guild, 'patches').id
  const joined = (name: string, bot = false) => {
    const user = discord.addUser(name, { bot })
    discord.join(guild, user)
    return user.id
  }
  people = {
    mara: joined('mara'),
    tom: joined('tom'),
    jonas: joined('jonas'),
    robot: joined('robot', true),
    stranger: joined('stranger'),
  }
  const { stranger: _, ...known } = people
  const accounts = accountsOf(known)
  service = await exampleService(db, {
    policy: { breakGlass: { roles: ['owner'], reviewWithinSeconds: 86_400 } },
    connect(desk) {
      connection = createDiscord({
        drawPng,
        botToken: discord.token,
        publicKey: null,
        apiUrl: discord.url,
        desk,
        posts: createPosts(db),
        accounts,
        places: new Map([['web-platform', channel]]),
        consoleUrl: 'https://patchwarden.example.net',
        clock: () => new Date(),
        log: { info: () => {}, warn: (message) => warnings.push(message) },
      })
      return [connection.platform]
    },
  })
  await connection.start()
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  web = await webProposal(db)
})
afterEach(async () => {
  await connection.stop()
  await discord.close()
  await service.remove()
})

function cards(): readonly Message[] {
  return discord.messages(channel).filter((message) => message.components.length > 0)
}

function card(): Message {
  const [first] = cards()
  if (!first) throw new Error(`No card was posted: ${service.warnings.join()}`)
  return first
}

function thread(): readonly string[] {
  return discord.messages(card().id).flatMap(({ content }) => (content === '' ? [] : [content]))
}

function approvals(): number {
  return thread().filter((text) => text.endsWith('Approved.')).length
}

async function settled(): Promise<ProposalState | null> {
  await service.workflow.deliver()
  return findProposal(database().db, web.id)
}

/** What the person is told, once there is something. */
async function answer(interaction: Interaction): Promise<string> {
  await expect.poll(() => interaction.messages.find((message) => !message.loading)).toBeDefined()
  return interaction.messages.map(({ content }) => content).join()
}

async function click(user: string, action: string): Promise<string> {
  return answer(await discord.click(user, card().id, `pw:${action}:${web.id}:${web.revision}`))
}

async function slash(user: string, place: string, verb: string, options: Record<string, string> = {}): Promise<string> {
  return answer(await discord.command(user, place, `patch ${verb}`, options))
}

async function eventually(count: () => number): Promise<void> {
  await expect
    .poll(
      async () => {
        await settled()
        return count()
      },
      { timeout: 8_000 },
    )
    .toBe(1)
}

test('the card shows the plan as a picture soon after its thread does', async () => {
  await expect.poll(() => card().attachments.map(({ type }) => type), { timeout: 10_000 }).toEqual(['image/png'])
  expect(JSON.stringify(card().components)).toContain('canary: ')
})

describe('in Discord', () => {
  test('every action is a subcommand; in the thread of a proposal it needs no name', async () => {
    expect(await slash(people.tom, card().id, 'approve')).toContain('Your approval is recorded.')
    expect(await slash(people.tom, channel, 'list')).toContain(web.id)
    expect(await slash(people.tom, channel, 'plan', { proposal: web.id })).toContain('Next windows')
    expect(await slash(people.tom, channel, 'approve', { proposal: 'PW-99' })).toContain('There is no proposal PW-99')
  })

  test('what is about people is a command of its own', async () => {
    const until = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
    const away = discord.command(people.mara, channel, 'patch-people away', { until, deputy: 'jonas' })
    expect(await answer(await away)).toContain('Jonas stands in for Mara')
    expect(await slash(people.jonas, card().id, 'approve')).toContain('Your approval is recorded.')
    expect(await answer(await discord.command(people.mara, channel, 'patch-people back', {}))).toContain('You are back')
  })

  test('commands that the server refuses are one notice, and clicks arrive all the same', async () => {
    await connection.stop()
    discord.faults.add({ method: 'PUT', path: '/commands' }, { kind: 'refusal', reason: 'missingAccess' }, 100)
    await connection.start()
    expect(warnings.filter((warning) => warning.includes('refuses the commands'))).toHaveLength(1)
    expect(await click(people.tom, 'approve')).toContain('Your approval is recorded.')
  })

  test('a channel that cannot be seen takes nothing from the others, and check names it', async () => {
    await connection.stop()
    discord.faults.add({ method: 'GET', path: `/channels/${channel}` }, { kind: 'refusal', reason: 'missingAccess' }, 2)
    await connection.start()
    expect(warnings.join()).toContain('cannot be seen by the app')
    expect(await click(people.tom, 'approve')).toContain('Your approval is recorded.')
    await expect(connection.check()).rejects.toThrow('View Channel')
  })

  test.each([
    [4004, /DISCORD_BOT_TOKEN is not valid/],
    [4013, /did not accept the intents/],
    [4014, /Privileged Gateway Intents/],
  ])('a gateway that is closed for good with %i says why', async (code, why) => {
    await connection.stop()
    const lost: string[] = []
    await connection.start({ up: () => {}, down: () => {}, lost: (reason) => lost.push(reason) })
    discord.gateway.closeWith(code)
    await expect.poll(() => lost).toEqual([expect.stringMatching(why)])
  })

  test('the menu More holds what has no button; an act that is chosen there goes through its dialog', async () => {
    const choose = (user: string, values: readonly string[]) =>
      discord.select(user, card().id, `pw-more:${web.id}`, [...values])
    const value = (action: string) => `${action}:${web.id}:${web.revision}`
    expect(await answer(await choose(people.mara, [value('plan')]))).toContain('canary')
    // Discord takes the entry back that is chosen twice.
    expect(await answer(await choose(people.mara, []))).toContain('Choose once more')
    expect(await answer(await choose(people.jonas, [value('abstain')]))).toContain('takes the role')
    const opened = await choose(people.mara, [value('break-glass')])
    expect(opened.modal).toMatchObject({ title: `Break glass ${web.id}` })
    await answer(await discord.submitModal(opened, { reason: 'exploited on web1' }))
    expect((await settled())?.breakGlass?.person).toBe('mara')
  })

  test('a refused dialog gives back what was typed', async () => {
    const opened = await discord.click(people.tom, card().id, `pw:reject:${web.id}:${web.revision}`)
    const typed = { reason: 'It broke the staging hosts', until: '2001-01-01' }
    const said = await answer(await discord.submitModal(opened, typed))
    expect(said).toContain('date that is still to come')
    expect(said).toContain('reason: It broke the staging hosts')
    expect(said).toContain('until: 2001-01-01')
  })

  test('check says that the token works and the channels can be seen, and what is wrong', async () => {
    expect(await connection.check()).toBe('the token works; 1 channel in 1 server can be seen')
    discord.faults.add({ method: 'GET', path: '/channels/' }, { kind: 'refusal', reason: 'missingAccess' })
    await expect(connection.check()).rejects.toThrow(/View Channel/)
  })

  test('asks for no privileged intent, and notifies nobody', async () => {
    expect(discord.gateway.sessions().map((session) => session.intents)).toEqual([1])
    await service.workflow.execute(
      web.id,
      { type: 'comment', text: `@everyone <@${people.tom}> @here` },
      { kind: 'person', id: 'mara', name: '@everyone', via: 'console' },
    )
    await settled()
    expect(thread().join()).toContain('everyone')
    expect(discord.notified()).toEqual([])
  })
})

test('what cannot wait mentions those who can act, and nobody else', async () => {
  const mara = { kind: 'person', id: 'mara', name: '@everyone', via: 'discord' } as const
  await service.workflow.execute(web.id, { type: 'break-glass', reason: `<@${people.stranger}> @here` }, mara)
  await settled()
  const notified = discord.notified()
  expect(notified.map(({ notified: who }) => [...who.users].sort())).toEqual([[people.tom, people.jonas].sort()])
  expect(notified.some(({ notified: who }) => who.everyone || who.here || who.roles.length > 0)).toBe(false)
  expect(notified[0]?.message.content).toContain(`<@${people.tom}> or <@${people.jonas}>: press `)
})

describe('who may not', () => {
  test('somebody whom the configuration does not name is told how to be known', async () => {
    expect(await click(people.stranger, 'approve')).toContain(`add your Discord user id, ${people.stranger}`)
    expect((await settled())?.votes).toEqual([])
  })

  test('a bot does not decide', async () => {
    expect(await click(people.robot, 'approve')).toContain('Bots do not decide')
    expect((await settled())?.votes).toEqual([])
  })

  test('somebody without the role is told who has it', async () => {
    expect(await click(people.jonas, 'approve')).toContain('takes the role')
    expect((await settled())?.votes).toEqual([])
  })

  test('a person counts once, however often the click arrives', async () => {
    await discord.click(people.mara, card().id, `pw:approve:${web.id}:${web.revision}`, { copies: 3 })
    await eventually(approvals)
    expect((await settled())?.votes).toHaveLength(1)
  })

  test('a click that Discord counts as lost by the time it arrives changes nothing unseen', async () => {
    await discord.click(people.mara, card().id, `pw:approve:${web.id}:${web.revision}`, { lateMilliseconds: 4_000 })
    await settled()
    expect(warnings.join()).toMatch(/Unknown interaction/)
    expect((await settled())?.votes).toEqual([])
  })
})

describe('what gets lost', () => {
  const posts = { method: 'POST', path: /\/messages$/ }

  test('a post whose answer was lost is not posted twice', async () => {
    discord.faults.add(posts, { kind: 'reset', carriedOut: true })
    await slash(people.mara, channel, 'approve', { proposal: web.id })
    await eventually(approvals)
    await settled()
    expect(approvals()).toBe(1)
  })

  test('a card that somebody deleted comes back', async () => {
    discord.deleteMessage(card().id)
    await slash(people.mara, channel, 'approve', { proposal: web.id })
    await eventually(() => cards().length)
  })

  test('a permission that is missing is one notice with a way back', async () => {
    discord.faults.add(posts, { kind: 'refusal', reason: 'missingPermissions' })
    await slash(people.mara, channel, 'approve', { proposal: web.id })
    await settled()
    expect(service.warnings.join()).toContain('give it Send Messages')
    await eventually(approvals)
  })

  test('being told to wait, it waits', async () => {
    discord.faults.add(posts, { kind: 'rate limit', seconds: 1, scope: 'user' })
    await slash(people.mara, channel, 'approve', { proposal: web.id })
    await eventually(approvals)
  })

  test('a thread that was archived takes up the story again', async () => {
    discord.setThread(card().id, { archived: true })
    await slash(people.mara, channel, 'approve', { proposal: web.id })
    await eventually(approvals)
  })

  test('a connection that breaks is resumed, and the clicks in between arrive', async () => {
    discord.gateway.drop()
    const clicked = await discord.click(people.mara, card().id, `pw:approve:${web.id}:${web.revision}`)
    expect(clicked.answer).not.toBeNull()
    await eventually(approvals)
    expect(discord.gateway.resumes()).toBe(1)
  })

  test('a connection that Discord closes for good is told as lost, and can be had anew', async () => {
    const lost: string[] = []
    await connection.stop()
    await connection.start({ up: () => {}, down: () => {}, lost: (why) => lost.push(why) })
    discord.gateway.closeWith(4014)
    await expect.poll(() => lost.join()).toContain('closed the connection for good (4014)')
    await connection.stop()
    await connection.start()
    await discord.click(people.mara, card().id, `pw:approve:${web.id}:${web.revision}`)
    await eventually(approvals)
  })
})
