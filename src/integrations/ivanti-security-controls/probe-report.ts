/**
 * What `check` says of a console: a report that can be pasted, because it names no server, machine, template, policy or person.
 * Each line answers something that documentation leaves open. It only reads.
 */

import { errorText } from '../../core/error-text.ts'
import { DAY_SECONDS, plusSeconds } from '../../core/time/instant.ts'
import type { Api } from './api.ts'
import { typeOf } from './classes.ts'
import type { Known } from './known.ts'

/** Deployments and scans that are looked at closely. */
const SAMPLES = 3
const DAYS = 14
/** So many different words are told of one fact. */
const WORDS = 10

export async function consoleReport(api: Api, known: Known, clock: () => Date, signal: AbortSignal): Promise<string> {
  const lines = ['What follows names nothing, and can be pasted:']
  const since = plusSeconds(clock().toISOString(), -DAYS * DAY_SECONDS)
  const say = async (what: string, ask: () => Promise<readonly string[]>) => {
    try {
      lines.push(...(await ask()))
    } catch (error) {
      signal.throwIfAborted()
      lines.push(`Could not be read: ${what} (${errorText(error).replaceAll(api.server, 'the console')}).`)
    }
  }
  await say('machines', () => machineLines(api, known, signal))
  await say('scans', () => scanLines(api, since, signal))
  await say('what scans find', () => wordLines(api, known, since, signal))
  await say('deployment templates', async () => {
    const all = await api.deployTemplates(signal)
    return [
      `${all.length} deployment templates; of restarts they say: ${counted(all.map(({ restarts }) => restarts))}.`,
    ]
  })
  await say('deployments', () => deploymentLines(api, since, signal))
  await say('agents', () => agentLines(api, signal))
  lines.push(
    'Only a start can tell: how soon a scan and a deployment are shown, what cancelling reaches, and how a patch that waits for a restart looks in a scan.',
  )
  return lines.join('\n')
}

async function machineLines(api: Api, known: Known, signal: AbortSignal): Promise<readonly string[]> {
  const machines = await api.machines(signal)
  const { byName } = await known.words(signal)
  const share = (count: number) => `${count} of ${machines.length}`
  return [
    `${machines.length} machines; with a full name ${share(machines.filter(({ dnsName }) => dnsName?.includes('.')).length)}, with a domain ${share(machines.filter(({ domain }) => domain !== null).length)}, written in full ${share(machines.filter(({ domain }) => domain?.includes('.')).length)}.`,
    `Found by a whole scan that is recent enough: ${share(byName.size)}.`,
  ]
}

async function scanLines(api: Api, since: string, signal: AbortSignal): Promise<readonly string[]> {
  const [scans, templates] = [await api.scans({ since }, signal), await api.scanTemplates(signal)]
  const limited = templates.filter((one) => one.limited).length
  const complete = scans.filter(({ isComplete }) => isComplete)
  const partial = complete.filter(
    ({ expected, received }) => expected !== null && received !== null && expected !== received,
  )
  return [
    `${scans.length} scans in ${DAYS} days: not over ${scans.length - complete.length}, over with fewer machines than expected ${partial.length}, with their template in the list ${scans.filter(({ template }) => template !== null).length}, with their account ${scans.filter(({ user }) => user !== null).length}.`,
    `${templates.length} scan templates, of which ${limited} look for some patches only.`,
  ]
}

async function wordLines(api: Api, known: Known, since: string, signal: AbortSignal): Promise<readonly string[]> {
  const words: string[] = []
  let failed = 0
  const scans = (await api.scans({ since }, signal)).filter(({ isComplete }) => isComplete).slice(-SAMPLES)
  for (const { id } of scans) {
    const machines = await api.scanMachines(id, signal)
    failed += machines.filter(({ problem }) => problem !== null).length
    for (const { id: machine } of machines.slice(0, SAMPLES))
      words.push(...(await api.patchRows(id, machine, signal)).map(({ word }) => word))
  }
  const shown = [...known.shown().values()]
  return [
    `Words of scans for a patch: ${counted(words)}; machines that could not be looked at: ${failed}.`,
    `${shown.length} patches seen: with a number ${shown.filter(({ kb }) => kb !== null).length}, of a class that is taken ${shown.filter((one) => typeOf(one, []) !== null).length}; classes: ${counted(shown.map(({ patchType }) => patchType))}.`,
  ]
}

async function deploymentLines(api: Api, since: string, signal: AbortSignal): Promise<readonly string[]> {
  const all = await api.deployments(since, signal)
  const open = all.filter(({ isComplete }) => !isComplete)
  const rows = []
  let operations = 0
  for (const { id } of all.slice(-SAMPLES)) {
    rows.push(...(await api.deploymentMachines(id, signal)))
    if ((await api.operation(id, signal)) !== null) operations++
  }
  const patches = rows.flatMap((row) => row.patches ?? [])
  return [
    `${all.length} deployments in ${DAYS} days, ${open.length} not complete; of the last ${Math.min(all.length, SAMPLES)} ${operations} have an operation of the same id.`,
    `Their machines are called: ${counted(rows.map(({ overallState }) => overallState))}; with their patches in the list: ${rows.filter((row) => row.patches !== null).length} of ${rows.length}.`,
    `Their patches are called: ${counted(patches.map(({ status }) => status))}; end codes: ${counted(patches.map(({ code }) => (code === null ? null : String(code))))}.`,
  ]
}

async function agentLines(api: Api, signal: AbortSignal): Promise<readonly string[]> {
  const agents = await api.agents(signal)
  const policies = new Set(agents.flatMap(({ policy }) => policy ?? []))
  let tasks = 0
  for (const id of policies) tasks += (await api.policyTasks(id, signal)).length
  return [`${agents.length} agents under ${policies.size} policies with ${tasks} tasks that work without a vote.`]
}

/** `FoundPatch (12), nothing (1)`: words of the console, without anything that could be a name. */
function counted(words: readonly (string | null)[]): string {
  const counts = new Map<string, number>()
  for (const word of words) {
    const plain = word?.replaceAll(/[^A-Za-z0-9 ]/g, '').slice(0, 30) || 'nothing'
    counts.set(plain, (counts.get(plain) ?? 0) + 1)
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, WORDS)
  return most.length === 0 ? 'none' : most.map(([word, count]) => `${word} (${count})`).join(', ')
}
