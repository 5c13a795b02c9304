/** An account that is linked and revoked, on the wire of Slack and of Discord: who is told, and who speaks for whom. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ChatConnection } from '../../src/chat/platform.ts'
import { createAccounts } from '../../src/workflow/accounts.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService } from '../support/example-service.ts'
import { type DiscordStage, discordStage } from './discord-stage.ts'
import { type SlackStage, slackStage } from './slack-stage.ts'

const database = useDatabase()
const log = { said: [] as string[], warn: (message: string) => void log.said.push(message) }

/** Slack's ids of the stage. */
const people = [
  { id: 'mara', name: 'Mara', email: null, slack: 'U0MARA', discord: null },
  { id: 'tom', name: 'Tom', email: null, slack: 'U0TOM', discord: null },
]

let slack: SlackStage
let discord: DiscordStage
let service: Awaited<ReturnType<typeof exampleService>>
let connections: ChatConnection[]

beforeEach(async () => {
  log.said = []
  slack = await slackStage('socket', log)
  discord = await discordStage('gateway', log)
  const { db } = database()
  connections = []
  service = await exampleService(db, {
    people,
    connect(desk) {
      for (const stage of [slack, discord]) {
        const connection = stage.connect(desk, db, createAccounts(db, people, []))
        if (connection) connections.push(connection)
      }
      return connections.map(({ platform }) => platform)
    },
  })
  for (const connection of connections) await connection.start()
  await slack.arrive()
  await discord.arrive()
})
afterEach(async () => {
  for (const connection of connections) await connection.stop()
  await slack.close()
  await discord.close()
  await service.remove()
})

async function linkedWithMara(): Promise<void> {
  const [code = ''] = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(await discord.type('mara', 'link')) ?? []
  expect(await slack.type('mara', `link ${code} confirm`)).toContain('would speak and vote for you')
  expect(await slack.type('mara', `link ${code} confirm`)).toContain('now speaks for you')
  await service.workflow.deliver()
}

test('the other account is told by direct message; what speaks for a person is listed, and revoked there', async () => {
  await linkedWithMara()
  const account = discord.userId('mara')
  const [told = '', ...others] = await slack.direct('mara')
  expect(told).toMatch(
    new RegExp(`The Discord account ."mara.*" \\(${account}\\) now speaks and votes for you: linked in Slack`),
  )
  expect(told).toContain('/patch unlink discord')
  expect(others).toEqual([])
  expect([await discord.direct('mara'), await slack.direct('tom')]).toEqual([[], []])

  expect(await discord.type('mara', 'accounts')).toMatch(/Slack account U0MARA \| named in the configuration/)
  expect(await slack.type('tom', `unlink discord ${account}`)).toContain('is linked with you: nothing had to be done')
  expect(await discord.type('mara', 'mine')).toContain('Nothing waits for you')

  expect(await slack.type('mara', 'unlink discord')).toContain('no longer speaks for you')
  expect(await discord.type('mara', 'mine')).toContain('does not know you')
  await service.workflow.deliver()
  expect((await slack.direct('mara')).join()).toContain('no longer speaks for you: revoked in Slack')
  expect((await discord.direct('mara')).join()).toContain('no longer speaks for you: revoked in Slack')
  expect([...slack.complaints(), ...discord.complaints(), ...log.said]).toEqual([])
})

test('an account revokes itself by the command of its own platform', async () => {
  await linkedWithMara()
  expect(await discord.type('mara', `unlink discord ${discord.userId('mara')}`)).toContain('no longer speaks for you')
  expect(await discord.type('mara', 'accounts')).toContain('does not know you')
  await service.workflow.deliver()
  expect((await slack.direct('mara')).join()).toContain('revoked in Discord')
})
