/** The whole service against platforms and a database that misbehave: nothing but the operator ends it, and it works again. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, onTestFailed, test } from 'vitest'
import { z } from 'zod'
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded-postgres.ts'
import { type ChatService, createChatService, slackPeople } from '../support/chat-service.ts'

/** What a library might do: at a signal that means nothing, a rejection and an error that no code catches. */
const faults = `--import=data:text/javascript,${encodeURIComponent(
  "process.on('SIGWINCH',()=>{Promise.reject(new Error('injected'));setTimeout(()=>{throw new Error('thrown')})})",
)}`

let folder: string
let server: EmbeddedPostgres
let sql: postgres.Sql
let chat: ChatService
let link: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden database '))
  server = await startEmbedded({ dataDir: path.join(folder, 'postgres'), durable: true, log: () => {} })
  sql = postgres(server.url, { max: 1, fetch_types: false, onnotice: () => {} })
  chat = await createChatService({ DATABASE_URL: server.url, LOG_LEVEL: 'info', NODE_OPTIONS: faults })
  link = await chat.service.start()
  await expect.poll(() => chat.slack.sockets(), { timeout: 30_000 }).toBe(2)
  await expect.poll(() => chat.slackCards().length, { timeout: 60_000 }).toBe(1)
  await expect.poll(() => chat.discordCards().length, { timeout: 60_000 }).toBe(1)
})
afterEach(async () => {
  await chat.remove()
  await sql.end({ timeout: 1 })
  await server.stop()
  await rm(server.dataDir, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
})

const approvedInSlack = () => JSON.stringify(chat.slackCards()[0]?.blocks)

async function get(page: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${chat.service.url}${page}`, { headers })
  return { status: response.status, text: await response.text() }
}

const readiness = z.object({
  ready: z.boolean(),
  database: z.string(),
  platforms: z.record(z.string(), z.object({ connected: z.boolean(), state: z.string() })),
})

async function ready() {
  return readiness.parse(JSON.parse((await get('/readyz')).text))
}

/** A page that is open: what it is told, as a browser would hear it. */
async function openPage() {
  const signedIn = await fetch(link, { method: 'POST', body: new URL(link).searchParams, redirect: 'manual' })
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const leaving = new AbortController()
  const response = await fetch(`${chat.service.url}/live`, { headers: { cookie }, signal: leaving.signal })
  let heard = ''
  async function read() {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) heard += decoder.decode(chunk, { stream: true })
  }
  read().catch(() => undefined)
  return {
    heard: () => heard,
    comment: (proposal: string, text: string) =>
      fetch(`${chat.service.url}/c/web/say`, {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams({ proposal, text }),
      }),
    close: () => leaving.abort(),
  }
}

async function approve(user: string): Promise<void> {
  const [card] = chat.slackCards()
  if (card) await chat.slack.click(user, card, 'pw:approve')
}

test('Slack that answers 500 or nothing to the question for a socket, and nonsense on every wire', async () => {
  const asked = () => chat.slack.calls.filter(({ method }) => method === 'apps.connections.open').length
  const before = asked()
  const fault = { kind: 'status', status: 500 } as const
  chat.slack.fail('apps.connections.open', fault, { kind: 'lost' }, fault, fault)
  chat.slack.arrivals.drop()
  await expect.poll(async () => (await ready()).platforms.slack?.state, { timeout: 10_000 }).toBe('down')
  expect((await ready()).ready).toBe(true)
  await expect.poll(asked, { timeout: 20_000 }).toBe(before + 6)
  await expect.poll(async () => (await ready()).platforms.slack?.connected, { timeout: 10_000 }).toBe(true)
  expect(chat.service.log().match(/slack: not connected/g)).toHaveLength(1)
  expect(chat.service.log()).toContain('slack: connected again')
  chat.slack.arrivals.say('null')
  for (const name of ['GUILD_CREATE', 'INTERACTION_CREATE', 'CHANNEL_UPDATE', 'MESSAGE_CREATE'])
    chat.discord.gateway.dispatch({ name, data: { id: 5, type: 1, channels: 7, members: 7 }, intent: 0 })
  await approve(slackPeople.mara)
  await expect.poll(approvedInSlack, { timeout: 20_000 }).toContain('(owner) approved.')
  expect(chat.service.running()).toBe(true)
})

test('a database that kills every connection every ten milliseconds, in the middle of a rollout', async () => {
  const page = await openPage()
  await approve(slackPeople.mara)
  onTestFailed(() => console.log(chat.service.log(), chat.thread('slack')))
  const [card] = chat.discordCards()
  const [, button = ''] = /"(pw:approve:[^"]+)"/.exec(JSON.stringify(card?.components)) ?? []
  await chat.discord.click(chat.discordPeople.tom, card?.id ?? '', button)
  const approvals = () => chat.thread('slack').filter((text) => text.endsWith('Approved.')).length
  await expect.poll(approvals, { timeout: 60_000 }).toBe(2)
  const until = Date.now() + 8_000
  while (Date.now() < until) {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and application_name like 'patchwarden%'`
    await sleep(10)
  }
  expect((await get('/livez')).status).toBe(200)
  for (const platform of ['slack', 'discord'] as const) {
    await expect.poll(() => chat.thread(platform).join('\n'), { timeout: 100_000 }).toContain('Done.')
  }
  expect(await ready()).toMatchObject({ ready: true, database: 'ok' })
  const heard = page.heard().length
  const [proposal = ''] = /PW-\d+/.exec(JSON.stringify(card)) ?? []
  await page.comment(proposal, 'Is everybody still there?')
  await expect.poll(() => page.heard().slice(heard), { timeout: 10_000 }).toContain(proposal)
  page.close()
  expect(chat.service.running()).toBe(true)
  expect(chat.service.log()).not.toContain('no code caught')
  const verified = await chat.service.command('audit', 'verify', '--rebuild')
  expect(verified).toMatchObject({ code: 0 })
})

