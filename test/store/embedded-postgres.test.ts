import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded-postgres.ts'
import { isAlive } from '../../src/store/process-identity.ts'
import { openQueue } from '../../src/store/queue.ts'
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
  test('its log repeats no value of a statement that failed, and no row', async () => {
    const { url } = await start()
    const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
    await sql`create table kept (address text primary key check (address <> 'nobody@example.net'), token text not null)`
    await sql`insert into kept values ('tom@example.net', 's3cret')`
    for (const [address, token] of [
      ['tom@example.net', 's3cret'],
      ['mara@example.net', null],
      ['nobody@example.net', 's3cret'],
    ])
      await expect(sql`insert into kept values (${address ?? null}, ${token ?? null})`).rejects.toThrow('violates')
    await sql.end()
    const log = readFileSync(path.join(dataDir, 'server.log'), 'utf8')
    expect(log).toContain('violates not-null constraint')
    expect(log).not.toMatch(/s3cret|(tom|mara)@example/)
  })

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

describe('a server that ends under those who use it', () => {
  let told: string[]

  async function startWatched(): Promise<EmbeddedPostgres> {
    told = []
    const server = await startEmbedded({ dataDir, durable: true, log: () => {}, warn: (message) => told.push(message) })
    started.push(server)
    return server
  }

  const back = (times: number) =>
    expect.poll(() => told.filter((line) => / is back /.test(line)).length, { timeout: 60_000 }).toBe(times)

  test('is started again on the same address: queries, LISTEN and jobs go on, and it is told once', async () => {
    const server = await startWatched()
    const { pid } = server
    const database = await openDatabase({ url: server.url, dataDir: '', durable: true, log: () => {} })
    const queue = await openQueue({ url: server.url, name: 'one', onError: () => {} })
    const heard: string[] = []
    const done: unknown[] = []
    await database.sql.listen('news', (text) => heard.push(text))
    queue.define('note', async (data) => void done.push(data))
    await queue.start()

    process.kill(pid, 'SIGKILL')
    await back(1)
    expect(server.pid).not.toBe(pid)
    expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }])
    await queue.enqueueNow('note', 'after')
    await expect.poll(() => done, { timeout: 20_000 }).toEqual(['after'])
    await expect
      .poll(
        async () => {
          await database.sql.notify('news', 'hello')
          return heard.length
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0)
    expect(told).toEqual([
      `The embedded database (process ${pid}) has ended. It is started again on the same address.`,
      expect.stringMatching(/^The embedded database is back \(process \d+\), after \d+ s\.$/),
    ])
    await queue.close()
    await database.close()
  })

  test.each(['fast', 'immediate', 'smart'])('comes back after somebody stopped it: %s', async (mode) => {
    const server = await startWatched()
    const held = postgres(server.url, { max: 1, onnotice: () => {} })
    await held`select 1`
    await pgCtl(server, ['-m', mode, '-W', 'stop'])
    await back(1)
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await held.end({ timeout: 1 })
  })

  test('comes back to its port after somebody started it by hand on another', async () => {
    const server = await startWatched()
    await pgCtl(server, ['-m', 'fast', '-w', 'stop'])
    await pgCtl(server, [
      '-w',
      '-l',
      path.join(server.dataDir, 'hand.log'),
      '-o',
      `-p ${server.port - 1} -c unix_socket_directories=`,
      'start',
    ])
    await back(1)
    await expect
      .poll(() => query(server.url, 'select 1 as one').catch(() => null), { timeout: 30_000 })
      .toEqual([{ one: 1 }])
  })

  test('comes back although one of its sessions still computes', async () => {
    const server = await startWatched()
    const busy = postgres(server.url, { max: 1, onnotice: () => {} })
    const [row] = await busy<{ pid: number }[]>`select pg_backend_pid() as pid`
    const answer = busy`select count(*) from generate_series(1, 40000) a, generate_series(1, 400000) b`.catch(() => {})
    await expect
      .poll(() => query(server.url, `select state from pg_stat_activity where pid = ${row?.pid}`))
      .toEqual([{ state: 'active' }])
    process.kill(server.pid, 'SIGKILL')
    await back(1)
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(isAlive(row?.pid ?? 0)).toBe(false)
    await answer
    await busy.end({ timeout: 1 })
  })

  test('comes back however often that happens, later each time, and is never given up', async () => {
    const server = await startWatched()
    for (let times = 1; times <= 4; times++) {
      process.kill(server.pid, 'SIGKILL')
      await back(times)
      expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    }
    expect(told.filter((line) => / has ended\./.test(line))).toHaveLength(4)
  })

  test('waits for what is in its way, says so once, and comes back when it is gone', async () => {
    const server = await startWatched()
    const control = path.join(server.dataDir, 'pgdata', 'global', 'pg_control')
    renameSync(control, `${control}.away`)
    process.kill(server.pid, 'SIGKILL')
    await expect
      .poll(() => told.filter((line) => / did not start: .* tried again/.test(line)).length, { timeout: 30_000 })
      .toBe(1)
    renameSync(`${control}.away`, control)
    await back(1)
    expect(told).toHaveLength(3)
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('its guests go on, too; a command that comes just then gets the same server, by whatever path', async () => {
    const server = await startWatched()
    const guest = startElsewhere()
    expect(await facts(guest)).toMatchObject({ port: server.port, adopted: true })
    process.kill(server.pid, 'SIGKILL')
    const link = path.join(folder, 'link')
    symlinkSync(path.join(folder, 'data'), link)
    const late = await Promise.all(
      [`${dataDir}/`, path.join(link, 'postgres'), path.relative(process.cwd(), dataDir)].map((way) =>
        startEmbedded({ dataDir: way, durable: true, log: () => {} }),
      ),
    )
    started.push(...late)
    await back(1)
    for (const each of late) {
      expect(each.url).toBe(server.url)
      await each.stop()
    }
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await server.stop()
    expect(isAlive(server.pid)).toBe(true)
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    process.kill(server.pid, 'SIGKILL')
    await expect
      .poll(() => query(server.url, 'select 1 as one').catch(() => null), { timeout: 30_000 })
      .toEqual([{ one: 1 }])
    await guest.kill('SIGKILL')
    await expect
      .poll(
        () =>
          query(server.url, 'select 1').then(
            () => 'runs',
            () => 'ended',
          ),
        { timeout: 30_000 },
      )
      .toBe('ended')
  })

  test('what others need to find it is put back while it runs', async () => {
    const server = await startWatched()
    const guard = guardPid(server.dataDir)
    for (const name of ['password', 'guard', 'server', 'pipe', 'pgdata/postmaster.pid'])
      rmSync(path.join(server.dataDir, name))
    const guest = startElsewhere()
    expect(await facts(guest)).toMatchObject({ port: server.port })
    await expect.poll(() => isAlive(guard), { timeout: 10_000 }).toBe(false)
    await guest.kill('SIGTERM')
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('a guard that was killed is replaced: who leaves does not take the server along', async () => {
    const server = await startWatched()
    process.kill(guardPid(server.dataDir), 'SIGKILL')
    await expect.poll(() => isAlive(guardPid(server.dataDir)), { timeout: 10_000 }).toBe(true)
    const guest = await start()
    await guest.stop()
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(told).toEqual([])
    await server.stop()
    expect(isAlive(server.pid)).toBe(false)
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

  test('a server whose files are damaged is not left behind, and it is said that they are', async () => {
    const first = await start()
    await first.stop()
    writeFileSync(path.join(first.dataDir, 'pgdata', 'global', 'pg_filenode.map'), '')
    const again = startEmbedded({ dataDir, durable: false, log: () => {}, patienceMs: 3_000 })
    await expect(again).rejects.toThrow(
      /lets nobody in \(.*pg_filenode\.map.*Its files may be damaged: restore .* from a backup/,
    )
    expect(existsSync(path.join(first.dataDir, 'pgdata', 'postmaster.pid'))).toBe(false)
  })

  test('a postmaster.pid that names another program does not stop the start', async () => {
    const first = await start()
    await first.stop()
    const stale = `${process.pid}\n${first.dataDir}/pgdata\n1\n1\n\n127.0.0.1\n\nready\n`
    writeFileSync(path.join(first.dataDir, 'pgdata', 'postmaster.pid'), stale)
    const next = await start()
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test.each([
    ['empty', () => ''],
    ['cut off', ({ pid }: EmbeddedPostgres) => `${pid}\n`],
    ['garbage', () => '\u0000\u0000\u0000\u0000not a pid'],
    ['a group of processes', () => `0\n/x\n1\n${1}\n`],
    ['a negative pid', () => `-1\n/x\n1\n1\n`],
  ])('a postmaster.pid after a power cut does not stop the start: %s', async (_, content) => {
    const first = await start()
    await first.stop()
    writeFileSync(path.join(first.dataDir, 'pgdata', 'postmaster.pid'), content(first))
    const next = await start()
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('a postmaster.pid that names a zombie does not stop the start', async () => {
    const first = await start()
    await first.stop()
    const account = statSync(path.join(first.dataDir, 'pgdata'))
    const { pid, end } = await zombie(account)
    writeFileSync(path.join(first.dataDir, 'pgdata', 'postmaster.pid'), `${pid}\n${first.dataDir}/pgdata\n1\n1\n`)
    const next = await start()
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await end()
  })

  test.each(['password', 'server', 'guard', 'lock', 'lock.break', 'pipe', 'pgdata/postgresql.auto.conf'])(
    'files of ours that a power cut emptied, or filled with garbage, do not stop the start: %s',
    async (name) => {
      for (const content of ['', '\u0000\u0000garbage = = "', 'AAAAAAAAAAAAAAAAAAAAAAAA\n']) {
        const before = await start()
        await before.stop()
        const file = path.join(before.dataDir, name)
        rmSync(file, { force: true })
        writeFileSync(file, content)
        const after = await start()
        expect(await query(after.url, 'select 1 as one')).toEqual([{ one: 1 }])
        await after.stop()
      }
    },
  )

  test.each([
    'password',
    'server',
    'guard',
    'lock',
    'lock.break',
    'server.log',
    'pipe',
    'users',
    'pgdata/postmaster.pid',
  ])(
    'a folder, or a link that leads nowhere, in the place of something of ours does not stop the start: %s',
    async (name) => {
      for (const put of [mkdirSync, (file: string) => symlinkSync(path.join(folder, 'nowhere', 'at all'), file)]) {
        const before = await start()
        await before.stop()
        const file = path.join(before.dataDir, name)
        rmSync(file, { recursive: true, force: true })
        put(file)
        const after = await start()
        expect(await query(after.url, 'select 1 as one')).toEqual([{ one: 1 }])
        await after.stop()
      }
    },
  )

  test('a log that the server may not write does not stop the start', async () => {
    const before = await start()
    await before.stop()
    const file = path.join(before.dataDir, 'server.log')
    rmSync(file)
    // Of root, where root tests; else closed to its owner.
    writeFileSync(file, 'cut by another program', { mode: 0o444 })
    const after = await start()
    expect(await query(after.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('a lost password is replaced where nobody uses the server, also when one was left running', async () => {
    const child = startElsewhere()
    const orphan = await facts(child)
    await query(orphan.url, 'create table kept as select 42 as answer')
    process.kill(guardPid(orphan.dataDir), 'SIGKILL')
    await child.kill('SIGKILL')
    rmSync(path.join(orphan.dataDir, 'password'))
    const next = await start()
    expect(await query(next.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    await expect(query(orphan.url, 'select 1')).rejects.toThrow()
  })

  test('data of another major version are refused, untouched', async () => {
    const first = await start()
    await first.stop()
    writeFileSync(path.join(first.dataDir, 'pgdata', 'PG_VERSION'), '12\n')
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 12, the bundled server is \d+\. Move/)
  })
})

/** As somebody else would do it by hand, as the account that owns the data. */
async function pgCtl(server: EmbeddedPostgres, args: readonly string[]): Promise<void> {
  const pgdata = path.join(server.dataDir, 'pgdata')
  const { uid, gid } = statSync(pgdata)
  const running = readFileSync(path.join(pgdata, 'postmaster.opts'), 'utf8')
  const program = path.join(path.dirname(/^\S+/.exec(running)?.[0] ?? ''), 'pg_ctl')
  const child = spawn(program, ['-D', pgdata, ...args], { uid, gid, cwd: pgdata, stdio: 'ignore' })
  await once(child, 'exit')
}

/**
 * A process that has ended and whose parent does not look. It ends only when its parent has become `sleep`:
 * a shell that still runs would collect it.
 */
async function zombie({ uid, gid }: { readonly uid: number; readonly gid: number }) {
  const child = 'while [ "$(cat /proc/$$/comm)" != sleep ]; do :; done'
  const parent = spawn('sh', ['-c', `(${child}) & echo $!; exec sleep 60`], { uid, gid })
  const [line] = await once(parent.stdout, 'data')
  const pid = Number(String(line))
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /)
  return {
    pid,
    end: async () => {
      const gone = once(parent, 'exit')
      parent.kill('SIGKILL')
      await gone
    },
  }
}

function guardPid(directory: string): number {
  return Number.parseInt(readFileSync(path.join(directory, 'guard'), 'utf8'), 10)
}
