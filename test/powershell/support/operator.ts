/**
 * What an operator has: a configuration with a real WSUS over SSH, the command line, the service, and the days that pass.
 * The clock is the real one, moved; the stand-in's moves with it.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { consolePlatform } from '../../../src/app/chat.ts'
import { readEnvironment } from '../../../src/app/environment.ts'
import { loadLastKnown } from '../../../src/app/last-known.ts'
import { buildOutside } from '../../../src/app/outside.ts'
import { buildAbsences } from '../../../src/app/people.ts'
import { buildWorkflowParts } from '../../../src/app/workflow-parts.ts'
import type { ChatPlatform } from '../../../src/chat/platform.ts'
import type { ProposalState } from '../../../src/core/proposal/proposal.ts'
import { loadConfig } from '../../../src/integrations/configuration.ts'
import { createKeeping } from '../../../src/store/keeping.ts'
import { openLeases } from '../../../src/store/leases.ts'
import { consoleThread } from '../../../src/store/outbox.ts'
import { findProposal, openProposals } from '../../../src/store/proposals.ts'
import { createAbsences } from '../../../src/workflow/absences.ts'
import { createLinking } from '../../../src/workflow/accounts.ts'
import { createWorkflow } from '../../../src/workflow/workflow.ts'
import { patchwarden } from '../../support/command-line.ts'
import type { TestDatabase } from '../../support/database.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import type { StandIn } from './standin.ts'

const bin = fileURLToPath(new URL('../../../bin/patchwarden.mjs', import.meta.url))
const { signal } = new AbortController()
const HOUR_MS = 3_600_000

/** The hour of the day (UTC) at which windows open: none is open now, nor a day ahead. */
const HOUR_OF_WINDOWS = (new Date().getUTCHours() + 6) % 24

export interface Extra {
  /** Text added under `sources`, `engines`, and at the end. */
  readonly sources?: string
  readonly engines?: string
  readonly more?: string
  /** Text added to the team. */
  readonly team?: string
  /** Text added under `windows`. */
  readonly windows?: string
}

/** The configuration, as an operator would write it. */
export function operatorYaml({ sshd: { target } }: StandIn, extra: Extra = {}): string {
  return `name: Example Ltd
dataDir: data
people:
  mara: { name: Mara Keller }
  tom: { name: Tom Okafor }
roles: { operator: [mara] }
teams:
  servers:
    name: Servers
    channel: servers
    roles: { owner: [mara, tom] }
    policy: standard
    window: nights
    rollout: together
${extra.team ?? ''}
channels: { servers: {} }
policies:
  standard: { kind: quorum, approvals: { owner: 1 }, cli: recorded, stop: [owner], resume: { owner: 1 }, reboot: if required }
windows:
  nights: { rules: [{ days: every day, start: "${String(HOUR_OF_WINDOWS).padStart(2, '0')}:00", duration: 2 hours, timeZone: UTC }] }
${extra.windows ?? ''}
rollouts:
  together:
    rings:
      - { name: all, select: rest, batch: "100%", gate: { minSuccess: "20%", maxFailures: 5, unreachable: ignored, waitingForReboot: as success } }
proposals: { groupBy: team }
${extra.sources === undefined ? '' : `sources:\n${extra.sources}`}
${extra.engines === undefined ? '' : `engines:\n${extra.engines}`}
systems:
  wsus:
    kind: wsus
    host: ${target.host}
    port: ${target.port}
    user: ${target.user}
    identityFile: ${target.identityFile}
    knownHostsFile: ${target.knownHostsFile}
    sshConfig: /dev/null
    mode: deploy
    inventory: { team: servers }
    engine: { lead: 24 hours, reportsWithin: 12 hours }
    feed: {}
${extra.more ?? ''}`
}

export type Operator = Awaited<ReturnType<typeof operator>>

export async function operator(standin: StandIn, database: TestDatabase, extra: Extra = {}) {
  const { db, url } = database
  const folder = temporaryFolder('pw-operator')
  const file = path.join(folder, 'patchwarden.yaml')
  writeFileSync(file, operatorYaml(standin, extra))
  const before = { ...process.env }
  Object.assign(process.env, { DATABASE_URL: url, PORT: '0', LOG_LEVEL: 'warn' })
  let ahead = 0
  const clock = () => new Date(Date.now() + ahead)
  const leases = openLeases(url)
  const warnings: string[] = []

  /** The parts of the service, on the moved clock. */
  async function built() {
    const environment = readEnvironment()
    if (!environment.ok) throw new Error(JSON.stringify(environment.problems))
    const loaded = loadConfig(file, environment.environment)
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const { config } = loaded
    const log = { info: () => {}, warn: (message: string) => void warnings.push(message) }
    const outside = await buildOutside(config, environment.environment, clock, createKeeping(db, leases.alone))
    const lastKnown = await loadLastKnown(config, outside, { db, clock, log })
    const platforms: ChatPlatform[] = [consolePlatform({ db })]
    const linking = createLinking({ db, clock, people: [], platforms, log })
    const absences = createAbsences({ db, clock, platforms, ...buildAbsences(config) })
    const parts = buildWorkflowParts(config, outside, lastKnown, {
      ...{ db, clock, log, platforms, linking, absences },
      wake: async () => {},
    })
    return createWorkflow({ ...parts, pollSeconds: 0.2 }, leases.alone)
  }
  const workflow = await built()

  const state = async (id: string): Promise<ProposalState> => {
    const found = await findProposal(db, id)
    if (found === null) throw new Error(`There is no ${id}.`)
    return found
  }
  return {
    file,
    workflow,
    warnings,
    clock,
    state,
    /** Runs a command as in a shell. It has the real clock. */
    command: (...argv: readonly string[]) => patchwarden('--config', file, ...argv),
    /** Runs the service until it has opened a proposal, and stops it. Gives the id. */
    async startUntilProposed(): Promise<string> {
      const child = spawn(process.execPath, [bin, '--config', file, 'start'], { cwd: folder, env: process.env })
      let said = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += String(data)))
      try {
        for (;;) {
          const [opened] = await openProposals(db)
          if (opened !== undefined) return opened.id
          if (child.exitCode !== null) throw new Error(`The service ended: ${said}`)
          await sleep(200)
        }
      } finally {
        await stopped(child)
      }
    },
    /** Opens at this hour of the day, the first time after so many days from now. */
    windowIn: (days: number): Date => {
      const at = new Date(Date.now())
      at.setUTCHours(HOUR_OF_WINDOWS, 0, 0, 0)
      if (at.getTime() < Date.now()) at.setUTCDate(at.getUTCDate() + 1)
      return new Date(at.getTime() + days * 24 * HOUR_MS)
    },
    /** It is this time now, here and on the server. */
    now(at: Date): void {
      ahead = at.getTime() - Date.now()
      standin.setAhead(ahead / 1_000)
    },
    sweep: async () => {
      await workflow.sweep(signal)
      await workflow.tidy(signal)
    },
    thread: async (id: string): Promise<string> => {
      await workflow.deliver()
      return (await consoleThread(db, id)).map(({ entry }) => JSON.stringify(entry)).join('\n')
    },
    async close(): Promise<void> {
      await leases.end()
      for (const name of ['DATABASE_URL', 'PORT', 'LOG_LEVEL']) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    },
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}