test('health says that nothing can be written, and a signal that is not for stopping stops nothing', async () => {
  expect(await get('/healthz')).toEqual({ status: 200, text: 'ok' })
  expect(await ready()).toMatchObject({
    ready: true,
    database: 'ok',
    platforms: { slack: { connected: true }, discord: { connected: true } },
  })
  await sql`alter system set default_transaction_read_only = on`
  await sql`select pg_reload_conf()`
  await expect.poll(async () => (await get('/healthz')).status, { timeout: 10_000 }).toBe(503)
  expect(await ready()).toMatchObject({ ready: false, database: 'read-only' })
  await sql`set default_transaction_read_only = off`
  await sql`alter system reset default_transaction_read_only`
  await sql`select pg_reload_conf()`
  await expect.poll(async () => (await get('/healthz')).status, { timeout: 10_000 }).toBe(200)
  chat.service.signal('SIGWINCH')
  await expect.poll(chat.service.log).toMatch(/no code caught.*injected[\s\S]*no code caught.*thrown/)
  chat.service.stopReading()
  for (const signal of ['SIGHUP', 'SIGPIPE', 'SIGUSR1', 'SIGUSR2'] as const) chat.service.signal(signal)
  await approve(slackPeople.mara)
  await expect.poll(approvedInSlack, { timeout: 20_000 }).toContain('(owner) approved.')
  await expect(fetch('http://127.0.0.1:9229/json')).rejects.toThrow()
  await server.stop()
  expect((await get('/livez')).status).toBe(200)
  // The last answer holds for a second.
  await expect.poll(ready, { timeout: 6_000 }).toMatchObject({ ready: false, database: 'no answer' })
  expect(chat.service.running()).toBe(true)
  expect(await chat.service.end('SIGTERM')).toBe(0)
})
