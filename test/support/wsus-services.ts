/**
 * Processes of the whole service beside a simulated WSUS that is kept in a file, with Slack's wire: as many processes as
 * a test wants, of one installation or of several. A simulated day takes a minute or a few.
 */

import { watch } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { paceOf } from '../../src/integrations/simulated-system/pace.ts'
import { createStateFile, type StateStore } from '../../src/integrations/simulated-system/store.ts'
import { advance } from '../../src/integrations/simulated-wsus/course.ts'
import { type SimulatedMachine, type WsusState, wsusSchema } from '../../src/integrations/simulated-wsus/state.ts'
import { createFakeSlack, type FakeSlack } from '../fakes/slack/fake-slack.ts'
import { createService, type RunningService } from './running-service.ts'

const shipped = fileURLToPath(new URL('../../examples', import.meta.url))
const CHANNEL = 'C0000WSUS'
const MARA = 'U00000MARA'
const listed = z.object({ id: z.string(), status: z.string() })

/** One installation: processes that share a database and a name. */
export interface Installation {
  /** Another process of it; not started. `url`: its database, if it is not the usual one. */
  process(url?: string): Promise<RunningService>
  readonly slack: FakeSlack
  /** The card of its one proposal, as JSON. */
  card(): string
  thread(): readonly string[]
  /** Mara clicks the button on the card. */
  click(action: string): Promise<void>
}

export interface WsusServices {
  readonly folder: string
  readonly stateFile: string
  readonly store: StateStore<WsusState>
  /** The server and its machines as they are now. */
  state(): Promise<WsusState>
  /** What an administrator does, or what happens to machines. */
  change(edit: (state: WsusState) => WsusState): Promise<void>
  /** Resolves once the state was changed so many times more. */
  changes(count: number): Promise<void>
  installation(name: string, url: string): Promise<Installation>
  remove(): Promise<void>
}

export interface WsusSettings {
  /** How long a simulated day takes, such as `1 min`. */
  readonly day: string
  readonly daySeconds: number
  /** YAML of the rules of the window. Left out: any time. */
  readonly rules?: string
  /** How long before the work the server is told, in simulated time. Left out: `24 hours`. */
  readonly lead?: string
  /** YAML of the rings. Left out: a canary and the rest. */
  readonly rings?: string
}

const everyTime = '[{ days: every day, start: "00:00", duration: 24 hours }]'
const twoRings = `[
      { name: canary, select: { tag: Pilot }, batch: "100%" },
      { name: broad, select: rest, batch: "100%", gate: { maxFailures: 9, minSuccess: "0%", unreachable: ignored } }]`

export async function createWsusServices(settings: WsusSettings): Promise<WsusServices> {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden wsus '))
  const stateFile = path.join(folder, 'wsus.json')
  await cp(path.join(shipped, 'wsus-catalog.json'), path.join(folder, 'catalog.json'))
  const example = await readFile(path.join(shipped, 'wsus.json'), 'utf8')
  const state = wsusSchema.parse(JSON.parse(example))
  const healthy = { ...state, machines: state.machines.map((one) => ({ ...one, fault: null })) }
  await writeFile(stateFile, JSON.stringify(healthy))
  const store = createStateFile(stateFile, null, wsusSchema, 'a simulated WSUS')
  const pace = paceOf(settings.daySeconds)
  const now = async () => advance(await store.read(), pace, new Date())
  const open: { remove(): Promise<void> }[] = []
  return {
    folder,
    stateFile,
    store,
    state: now,
    change: (edit) => store.change((before) => [edit(advance(before, pace, new Date())), undefined]),
    changes: (count) => changesOf(folder, path.basename(stateFile), count),
    async installation(name, url) {
      const slack = await createFakeSlack({ channels: [CHANNEL], users: [{ id: MARA, kind: 'member' }], pace: 10 })
      const config = path.join(folder, `${name}.yaml`)
      await writeFile(config, configurationOf(name, settings))
      open.unshift({ remove: () => slack.close() })
      const inChannel = () => slack.messages.filter(({ channel }) => channel === CHANNEL)
      const card = () => inChannel().find(({ thread }) => thread === null)
      return {
        slack,
        card: () => JSON.stringify(card()?.blocks ?? []),
        thread: () => inChannel().flatMap(({ thread, text }) => (thread === null || text === '' ? [] : [text])),
        async click(action) {
          const posted = card()
          if (posted === undefined) throw new Error('Slack has no card.')
          await slack.click(MARA, posted, action)
        },
        async process(address = url) {
          const service = await createService({
            PATCHWARDEN_CONFIG: config,
            DATABASE_URL: address,
            SLACK_BOT_TOKEN: slack.botToken,
            SLACK_APP_TOKEN: slack.appToken,
            SLACK_API_URL: slack.url,
          })
          open.unshift(service)
          return service
        },
      }
    },
    async remove() {
      for (const one of open) await one.remove()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configurationOf(
  name: string,
  { day, rules = everyTime, rings = twoRings, lead = '24 hours' }: WsusSettings,
): string {
  return `
name: ${name}
timeZone: UTC
people: { mara: { name: Mara Keller, slack: ${MARA} } }
roles: { operator: [mara] }
teams: { servers: { name: Windows servers, channel: ops, roles: { owner: [mara] }, policy: one-yes, window: own, rollout: careful } }
channels: { ops: { slack: ${CHANNEL} } }
policies:
  one-yes: { kind: quorum, approvals: { owner: 1 }, cli: recorded, stop: [owner], resume: { owner: 1 }, reboot: if required }
windows: { own: { rules: ${rules} } }
rollouts: { careful: { rings: ${rings} } }
proposals: { groupBy: team }
schedule: { inventory: 1 min }
feeds: { cves: { kind: file-catalog, path: catalog.json } }
systems:
  wsus:
    kind: simulated-wsus
    state: wsus.json
    day: ${day}
    mode: deploy
    inventory: { team: servers }
    engine: { lead: ${lead}, reportsWithin: 48 hours }
`
}

function changesOf(folder: string, name: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    const watcher = watch(folder, (_, file) => {
      if (file !== name || --left > 0) return
      watcher.close()
      resolve()
    })
  })
}

export async function proposalsOf(service: RunningService): Promise<readonly z.output<typeof listed>[]> {
  const { stdout, stderr, code } = await service.command('proposals', '--all', '--json')
  if (code !== 0) throw new Error(`patchwarden proposals ended with ${code}: ${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => listed.parse(JSON.parse(line)))
}

/** Machines that are in a group of ours now, by name. */
export function toldIn({ groups, machines }: WsusState): readonly SimulatedMachine[] {
  const ours = new Set(groups.flatMap(({ id, name }) => (name.startsWith('Patchwarden (') ? [id] : [])))
  return machines.filter((one) => one.groups.some((id) => ours.has(id)))
}
