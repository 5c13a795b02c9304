/** Teams of fleet hosts under the whole service: proposals, votes and reports as people get them from the command line. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import type { Fleet } from './fleet.ts'
import { createService, type RunningService } from './running-service.ts'

export interface SceneTeam {
  readonly name: string
  /** Hosts of the fleet, in order; the first carries the tag `canary`. */
  readonly hosts: readonly string[]
  /** The rings, as YAML flow. */
  readonly rings: string
  /** When its window ends, ISO 8601 UTC; left out: it is always open. */
  readonly windowEnds?: string
}

const deployment = z.object({
  asset: z.string(),
  key: z.string(),
  startedAt: z.string(),
  outcome: z.object({ state: z.string(), reason: z.string().optional(), log: z.string() }).nullable(),
  verification: z.object({ end: z.string(), reason: z.string() }).nullable(),
})
const proposal = z.object({ id: z.string(), status: z.string(), team: z.string() })
const report = z.object({
  state: proposal.extend({
    subject: z.object({ assets: z.array(z.unknown()) }),
    rollout: z.object({ deployments: z.record(z.string(), deployment) }).nullable(),
  }),
  events: z.array(z.object({ at: z.string(), event: z.object({ type: z.string() }) })),
})

export type SceneProposal = z.infer<typeof proposal>
export type SceneDeployment = z.infer<typeof deployment>
export type SceneReport = z.infer<typeof report>

export interface RolloutScene {
  readonly service: RunningService
  /** The configuration, for a further process of the service. */
  readonly file: string
  proposals(): Promise<readonly SceneProposal[]>
  report(id: string): Promise<SceneReport>
  /** As people read it. */
  page(id: string): Promise<string>
  /** Runs a command in the name of a person; throws where it is refused. */
  as(person: 'mara' | 'jonas', ...command: readonly string[]): Promise<string>
  remove(): Promise<void>
}

/** Writes a configuration for these teams beside a service that is not started yet. */
export async function createRolloutScene(
  fleet: Fleet,
  teams: readonly SceneTeam[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RolloutScene> {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden rollout '))
  const file = path.join(folder, 'patchwarden.yaml')
  await writeFile(file, configuration(fleet, teams))
  const service = await createService({ PATCHWARDEN_CONFIG: file, ...environment })

  async function must(...command: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await service.command(...command)
    if (code !== 0) throw new Error(`patchwarden ${command.join(' ')} ended with ${code}: ${stdout}${stderr}`)
    return stdout
  }

  return {
    service,
    file,
    async proposals() {
      const lines = (await must('proposals', '--all', '--json')).trim().split('\n')
      return lines.flatMap((line) => (line === '' ? [] : [proposal.parse(JSON.parse(line))]))
    },
    report: async (id) => report.parse(JSON.parse(await must('report', id, '--json'))),
    page: (id) => must('report', id),
    as: (person, ...command) => must(...command, '--as', person),
    async remove() {
      await service.remove()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configuration(fleet: Fleet, teams: readonly SceneTeam[]): string {
  const addresses = new Map(fleet.hosts.map(({ name, address }) => [name, address]))
  const each = (line: (team: SceneTeam) => string) => teams.map(line).join('\n')
  return `
people: { mara: { name: Mara }, jonas: { name: Jonas } }
teams:
${each(
  ({ name, windowEnds }) => `  ${name}:
    name: ${name}
    channel: ops
    roles: { owner: [mara], on-call: [jonas] }
    policy: one-yes
    window: ${windowEnds === undefined ? 'any-time' : `${name}-window`}
    rollout: ${name}
    health: [{ http: "http://{address}:8080/health", timeout: 5 s }]`,
)}
channels: { ops: {} }
roles: { operator: [mara] }
policies:
  one-yes: { kind: quorum, approvals: { owner: 1 }, cli: recorded, stop: [owner, on-call], resume: { owner: 1 }, reboot: if required }
windows:
  any-time: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] }
${each(({ name, windowEnds }) => (windowEnds === undefined ? '' : `  ${name}-window: ${windowUntil(windowEnds)}`))}
rollouts:
${each(({ name, rings }) => `  ${name}: { rings: ${rings} }`)}
sources:
${each(
  ({ name, hosts }) => `  ${name}:
    kind: ssh
    team: ${name}
    engine: ssh
    user: patch
    identityFile: ${fleet.identity}
    knownHostsFile: ${fleet.knownHosts}
    exposure: open
    criticality: high
    connectTimeout: 3 s
    hosts:
${hosts
  .map((host, index) => {
    const tags = index === 0 ? 'canary' : 'rest'
    return `      - { name: ${host}, address: ${addresses.get(host) ?? ''}, tags: [${tags}] }`
  })
  .join('\n')}`,
)}
engines:
  ssh: { kind: ssh, concurrency: 40, lockTimeout: 5 s, unreachableAfter: 1 min, rebootTimeout: 2 min }
proposals: { groupBy: team }
`
}

/** A window that is open since yesterday and ends then; a whole minute. */
function windowUntil(end: string): string {
  const start = new Date(Date.parse(end) - 20 * 3_600_000).toISOString()
  return `{ rules: [{ days: every day, start: "${start.slice(11, 16)}", duration: 20 hours, timeZone: UTC }] }`
}
