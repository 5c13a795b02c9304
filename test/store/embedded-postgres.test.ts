import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded-postgres.ts'
import { isAlive } from '../../src/store/process-identity.ts'
import { type Child, startChild } from '../support/child.ts'

let folder: string
let dataDir: string
let started: EmbeddedPostgres[]
let children: Child[]

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'patchwarden pg '))
  chmodSync(folder, 0o755)
  dataDir = path.join(folder, 'data', 'postgres')
  started = []
  children = []
})

afterEach(async () => {
  for (const child of children) await child.kill()
  for (const server of started) await server.stop()
  for (const server of started) rmSync(server.dataDir, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
})

async function start(durable = false): Promise<EmbeddedPostgres> {
  const server = await startEmbedded({ dataDir, durable, log: () => {} })
  started.push(server)
  return server
}

function startElsewhere(): Child {
  const child = startChild('test/store/children/embedded.ts', [dataDir])
  children.push(child)
  return child
}

async function facts(child: Child): Promise<EmbeddedPostgres> {
  return JSON.parse(await child.line())
}

async function query(url: string, text: string): Promise<readonly postgres.Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(text)
  } finally {
    await sql.end()
  }
}

describe('a server of our own', () => {
  test('starts in a path with a space, keeps its data when stopped, and starts again', async () => {
    const first = await start()
    await query(first.url, 'create table kept as select 42 as answer')
    await first.stop()
    expect(isAlive(first.pid)).toBe(false)

    const second = await start()
    expect(second.adopted).toBe(false)
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('asks for the password', async () => {
    const server = await start()
    const stranger = new URL(server.url)
    stranger.password = 'guess'
    await expect(query(stranger.href, 'select 1')).rejects.toThrow(/password authentication failed/)
  })

  test('is shared with whoever starts it again, and stopped by the last to leave, whoever began', async () => {
    const first = await start()
    const second = await start()
    expect(second).toMatchObject({ pid: first.pid, adopted: true })
    await first.stop()
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await second.stop()
    expect(isAlive(first.pid)).toBe(false)
  })

  test('is one server, however many starts come at once', async () => {
    const servers = await Promise.all([start(), start(), start(), start()])
    expect(new Set(servers.map(({ pid }) => pid)).size).toBe(1)
    expect(servers.filter(({ adopted }) => !adopted)).toHaveLength(1)
  })
})

describe('after a kill', () => {
  test('the server stops by itself, committed data stay, and the next start is a fresh one', async () => {
    const child = startElsewhere()
    const killed = await facts(child)
    await query(killed.url, 'create table kept as select 42 as answer')
    await child.kill('SIGKILL')
    await expect.poll(() => isAlive(killed.pid), { timeout: 5000 }).toBe(false)

    const next = await start()
    expect(next.adopted).toBe(false)
    expect(await query(next.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('whoever else uses the server keeps it', async () => {
    const child = startElsewhere()
    const killed = await facts(child)
    const other = await start()
    expect(other.pid).toBe(killed.pid)
    await child.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await query(other.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await other.stop()
    expect(isAlive(killed.pid)).toBe(false)
  })

  test('a start in the same moment waits for the stopping server instead of joining it', async () => {
    const child = startElsewhere()
    const killed = await facts(child)
    await child.kill('SIGKILL')
    const next = await start()
    expect(next.pid).not.toBe(killed.pid)
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('an orphan whose guard was killed too is adopted and watched again', async () => {
    const child = startElsewhere()
    const orphan = await facts(child)
    process.kill(guardPid(orphan.dataDir), 'SIGKILL')
    await child.kill('SIGKILL')
    expect(isAlive(orphan.pid)).toBe(true)

    const next = await start()
    expect(next).toMatchObject({ pid: orphan.pid, adopted: true })
    await next.stop()
    expect(isAlive(orphan.pid)).toBe(false)
  })

  test('a killed server comes back with what was committed', async () => {
    const first = await start(true)
    await query(first.url, 'create table kept as select 42 as answer')
    process.kill(first.pid, 'SIGKILL')
    const next = await start(true)
    expect(next.pid).not.toBe(first.pid)
    expect(await query(next.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })
})

describe('leftovers', () => {
  test('a first start that was killed half way leaves no files and no lock behind', async () => {
    mkdirSync(path.join(dataDir, 'init-4711'), { recursive: true })
    writeFileSync(path.join(dataDir, 'lock'), `${process.pid} started in another boot`)
    writeFileSync(path.join(dataDir, 'init-4711.password'), 'half')
    const server = await start()
    expect(existsSync(path.join(server.dataDir, 'init-4711'))).toBe(false)
    expect(existsSync(path.join(server.dataDir, 'init-4711.password'))).toBe(false)
  })

  test('a postmaster.pid that names another program does not stop the start', async () => {
    const first = await start()
    await first.stop()
    const stale = `${process.pid}\n${first.dataDir}/pgdata\n1\n1\n\n127.0.0.1\n\nready\n`
    writeFileSync(path.join(first.dataDir, 'pgdata', 'postmaster.pid'), stale)
    const next = await start()
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('data of another major version are refused, untouched', async () => {
    const first = await start()
    await first.stop()
    writeFileSync(path.join(first.dataDir, 'pgdata', 'PG_VERSION'), '12\n')
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 12, the bundled server is \d+\. Move/)
  })
})

function guardPid(directory: string): number {
  return Number.parseInt(readFileSync(path.join(directory, 'guard'), 'utf8'), 10)
}
