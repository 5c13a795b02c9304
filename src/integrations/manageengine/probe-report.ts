/**
 * What `check` says of a ManageEngine server: a report that can be pasted, because it names no server, machine, policy, task or
 * person. Each line answers something that documentation leaves open.
 */

import { errorText } from '../../core/error-text.ts'
import type { Api, Configuration, Machine, Patch, PatchState } from './api.ts'
import { typeOf } from './classes.ts'
import type { Known } from './known.ts'

/** Patches whose rows are looked at. */
const SAMPLES = 3

/** Asks the server, reading only. */
export async function manageEngineReport(
  api: Api,
  known: Known,
  clock: () => Date,
  signal: AbortSignal,
): Promise<string> {
  const lines = ['What follows names nothing, and can be pasted:']
  const say = async (what: string, ask: () => Promise<readonly string[]>) => {
    try {
      lines.push(...(await ask()))
    } catch (error) {
      signal.throwIfAborted()
      // Sentences about the server may hold its name.
      lines.push(`Could not be read: ${what} (${errorText(error).replaceAll(api.server, 'the server')}).`)
    }
  }
  await say('which API it has', async () => [await generationLine(api, signal)])
  await say('machines', async () => machineLines(await api.machines(signal), clock()))
  const patches = await known.patches(signal).catch(() => null)
  await say('patches', async () => patchLines([...(patches ?? (await known.patches(signal))).byId.values()]))
  await say('what machines say of patches', async () => stateLines(api, [...(patches?.byId.values() ?? [])], signal))
  await say('deployment policies', async () => {
    const all = await api.policies(signal)
    return [
      `${all.length} deployment policies, ${all.filter(({ isAlive }) => isAlive).length} in use; ${all.filter(({ reboot }) => reboot !== null).length} say what they do about restarts.`,
    ]
  })
  await say('configurations', async () => configurationLines(api, await api.configurations(signal), signal))
  await say('tasks', async () => {
    const all = await api.tasks(signal)
    return [`${all.filter(({ isActive }) => isActive).length} of ${all.length} tasks deploy patches without a vote.`]
  })
  lines.push('Only a start can tell: how soon a configuration stands in the list, and the words of its states.')
  return lines.join('\n')
}

async function generationLine(api: Api, signal: AbortSignal): Promise<string> {
  const generation = await api.generation(signal)
  const where = api.isCloud ? 'In the cloud' : 'On premises'
  return generation === 'dcapi'
    ? `${where}; it answers at /dcapi.`
    : `${where}; only the older API (/api/1.4) answers: nothing can be suspended, and who is in a configuration cannot be read.`
}

function machineLines(all: readonly Machine[], now: Date): readonly string[] {
  const windows = all.filter(({ isWindows }) => isWindows)
  const share = (count: number) => `${count} of ${windows.length}`
  const since = (hours: number, at: (one: Machine) => string | null) =>
    share(windows.filter((one) => Date.parse(at(one) ?? '') >= now.getTime() - hours * 3_600_000).length)
  return [
    `${windows.length} Windows machines, ${all.length - windows.length} of other systems; without an agent: ${share(windows.filter(({ hasAgent }) => !hasAgent).length)}.`,
    `Agents that asked in the last 90 minutes: ${since(1.5, (one) => one.contactedAt)}; 24 hours: ${since(24, (one) => one.contactedAt)}; with no time of contact: ${share(windows.filter(({ contactedAt }) => contactedAt === null).length)}.`,
    `Scanned in the last 24 hours: ${since(24, (one) => one.scannedAt)}; 7 days: ${since(168, (one) => one.scannedAt)}; with no time of a scan: ${share(windows.filter(({ scannedAt }) => scannedAt === null).length)}.`,
    `With a full name: ${share(windows.filter(({ name }) => name.includes('.')).length)}; with all four numbers of their Windows: ${share(windows.filter(({ version }) => /^\d+(?:\.\d+){3}$/.test(version ?? '')).length)}.`,
  ]
}

function patchLines(all: readonly Patch[]): readonly string[] {
  const count = (test: (one: Patch) => boolean) => all.filter(test).length
  const words = new Set(all.flatMap(({ supersededBy }) => (supersededBy === null ? [] : [shapeOf(supersededBy)])))
  return [
    `${all.length} Windows patches: with a KB ${count(({ kb }) => kb !== null)}, of a class that is known ${count(({ type }) => type !== null)}, of a class that is taken ${count((one) => typeOf(one, []) !== null)}.`,
    `Superseded: ${count(({ supersededBy }) => supersededBy !== null)}, written as ${[...words].sort().join(', ') || 'nothing'}; declined: ${count(({ declined }) => declined)}; with CVEs: ${count(({ cves }) => cves.length > 0)}; said to be removable: ${count(({ uninstallable }) => uninstallable === true)}, not said: ${count(({ uninstallable }) => uninstallable === null)}.`,
  ]
}

/** The form of a word without what it says. */
function shapeOf(word: string): string {
  if (/^\d+$/.test(word)) return 'a number'
  if (/^KB\d+$/i.test(word)) return 'a KB'
  if (/^[\d,; ]+$/.test(word)) return 'numbers'
  return /^MS\d\d/i.test(word) ? 'a bulletin' : 'words'
}

async function stateLines(api: Api, patches: readonly Patch[], signal: AbortSignal): Promise<readonly string[]> {
  const rows: PatchState[] = []
  for (const { id } of patches.slice(0, SAMPLES)) rows.push(...(await api.statesOfPatch(id, signal)))
  const count = (test: (one: PatchState) => boolean) => rows.filter(test).length
  const all = await wholeList(api, signal).catch(() => 'could not be read')
  return [
    `Of ${Math.min(patches.length, SAMPLES)} patches ${rows.length} rows: installed ${count(({ state }) => state === 'installed')}, missing ${count(({ state }) => state === 'missing')}, failed ${count(({ state }) => state === 'failed')}, of another number ${count(({ state }) => state === 'unknown')}; with the name of a configuration ${count(({ configuration }) => configuration !== null)}; whose remark speaks of a restart ${count(({ waitsForReboot }) => waitsForReboot)}.`,
    `The list of all machines and patches: ${all}.`,
  ]
}

/** Its first page says whether it can be read. */
async function wholeList(api: Api, signal: AbortSignal): Promise<string> {
  const pages = await api.allStates(signal)
  if (pages === null) return 'not offered'
  for await (const _ of pages) break
  return 'can be read at once'
}

async function configurationLines(
  api: Api,
  all: readonly Configuration[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const words = [...new Set(all.map(({ status }) => status))].sort()
  const lines = [
    `${all.length} configurations, whose states are called ${words.join(', ') || 'nothing'}; with a number of targets ${all.filter(({ targets }) => targets !== null).length}.`,
  ]
  const [one] = all
  if (one === undefined) return [...lines, 'There is none, so nobody can see how its machines are listed.']
  const targets = await api.targets(one.id, signal).then(
    (ids) => (ids === null ? 'not offered' : `${ids.length} (its number says ${one.targets ?? 'nothing'})`),
    () => 'could not be read',
  )
  const executions = await api.executions(one.id, signal).then(
    (list) =>
      list === null
        ? 'not offered'
        : `${list.length}, with a word that is known ${list.filter(({ status }) => status !== 'unknown').length}`,
    () => 'could not be read',
  )
  return [...lines, `Machines of the newest one: ${targets}; how far they are: ${executions}.`]
}
