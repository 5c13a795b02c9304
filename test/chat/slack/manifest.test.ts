import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { slackScopes } from '../../../src/chat/slack/access.ts'
import { methodScopes } from '../../fakes/slack/web-api.ts'

const manifest: unknown = parse(readFileSync(new URL('../../../manifests/slack.yaml', import.meta.url), 'utf8'))
const folder = new URL('../../../src/chat/slack/', import.meta.url)
const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'))

describe('manifests/slack.yaml', () => {
  test('asks for exactly the scopes that the methods in use need, and for commands', () => {
    const used = new Set(
      sources.flatMap((source) =>
        [...source.matchAll(/client\.([a-z]+(?:\.[a-zA-Z]+)+)\(/g)].map((match) => match[1] ?? ''),
      ),
    )
    const needed = new Set([
      'commands',
      'users:read.email', // what users.info says of an address, where identity.email asks for it
      ...[...used].flatMap((method) => methodScopes[method] ?? [`unknown scope of ${method}`]),
    ])
    const { oauth_config } = z
      .looseObject({ oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }) })
      .parse(manifest)
    expect([...oauth_config.scopes.bot].sort()).toEqual([...needed].sort())
    expect([...slackScopes].sort()).toEqual([...needed].sort())
  })

  const shared = process.env.PATCHWARDEN_SHARED ?? new URL('../../../../shared', import.meta.url).pathname
  const published = `${shared}/data/chat/slack-manifest.schema.2.0.0.json`
  if (!existsSync(published))
    console.info(`skipped: ${published} is not here; set PATCHWARDEN_SHARED to the folder that holds data/`)

  test.skipIf(!existsSync(published))('is what Slack’s published schema of app manifests allows', () => {
    const schema = z.fromJSONSchema(JSON.parse(readFileSync(published, 'utf8')))
    const checked = schema.safeParse(manifest)
    expect(checked.error?.issues ?? []).toEqual([])
    const wrong = { ...z.looseObject({}).parse(manifest), display_information: { name: 'x'.repeat(36) } }
    expect(schema.safeParse(wrong).success).toBe(false)
  })
})
