/** Several processes of the whole service on one PostgreSQL, with hooks that write down when and by whom they were run. */

import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { createService, type RunningService } from './running-service.ts'

export interface HookRun {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly moment: string
  readonly asset: string
  readonly key: string
  /** Of the process of the service that ran it. */
  readonly pid: number
}

export interface Listed {
  readonly id: string
  readonly status: string
  readonly team: string
}

export interface Replicas {
  /** One for each address of the database that was given. */
  readonly services: readonly RunningService[]
  hooks(): Promise<readonly HookRun[]>
  proposals(): Promise<readonly Listed[]>
  /** Votes for the proposal until it is approved. */
  approve(id: string): Promise<void>
  remove(): Promise<void>
}

const listed = z.object({ id: z.string(), status: z.string(), team: z.string() })
const shipped = fileURLToPath(new URL('../../examples', import.meta.url))

/** `pace`: seconds that an asset takes; `drain`: seconds that its drain hook takes. */
export async function createReplicas(
  addresses: readonly string[],
  { pace, drain }: { readonly pace: number; readonly drain: number },
): Promise<Replicas> {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden replicas '))
  const fleet = path.join(folder, 'fleet.json')
  const log = path.join(folder, 'hooks.log')
  const file = path.join(folder, 'patchwarden.yaml')
  // Hooks are not run for assets that call themselves simulated.
  const example = await readFile(path.join(shipped, 'fleet.json'), 'utf8')
  await writeFile(fleet, example.replaceAll('"simulated": true', '"simulated": false'))
  await mkdir(`${fleet}.runs`, { recursive: true })
  await appendFile(log, '')
  const hook = (moment: string, seconds: number) =>
    `${moment}: { command: [sh, -c, 'echo "$(date +%s%3N) ${moment} $1 $2 $PPID" >> "$3"; sleep ${seconds}', sh, "{name}", "{key}", ${JSON.stringify(log)}], timeout: 2 min }`
  await writeFile(
    file,
    `
people: { mara: { name: Mara }, tom: { name: Tom } }
roles: { operator: [mara] }
teams:
  web-platform: { name: Web, channel: ops, roles: { owner: [mara] }, policy: one-yes, window: any-time, rollout: steady }
channels: { ops: {} }
policies:
  one-yes: { kind: quorum, approvals: { owner: 1 }, cli: recorded, stop: [owner], resume: { owner: 1 } }
windows: { any-time: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] } }
rollouts:
  steady:
    rings: [{ name: all, select: rest, batch: 2 }]
    hooks:
      ${hook('drain', drain)}
      ${hook('undrain', 0)}
sources: { example: { kind: file, path: ${JSON.stringify(fleet)}, format: json, team: web-platform, engine: simulated } }
feeds: { example: { kind: file-catalog, path: ${JSON.stringify(path.join(shipped, 'catalog.json'))} } }
engines: { simulated: { kind: simulated, state: ${JSON.stringify(fleet)}, pace: ${pace} s } }
proposals: { groupBy: team }
`,
  )
  const services = await Promise.all(
    addresses.map((address) => createService({ PATCHWARDEN_CONFIG: file, DATABASE_URL: address })),
  )

  async function must(...command: readonly string[]): Promise<string> {
    const [first] = services
    if (first === undefined) throw new Error('no replica')
    const { code, stdout, stderr } = await first.command(...command)
    if (code !== 0) throw new Error(`patchwarden ${command.join(' ')} ended with ${code}: ${stdout}${stderr}`)
    return stdout
  }

  return {
    services,
    async hooks() {
      const lines = (await readFile(log, 'utf8')).trim().split('\n')
      return lines.filter(Boolean).map((line) => {
        const [at, moment = '', asset = '', key = '', pid] = line.split(' ')
        return { at: Number(at), moment, asset, key, pid: Number(pid) }
      })
    },
    async proposals() {
      const lines = (await must('proposals', '--all', '--json')).trim().split('\n')
      return lines.filter(Boolean).map((line) => listed.parse(JSON.parse(line)))
    },
    async approve(id) {
      await must('vote', id, 'approve', '--as', 'mara')
    },
    async remove() {
      await Promise.all(services.map((service) => service.remove()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
