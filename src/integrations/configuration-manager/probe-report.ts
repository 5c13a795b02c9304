/**
 * What `check` says of a site: a report that can be pasted, because it names no server, machine, collection, rule or person. Each line
 * answers something that documentation leaves open.
 */

import { errorText } from '../../core/error-text.ts'
import { HOUR_MS, latest } from '../../core/time/instant.ts'
import type { Api } from './api.ts'
import { typeOf } from './classes.ts'
import type { Known } from './known.ts'
import { windowsThatCount } from './maintenance.ts'
import { scheduleOf } from './schedule.ts'
import type { Machine, ServiceWindow, Update } from './schema.ts'

/** Deployments whose rows are looked at. */
const SAMPLES = 3

/** Asks the site, reading only. */
export async function siteReport(api: Api, known: Known, clock: () => Date, signal: AbortSignal): Promise<string> {
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
  await say('devices', async () =>
    machineLines(api, (await known.machines(signal, 'fresh')).byId.values(), clock(), signal),
  )
  await say('updates', async () => updateLines([...(await known.updates(signal, 'fresh')).byId.values()]))
  await say('what machines say of updates', () => stateLines(api, known, clock(), signal))
  await say('maintenance windows', () => windowLines(api, signal))
  await say('deployments', () => deploymentLines(api, signal))
  await say('rules', async () => {
    const all = await api.automaticRules(signal)
    const known = all.filter(({ collection }) => collection !== '').length
    return [
      `${all.filter(({ enabled }) => enabled).length} of ${all.length} automatic deployment rules are on; for ${known} it is known for which collection.`,
    ]
  })
  lines.push(
    'Only a start can tell: whether times and restarts are kept as they were given, how soon members follow rules, and how soon details come.',
  )
  return lines.join('\n')
}

async function machineLines(
  api: Api,
  machines: Iterable<Machine>,
  now: Date,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const all = [...machines].filter(({ isObsolete }) => !isObsolete)
  const share = (test: (one: Machine) => boolean) => `${all.filter(test).length} of ${all.length}`
  const contacts = await api.contacts(null, signal)
  const asked = (hours: number) =>
    share(({ id }) => Date.parse(contacts.get(id) ?? '') >= now.getTime() - hours * HOUR_MS)
  return [
    `${all.length} devices; with a client: ${share(({ hasClient }) => hasClient)}; with a full name: ${share(({ name }) => name.includes('.'))}; with all four numbers of their Windows: ${share(({ version }) => /^\d+(?:\.\d+){3}$/.test(version ?? ''))}; whose Windows is named: ${share(({ os }) => /Windows (?:Server )?\d/.test(os))}.`,
    `Asked in the last hour: ${asked(1)}; 24 hours: ${asked(24)}; with no time of contact: ${share(({ id }) => !contacts.has(id))}.`,
  ]
}

function updateLines(all: readonly Update[]): readonly string[] {
  const count = (test: (one: Update) => boolean) => all.filter(test).length
  return [
    `${all.length} updates that some machine needs or has: with a KB ${count(({ kb }) => kb !== null)}, of a class that is taken ${count((one) => typeOf(one, []) !== null)}, superseded ${count(({ superseded }) => superseded)}, with content on distribution points ${count(({ provisioned }) => provisioned)}, with a licence that is not accepted ${count(({ licence }) => licence)}; with the id of their class ${count(({ categoryIds }) => categoryIds.some((id) => id.startsWith('UpdateClassification:')))}.`,
  ]
}

async function stateLines(api: Api, known: Known, now: Date, signal: AbortSignal): Promise<readonly string[]> {
  const some = [...(await known.updates(signal)).byId.values()]
    .filter(({ superseded }) => !superseded)
    .sort((a, b) => b.missing + b.present - a.missing - a.present)
    .slice(0, 1)
  const rows = some[0] === undefined ? [] : await api.scans(some[0].id, null, signal)
  const count = (test: (one: (typeof rows)[number]) => boolean) => rows.filter(test).length
  const last = latest(rows.map(({ checkedAt }) => checkedAt))
  const ahead = last === null ? 0 : (Date.parse(last) - now.getTime()) / HOUR_MS
  const there = api.clockThere()
  const skew =
    there === null ? 'not known' : `${Math.round((Date.parse(there) - now.getTime()) / 1_000)} s ahead of ours`
  return [
    `Of one update ${rows.length} rows: unknown ${count(({ status }) => status === 'unknown')}, not required ${count(({ status }) => status === 'not required')}, missing ${count(({ status }) => status === 'missing')}, installed ${count(({ status }) => status === 'installed')}; with a time of the scan ${count(({ checkedAt }) => checkedAt !== null)}, of a change ${count(({ changedAt }) => changedAt !== null)}, with a message of the client ${count(({ enforcement }) => enforcement !== null)}, and with its time ${count(({ enforcedAt }) => enforcedAt !== null)}.`,
    `The last scan was ${last === null ? 'never' : `${Math.round(-ahead * 10) / 10} hours ago`}${ahead > 0.1 ? ': its times are local ones, or a clock is ahead' : ''}; the clock of the server is ${skew}.`,
  ]
}

async function windowLines(api: Api, signal: AbortSignal): Promise<readonly string[]> {
  const collections = await api.collectionsWithWindows(signal)
  const windows: ServiceWindow[] = []
  for (const { id } of collections) windows.push(...(await api.serviceWindows(id, signal)))
  const count = (test: (one: ServiceWindow) => boolean) => windows.filter(test).length
  return [
    `${collections.length} collections have ${windows.length} maintenance windows: in UTC ${count(({ isUtc }) => isUtc)}, that count for updates ${windowsThatCount(windows).length}, with a schedule that can be read ${count(({ schedule }) => scheduleOf(schedule) !== null)}.`,
  ]
}

async function deploymentLines(api: Api, signal: AbortSignal): Promise<readonly string[]> {
  const all = await api.deployments(signal)
  const count = (test: (one: (typeof all)[number]) => boolean) => all.filter(test).length
  const lines = [
    `${all.length} deployments of update groups: on ${count(({ enabled }) => enabled)}, that install by themselves ${count(({ deadline }) => deadline !== null)}, in UTC ${count(({ isUtc }) => isUtc)}, that suppress restarts ${count(({ suppressed }) => suppressed !== 0)}, outside of maintenance windows ${count(({ ignoresWindows }) => ignoresWindows)}.`,
  ]
  const states = new Map<string, number>()
  for (const { id } of all.filter(({ deadline }) => deadline !== null).slice(-SAMPLES))
    for (const { state } of await api.details(id, signal)) {
      const name = String(state ?? 'none')
      states.set(name, (states.get(name) ?? 0) + 1)
    }
  const said = [...states].sort().map(([state, number]) => `${state}: ${number}`)
  return [...lines, `States of machines in ${Math.min(all.length, SAMPLES)} of them: ${said.join(', ') || 'none'}.`]
}
