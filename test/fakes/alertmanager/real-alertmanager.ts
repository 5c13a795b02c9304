import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../support/until.ts'

/** The real program, by the names that distributions and the project give it; `null` (with a printed reason): none. */
export function alertmanagerProgram(): string | null {
  const found = ['prometheus-alertmanager', 'alertmanager'].find(
    (name) => spawnSync(name, ['--version'], { timeout: 10_000 }).status === 0,
  )
  if (found === undefined) {
    console.info('skipped: there is no Alertmanager here; on Debian, apt-get install prometheus-alertmanager')
  }
  return found ?? null
}

export interface RealAlertmanager {
  readonly url: string
  close(): Promise<void>
}

export async function startRealAlertmanager(program: string): Promise<RealAlertmanager> {
  const folder = mkdtempSync(join(tmpdir(), 'pw-alertmanager-'))
  const config = join(folder, 'config.yml')
  writeFileSync(config, 'route: { receiver: none }\nreceivers: [{ name: none }]\n')
  const url = `http://127.0.0.1:${await freePort()}`
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=${url.replace('http://', '')}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const close = async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const isReady = async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok ?? false
  try {
    await until(`${program} answers`, 10, isReady, 50)
    return { url, close }
  } catch (error) {
    await close()
    throw error
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
