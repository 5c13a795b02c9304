/**
 * The fakes and what we send, held against what the platforms publish and what was recorded of them, so that no fake can
 * drift to suit us. The material is not ours to ship: without it these tests skip, and say so.
 */

import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { interaction } from '../../src/chat/discord/answers.ts'
import { readPressed } from '../../src/chat/slack/modal.ts'
import { discordStage } from '../scenarios/discord-stage.ts'
import { slackStage } from '../scenarios/slack-stage.ts'
import type { Stage } from '../scenarios/stage.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService } from '../support/example-service.ts'

const shared = process.env.PATCHWARDEN_SHARED ?? new URL('../../../shared', import.meta.url).pathname
const data = `${shared}/data/chat`
const here = existsSync(data)
if (!here) console.info(`skipped: ${data} is not here; set PATCHWARDEN_SHARED to the folder that holds data/`)

type Json = Record<string, unknown>
const database = useDatabase()
const { signal } = new AbortController()

function recorded(file: string): Json {
  return JSON.parse(readFileSync(`${data}/recorded/${file}`, 'utf8'))
}

/** Plays a short scene, so that there is something to compare. */
async function play(stage: Stage): Promise<() => Promise<void>> {
  const { db } = database()
  let stop = async () => {}
  const service = await exampleService(db, {
    connect(desk) {
      const connection = stage.connect(desk, db, stage.accounts)
      if (connection === null) return []
      stop = () => connection.stop()
      start = () => connection.start()
      return [connection.platform]
    },
  })
  await start()
  await service.workflow.syncFeeds(signal)
  await service.workflow.syncInventory(signal)
  const { opened } = await service.workflow.propose(signal)
  const [id = ''] = opened
  await service.workflow.deliver()
  await stage.click('tom', id, 'reject', { reason: 'Not now.', until: '2020-01-01', owner: 'mara' })
  await stage.click('mara', id, 'approve')
  await stage.type('tom', `plan ${id}`)
  await service.workflow.deliver()
  return async () => {
    await stop()
    await stage.close()
    await service.remove()
  }
}
let start = async () => {}

/** Paths of the second value that the first lacks, or has as something else. `open`: what differs by its nature. */
function differences(real: unknown, ours: unknown, open: RegExp, path = ''): readonly string[] {
  if (open.test(path)) return []
  if (ours === null || real === null) return []
  if (typeof real !== typeof ours) return [`${path}: ${typeof ours} instead of ${typeof real}`]
  if (typeof ours !== 'object' || typeof real !== 'object') return []
  if (Array.isArray(ours)) {
    const [first] = Array.isArray(real) ? real : []
    return first === undefined ? [] : ours.flatMap((item) => differences(first, item, open, `${path}[]`))
  }
  return Object.entries(ours).flatMap(([key, value]) => {
    const at = `${path}.${key}`
    if (open.test(at)) return []
    return key in real ? differences((real as Json)[key], value, open, at) : [`${at}: there is no such member`]
  })
}

describe.skipIf(!here)('Slack', () => {
  test('what the fake sends has the shape of what was recorded', async () => {
    const stage = await slackStage('socket', { warn: () => {} })
    const end = await play(stage)
    const { sent } = stage.slack.arrivals
    const of = (type: string) => sent.find(({ payload }) => payload.type === type)?.payload
    const action = recorded('actions-reactions-slack.json').action
    const submission = recorded('modals-slack.json').viewSubmission
    const slash = recorded('slash-commands-slack.json').slashCommand
    // What a message, a view with its blocks, and their values hold is our own.
    expect(
      differences(action, of('block_actions'), /\.message|\.state|\.team\.|actions\[\]\.(style|text|value)/),
    ).toEqual([])
    expect(differences(submission, of('view_submission'), /\.state\.values|\.view\.blocks|\.team\./)).toEqual([])
    expect(differences(slash, sent.find(({ type }) => type === 'slash_commands')?.payload, /^$/)).toEqual([])
    await end()
  })

  test('a button of somebody else is none of ours, and recorded ones are read without harm', () => {
    for (const [, value] of Object.entries(recorded('actions-reactions-slack.json'))) {
      const [action] = ((value as Json).actions ?? []) as { action_id: string; value?: string }[]
      if (action) expect(readPressed(action.action_id, action.value)).toBeNull()
    }
  })
})

describe.skipIf(!here)('Discord', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  if (here) {
    const { components } = JSON.parse(gunzipSync(readFileSync(`${data}/discord-openapi.json.gz`)).toString())
    ajv.addSchema({ $id: 'https://discord.example/', components })
  }
  const problemsOf = (schema: string, value: unknown): readonly string[] => {
    const check = ajv.compile({ $ref: `https://discord.example/#/components/schemas/${schema}` })
    check(value)
    return (check.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
  }

  test('everything we send is what the published schema allows', async () => {
    const stage = await discordStage('gateway', { warn: () => {} })
    const end = await play(stage)
    const bodies = (method: string, path: RegExp) =>
      stage.discord.requests.filter((item) => item.method === method && path.test(item.path)).map(({ body }) => body)
    const checked = [
      ...bodies('POST', /^\/channels\/\d+\/messages$/).map((body) => problemsOf('MessageCreateRequest', body)),
      ...bodies('PATCH', /^\/channels\/\d+\/messages\/\d+$/).map((body) =>
        problemsOf('MessageEditRequestPartial', body),
      ),
      ...bodies('POST', /\/threads$/).map((body) => problemsOf('CreateTextThreadWithMessageRequest', body)),
      ...bodies('PUT', /\/commands$/).flatMap((body) =>
        (body as unknown[]).map((command) => problemsOf('ApplicationCommandUpdateRequest', command)),
      ),
      ...bodies('POST', /\/callback$/).map((body) =>
        problemsOf(
          (body as Json).type === 9 ? 'ModalInteractionCallbackRequest' : 'CreateMessageInteractionCallbackRequest',
          body,
        ),
      ),
      ...bodies('PATCH', /@original$/).map((body) => problemsOf('IncomingWebhookUpdateRequestPartial', body)),
    ]
    expect(checked.length).toBeGreaterThan(8)
    expect(checked.flat()).toEqual([])
    expect(problemsOf('MessageCreateRequest', { content: 5 })).not.toEqual([])
    await end()
  })

  test('what the fake answers and sends has the published and the recorded shape', async () => {
    const stage = await discordStage('gateway', { warn: () => {} })
    const end = await play(stage)
    const posted = stage.discord.requests.find(({ method, path }) => method === 'POST' && path.endsWith('/messages'))
    // Of components Discord's answer fills in defaults that nobody here reads.
    const answered = problemsOf('MessageResponse', posted?.answer)
    expect(answered.filter((problem) => !problem.startsWith('/components/'))).toEqual([])
    const clicks = Object.entries(recorded('discord.json')).filter(([name]) => name.startsWith('buttonClick'))
    const real = clicks[0]?.[1]
    const ours = stage.discord.interactions.find(({ type }) => type === 3)?.payload
    expect(
      differences(
        real,
        ours,
        /\.message|\.channel\.(topic|nsfw|rate|position|permission_overwrites|parent|last_pin)|user\.flags/,
      ),
    ).toEqual([])
    for (const [, click] of clicks) expect(interaction.safeParse(click).success).toBe(true)
    await end()
  })
})
