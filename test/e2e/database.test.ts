import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isAlive } from '../../src/store/process-identity.ts'
import { createService, type RunningService } from '../support/running-service.ts'

let folder: string
let data: string
let service: RunningService | null

/** Whatever has to be built is built, and said, before. */
beforeAll(async () => {
  const once = await createService()
  await once.command('commands')
  await once.remove()
})
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'patchwarden database '))
  // Open, so that as root the account that runs the server can enter.
  chmodSync(folder, 0o755)
  data = path.join(folder, 'data')
  mkdirSync(data)
  service = null
})
afterEach(async () => {
  await service?.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function make(environment: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  service = await createService({ PATCHWARDEN_DATA: data, DATABASE_URL: '', ...environment })
  return service
}

function postmaster(): number {
  return Number.parseInt(readFileSync(path.join(data, 'example', 'postgres', 'pgdata', 'postmaster.pid'), 'utf8'), 10)
}

function isSentence({ code, stdout, stderr }: Awaited<ReturnType<RunningService['command']>>, sentence: RegExp): void {
  expect(stderr).toMatch(sentence)
  expect(`${stdout}${stderr}`).not.toMatch(/^ {4}at |node:internal/m)
  expect(code).toBe(2)
}

it('its server killed alone, the service goes on, and so does a command that comes just then', async () => {
  const running = await make()
  await running.start()
  for (let time = 1; time <= 2; time++) {
    const killed = postmaster()
    process.kill(killed, 'SIGKILL')
    expect(await running.command('proposals', '--json')).toMatchObject({ code: 0 })
    await expect.poll(() => running.log().match(/ is back \(process/g)?.length, { timeout: 60_000 }).toBe(time)
    expect(running.log().match(/ has ended\. It is started again/g)).toHaveLength(time)
    expect(postmaster()).not.toBe(killed)
    await expect.poll(async () => (await fetch(`${running.url}/healthz`)).status, { timeout: 30_000 }).toBe(200)
    expect(await running.command('propose', '--as', 'mara')).toMatchObject({ code: 0 })
  }
  expect(await running.end('SIGTERM')).toBe(0)
  expect(isAlive(postmasterOr(0))).toBe(false)
})

it('two commands at once, without a service, share one server and leave none behind', async () => {
  const running = await make()
  const both = await Promise.all([running.command('proposals'), running.command('audit', 'verify')])
  for (const each of both) expect(each).toMatchObject({ code: 0, stderr: '' })
  await expect.poll(() => isAlive(postmasterOr(0)), { timeout: 20_000 }).toBe(false)
})

function postmasterOr(otherwise: number): number {
  try {
    return postmaster()
  } catch {
    return otherwise
  }
}

it.each([
  ['start'],
  ['check', '--no-click'],
  ['sync'],
  ['assess'],
  ['proposals'],
  ['explain', 'CVE-2026-1'],
  ['plan', 'PW-1'],
  ['report', 'PW-1'],
  ['watch', 'PW-1'],
  ['vote', 'PW-1', 'approve', '--as', 'mara'],
  ['propose', '--as', 'mara'],
  ['halt', 'PW-1', '--as', 'mara'],
  ['mine', '--as', 'mara'],
  ['running'],
  ['assets', 'PW-1'],
  ['audit', 'verify'],
  ['audit', 'export'],
  ['sign-in', 'mara'],
])('without its database it says so and how to fix it: %s %s', async (...args) => {
  const running = await make({ DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/app' })
  const answer = await running.command(...args)
  isSentence(
    answer,
    /^Cannot use the database at 127\.0\.0\.1:1\/app\. It does not answer: connection refused\. .* The address is in DATABASE_URL\.\n$/,
  )
  expect(answer.stderr).not.toContain('secret')
})

it('a data folder that is a file is a sentence', async () => {
  const file = path.join(folder, 'file')
  closeSync(openSync(file, 'w'))
  const running = await make({ PATCHWARDEN_DATA: file })
  isSentence(await running.command('proposals'), /a file is in the way where a folder should be\./)
})

it('a folder of the database that is a file, or that has a broken cluster, is a sentence', async () => {
  mkdirSync(path.join(data, 'example'), { recursive: true })
  closeSync(openSync(path.join(data, 'example', 'postgres'), 'w'))
  const running = await make()
  isSentence(
    await running.command('proposals'),
    /^Cannot keep the embedded database in .*: a file is in the way where a folder should be\./,
  )
  rmSync(path.join(data, 'example', 'postgres'))
  expect(await running.command('proposals')).toMatchObject({ code: 0 })
  rmSync(path.join(data, 'example', 'postgres', 'pgdata', 'global', 'pg_control'))
  isSentence(await running.command('proposals'), /^The embedded database did not start: .*pg_control.* Its log is /)
})

const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && canMount()
if (!mayMount) console.log('Skipped: a full disk, for that takes a small file system, which root alone may mount.')

function canMount(): boolean {
  const probe = mkdtempSync(path.join(tmpdir(), 'patchwarden mount '))
  try {
    mount(probe, 1)
    execFileSync('umount', [probe])
    return true
  } catch {
    return false
  } finally {
    rmSync(probe, { recursive: true })
  }
}

function mount(at: string, megabytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', at], { stdio: 'ignore' })
}

describe.skipIf(!mayMount)('a full disk', () => {
  const filler = () => path.join(data, 'filler')
  const full = /the disk that holds \S.* is full .* Make room there, or set PATCHWARDEN_DATA/

  afterEach(() => execFileSync('umount', ['-l', data]))

  function fill(): void {
    const file = openSync(filler(), 'w')
    try {
      for (const size of [1024 * 1024, 4096]) {
        const block = Buffer.alloc(size)
        try {
          while (writeSync(file, block) === size);
        } catch {}
      }
    } finally {
      closeSync(file)
    }
  }

  it.each([1, 30])('at the first start is a sentence: %i MB', async (megabytes) => {
    mount(data, megabytes)
    const running = await make()
    isSentence(await running.command('start'), full)
    isSentence(await running.command('proposals'), full)
  })

  it('or one that nobody may write to is a sentence', async () => {
    mount(data, 20)
    const running = await make()
    fill()
    isSentence(await running.command('proposals'), /the disk (is|that holds \S.* is) full/)
    execFileSync('mount', ['-o', 'remount,ro', data])
    isSentence(await running.command('proposals'), /the file system is read-only|is on a file system that is read-only/)
  })

  it('at a later start is a sentence, and room for it lets it start', async () => {
    mount(data, 300)
    const running = await make()
    expect(await running.command('proposals')).toMatchObject({ code: 0 })
    fill()
    isSentence(await running.command('proposals'), full)
    rmSync(filler())
    expect(await running.command('proposals')).toMatchObject({ code: 0 })
  })

  it('while it runs costs what writes a sentence, and room lets it go on', async () => {
    mount(data, 300)
    const running = await make()
    await running.start()
    await expect
      .poll(async () => (await running.command('proposals', '--json')).stdout, { timeout: 120_000, interval: 1_000 })
      .toContain('PW-1')
    fill()
    // As much as it takes until what the server has set aside for its log is used up.
    for (let time = 0; time < 12; time++) {
      const answer = await running.command('audit', 'export')
      if (answer.code === 0) continue
      isSentence(answer, /The database cannot be used just now\.|is full|does not answer|did not start/)
    }
    rmSync(filler())
    await expect
      .poll(async () => (await running.command('vote', 'PW-1', 'abstain', '--as', 'mara')).code, { timeout: 120_000 })
      .toBe(0)
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200)
  })
})
