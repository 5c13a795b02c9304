import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { smallWith } from '../config/small.ts'
import { createService, type RunningService } from '../support/running-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

let service: RunningService

beforeEach(async () => {
  service = await createService()
})
afterEach(() => service.remove())

interface Listed {
  readonly id: string
  readonly status: string
  readonly team: string
}

async function proposals(): Promise<readonly Listed[]> {
  const { stdout } = await service.command('proposals', '--all', '--json')
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

async function statusOf(team: string): Promise<string> {
  return (await proposals()).find((proposal) => proposal.team === team)?.status ?? 'none'
}

async function approved(team: string, owner: string): Promise<string> {
  await expect.poll(() => statusOf(team), { timeout: 60_000, interval: 500 }).toBe('open')
  const { id = '' } = (await proposals()).find((proposal) => proposal.team === team) ?? {}
  for (const person of [owner, 'tom']) {
    expect(await service.command('vote', id, 'approve', '--as', person)).toMatchObject({ code: 0 })
  }
  return id
}

it('answers as healthy, and Ctrl-C ends it and its database cleanly', async () => {
  const link = await service.start()
  expect(link).toContain('/sign-in?token=')
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
  expect(await service.end('SIGINT')).toBe(0)
  await expect(fetch(`${service.url}/healthz`)).rejects.toThrow()
  expect(await service.start()).not.toBe(link)
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
})

it('reads a feed in a thread of its own, as it is built', async () => {
  const folder = temporaryFolder('pw-feeds')
  const location = fileURLToPath(new URL('../integrations/feeds/fixtures/kev.json', import.meta.url))
  const config = path.join(folder, 'patchwarden.yaml')
  writeFileSync(config, smallWith('kev: { kind: kev }', `kev: { kind: kev, location: ${JSON.stringify(location)} }`))
  const { stdout } = await service.command('--config', config, 'sync', '--json')
  expect(JSON.parse(stdout).reports[0]).toMatchObject({ name: 'kev', ok: true, news: true })
})

it('killed in the middle of a rollout, it goes on at the next start: nothing is lost, and nothing is done twice', async () => {
  await service.start()
  const id = await approved('web-platform', 'mara')
  for (const pause of [1_500, 3_000, 4_500]) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    await service.end('SIGKILL')
    await service.start()
  }
  await expect.poll(() => statusOf('web-platform'), { timeout: 120_000, interval: 1_000 }).toBe('completed')
  const report = await service.command('report', id)
  expect(report.stdout).toContain('8 done, 0 not done, 0 never answered, 0 not touched')
  const said = report.stdout.split('\n').filter((line) => /^\| web-0\d \|.*\| (installed|rebooted)/.test(line))
  expect(new Set(said.map((line) => /web-0\d/.exec(line)?.[0])).size).toBe(8)
  expect(said).toHaveLength(8)
  expect(await service.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
})

it('a rollout whose canary fails stops, and the way on is the one that the policy names', async () => {
  await service.start()
  const id = await approved('payments', 'priya')
  await expect.poll(() => statusOf('payments'), { timeout: 60_000, interval: 500 }).toBe('halted')
  const { stdout } = await service.command('report', id)
  expect(stdout).toMatch(/Stopped\.|gate/)
  expect(await service.command('resume', id, '--as', 'tom')).toMatchObject({ code: 1 })
  expect(await service.command('resume', id, '--as', 'priya')).toMatchObject({ code: 0 })
  expect(await service.command('vote', id, 'approve', '--as', 'priya')).toMatchObject({ code: 1 })
})
