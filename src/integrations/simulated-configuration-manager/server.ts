/**
 * A site of Configuration Manager that is kept in a JSON file. It answers the same requests as the AdminService of a real one, so that all
 * of the client is at work, and takes the same calls as the script on a site server. Its traps have a switch each in the file (`traps`).
 *
 * What it rests on, and how sure that is:
 * - In Microsoft's documentation: the addresses, names and fields of the classes, `$filter` and `$select`, `@odata.nextLink`, fields that only one
 *   object shows, schedules of windows, state messages 301 and 402, that windows for updates switch off the general ones.
 * - Told by users of live sites: MachineID in SMS_UpdateComplianceStatus, 404 for what one may not see, one object as a list of one, other
 *   cases of names, dates of 1980 for never, that missing rows stand for "unknown", RelationType 6 and its direction.
 * - Guessed, and asked for by `check`: that BuildExt and LastPolicyRequest are there, that a filter by LastEnforcementMessageTime works, the fields of
 *   SMS_AutoDeployment, that details of a deployment tell more than the summary and sooner, that a client scans after it installed.
 * - Not shown at all: sign-in, and how large sites answer. What the cmdlets do is only as sure as their reference.
 */

import { HOUR_MS, toIso } from '../../core/time/instant.ts'
import { type Answered, type Asked, SiteError, type SiteOp, type Writer } from '../configuration-manager/calls.ts'
import type { Pace } from '../simulated-system/pace.ts'
import type { StateStore } from '../simulated-system/store.ts'
import { advance } from './course.ts'
import { ALL_SYSTEMS, membersAt } from './members.ts'
import { filterOf, type Row, valueIn } from './odata.ts'
import { objectOf, rowsOf } from './rows.ts'
import type { SimulatedCollection, SimulatedDeployment, SiteState } from './state.ts'

/** Where it is. Nothing is sent there. */
export const SIMULATED_URL = 'https://site.invalid'

export interface SimulatedSite {
  readonly fetch: typeof fetch
  readonly writer: Writer
}

export function createSimulatedSite(store: StateStore<SiteState>, pace: Pace, clock: () => Date): SimulatedSite {
  return {
    fetch: async (input, init) => {
      init?.signal?.throwIfAborted()
      const url = new URL(input instanceof Request ? input.url : input)
      const now = clock()
      const state = advance(await store.read(), pace, now)
      if (isAway(state, now)) throw refusedConnection()
      if (state.traps.busy > 0)
        return store.change((before) => [
          { ...before, traps: { ...before.traps, busy: Math.max(0, before.traps.busy - 1) } },
          json({}, 503),
        ])
      return answered(state, url, now)
    },

    writer: {
      describe: 'a simulated site that is kept in a file',
      async call<Op extends SiteOp>(op: Op, data: Asked<Op>, signal: AbortSignal): Promise<Answered<Op>> {
        signal.throwIfAborted()
        const { lost, answer } = await store.change((before) => {
          const now = clock()
          const state = advance(before, pace, now)
          if (isAway(state, now)) throw refused('The simulated site cannot be reached: it is away until later.')
          const work = works[op] as unknown as (world: World, data: Asked<Op>) => readonly [SiteState, Answered<Op>]
          const [next, made] = work({ state, now }, data)
          const { loseAnswers } = next.traps
          const lost = loseAnswers > 0 && op !== 'probe'
          const traps = lost ? { ...next.traps, loseAnswers: loseAnswers - 1 } : next.traps
          return [
            { ...next, traps },
            { lost, answer: made },
          ]
        })
        if (lost)
          throw new SiteError('The simulated site did not answer: nobody knows whether it did it.', { sent: true })
        return answer
      },
    },
  }
}

function isAway({ traps }: SiteState, now: Date): boolean {
  return traps.away.some(({ from, until }) => Date.parse(from) <= now.getTime() && now.getTime() < Date.parse(until))
}

function refusedConnection(): Error {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  return new TypeError('fetch failed', { cause })
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; odata.metadata=minimal' },
  })
}

function problem(status: number, message: string): Response {
  return json({ error: { code: String(status), message } }, status)
}

function answered(state: SiteState, url: URL, now: Date): Response {
  const { traps } = state
  const [, className = '', key] =
    /^\/AdminService\/wmi\/(\w+)(?:\((.+)\))?$/i.exec(decodeURIComponent(url.pathname)) ?? []
  if (traps.denied.some((one) => one.toLowerCase() === className.toLowerCase()))
    return problem(404, `Access denied  WMI QUERY: SELECT * FROM ${className}`)
  if (key !== undefined) {
    const found = objectOf(state, className, key, now.getTime())
    if (found === null) return problem(404, 'Not found')
    const row = dressed(found, state)
    return json(traps.wrapped ? { value: [row] } : row)
  }
  const rows = rowsOf(state, className, now.getTime())
  if (rows === null) return problem(404, 'Not found')
  try {
    return page(state, url, rows)
  } catch (error) {
    return problem(400, error instanceof Error ? error.message : String(error))
  }
}

function page(state: SiteState, url: URL, all: readonly Row[]): Response {
  const { traps } = state
  const filter = url.searchParams.get('$filter')
  const select = url.searchParams.get('$select')?.split(',') ?? null
  const lacking = select?.find((field) => traps.lacks.some((one) => one.toLowerCase() === field.toLowerCase()))
  if (lacking !== undefined) throw new Error(`Could not find a property named '${lacking}'`)
  const found = filter === null ? all : all.filter(filterOf(filter))
  const from = Number(url.searchParams.get('$skiptoken') ?? 0)
  const rows = found.slice(from, from + traps.pageRows).map((row) => {
    const taken = select === null ? row : Object.fromEntries(select.map((field) => [field, valueIn(row, field)]))
    return dressed(taken, state)
  })
  const next = new URL(url)
  next.searchParams.set('$skiptoken', String(traps.circle ? from : from + traps.pageRows))
  const more = found.length > from + traps.pageRows || traps.circle
  return json({
    '@odata.context': `${url.origin}/AdminService/wmi/$metadata`,
    ...(more ? { '@odata.nextLink': next.href } : {}),
    value: rows,
  })
}

/** With what the provider writes besides. */
function dressed(row: Row, { traps }: SiteState): Row {
  const fields = Object.entries(row).map(([name, value]) => [traps.smallNames ? name.toLowerCase() : name, value])
  return { '@odata.etag': 'W/"1"', __CLASS: 'SMS', __LAZYPROPERTIES: null, ...Object.fromEntries(fields) }
}

interface World {
  readonly state: SiteState
  readonly now: Date
}

/** The site has answered, so nothing was done. */
function refused(sentence: string): SiteError {
  return new SiteError(sentence, { sent: false })
}

function instantIn(wire: string): string {
  return wire.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z')
}

function collectionIn({ collections }: SiteState, wanted: string): SimulatedCollection {
  const found = collections.find(({ id }) => id === wanted)
  if (found === undefined) throw refused(`The simulated site has no collection ${wanted}.`)
  return found
}

/** Its members follow later, so those of until now are kept. */
function withRules({ state, now }: World, { id }: SimulatedCollection, rules: SimulatedCollection['rules']): SiteState {
  const collections = state.collections.map((one) => {
    if (one.id !== id) return one
    const before = membersAt(state, one, now.getTime()).map((machine) => machine.id)
    return { ...one, rules, before, changedAt: now.toISOString() }
  })
  return { ...state, collections }
}

const works = {
  probe: ({ state, now }: World): readonly [SiteState, Answered<'probe'>] => [
    state,
    {
      ...{ site: 'P01', module: '5.2409.1000.1000 (simulated)', powershell: 'none (simulated)', edition: 'Desktop' },
      ...{ missing: [], clock: now.toISOString(), offsetMinutes: 0 },
    },
  ],

  'create-collection'({ state }: World, { name, limiting }: Asked<'create-collection'>) {
    const there = state.collections.find((one) => one.name.toLowerCase() === name.toLowerCase())
    if (there !== undefined) return [state, { id: there.id, name: there.name }] as const
    if (limiting !== ALL_SYSTEMS) collectionIn(state, limiting)
    const id = `P01${String(10_000 + state.made)}`
    const made = { id, name, rules: [], windows: [], changedAt: null, before: [] }
    return [
      { ...state, collections: [...state.collections, made], made: state.made + 1 },
      { id, name },
    ] as const
  },

  'create-group'({ state }: World, { name, updates }: Asked<'create-group'>) {
    const there = state.groups.find((one) => one.name.toLowerCase() === name.toLowerCase())
    if (there !== undefined) return [state, { id: there.id, name: there.name }] as const
    const unknown = updates.find((wanted) => !state.updates.some(({ id }) => id === wanted))
    if (unknown !== undefined) throw refused(`The simulated site has no update ${unknown}.`)
    const id = 17_000_000 + state.made
    return [
      { ...state, groups: [...state.groups, { id, name, updates }], made: state.made + 1 },
      { id, name },
    ] as const
  },

  'create-deployment'({ state }: World, asked: Asked<'create-deployment'>) {
    const { name, group, collection } = asked
    const there = state.deployments.find((one) => one.name.toLowerCase() === name.toLowerCase())
    if (there !== undefined) return [state, { id: there.unique, name: there.name }] as const
    collectionIn(state, collection)
    const found = state.groups.find(({ id }) => id === group)
    if (found === undefined) throw refused(`The simulated site has no update group ${group}.`)
    const wanted = state.updates.filter(({ id }) => found.updates.includes(id))
    if (!asked.withoutPackage && wanted.some(({ provisioned }) => !provisioned))
      throw refused('The content of an update is in no deployment package of the simulated site.')
    if (!asked.acceptLicence && wanted.some(({ licence }) => licence))
      throw refused('The licence of an update was not accepted.')
    const id = 16_900_000 + state.made
    const unique = `{simulated-${id}}`
    const made = {
      id,
      unique,
      name,
      group,
      collection,
      enabled: true,
      isUtc: true,
      ignoresWindows: false,
      ...timesOf(state, asked),
    }
    return [
      { ...state, deployments: [...state.deployments, made], made: state.made + 1 },
      { id: unique, name },
    ] as const
  },

  'set-deployment'({ state }: World, asked: Asked<'set-deployment'>) {
    const found = ours(state, asked.deployment, asked.name)
    if (found === null) throw refused(`The simulated site has no deployment "${asked.name}".`)
    const edited = { ...found, enabled: true, ...timesOf(state, asked) }
    return [{ ...state, deployments: state.deployments.map((one) => (one === found ? edited : one)) }, {}] as const
  },

  'add-members'(world: World, { collection, machines }: Asked<'add-members'>) {
    const found = collectionIn(world.state, collection)
    const there = new Set(found.rules.flatMap((rule) => (rule.kind === 'direct' ? [rule.machine] : [])))
    const unknown = machines.find((wanted) => !world.state.machines.some(({ id }) => id === wanted))
    if (unknown !== undefined) throw refused(`The simulated site has no machine ${unknown}.`)
    const added = machines.filter((id) => !there.has(id)).map((machine) => ({ kind: 'direct' as const, machine }))
    return [withRules(world, found, [...found.rules, ...added]), {}] as const
  },

  'remove-members'(world: World, { collection, machines }: Asked<'remove-members'>) {
    const found = world.state.collections.find(({ id }) => id === collection)
    if (found === undefined) return [world.state, {}] as const
    const rules = found.rules.filter((rule) => rule.kind !== 'direct' || !machines.includes(rule.machine))
    return [withRules(world, found, rules), {}] as const
  },

  'remove-rules'(world: World, { collection, rules }: Asked<'remove-rules'>) {
    const found = collectionIn(world.state, collection)
    const left = found.rules.filter(
      (rule) => rule.kind === 'direct' || !rules.some(({ kind, name }) => kind === rule.kind && name === rule.name),
    )
    return [withRules(world, found, left), {}] as const
  },

  'delete-deployment'({ state }: World, { deployment, name }: Asked<'delete-deployment'>) {
    const found = ours(state, deployment, name)
    return [
      { ...state, deployments: state.deployments.filter((one) => one !== found) },
      { deleted: found !== null },
    ] as const
  },

  'delete-group'({ state }: World, { group, name }: Asked<'delete-group'>) {
    const found = state.groups.find(({ id }) => id === group)
    if (found !== undefined && found.name !== name)
      throw refused(`The update group ${group} is called "${found.name}".`)
    if (state.deployments.some((one) => one.group === group)) throw refused('The update group is still deployed.')
    return [
      { ...state, groups: state.groups.filter((one) => one !== found) },
      { deleted: found !== undefined },
    ] as const
  },

  'delete-collection'({ state }: World, { collection, name }: Asked<'delete-collection'>) {
    const found = state.collections.find(({ id }) => id === collection)
    if (found !== undefined && found.name !== name)
      throw refused(`The collection ${collection} is called "${found.name}".`)
    if (state.deployments.some((one) => one.collection === collection))
      throw refused('Unable to update collection due to SQL error: something is still deployed to it.')
    const collections = state.collections.filter((one) => one !== found)
    return [{ ...state, collections }, { deleted: found !== undefined }] as const
  },
}

function ours({ deployments }: SiteState, unique: string, name: string): SimulatedDeployment | null {
  const found = deployments.find((one) => one.unique === unique)
  if (found !== undefined && found.name !== name) throw refused(`The deployment ${unique} is called "${found.name}".`)
  return found ?? null
}

function timesOf(
  { traps }: SiteState,
  { available, deadline, suppress }: Pick<Asked<'set-deployment'>, 'available' | 'deadline' | 'suppress'>,
) {
  const shifted = (wire: string) => toIso(Date.parse(instantIn(wire)) + traps.shiftedHours * HOUR_MS)
  const isSuppressed = traps.restartsInverted ? !suppress : suppress
  return { availableAt: shifted(available), deadline: shifted(deadline), suppressed: isSuppressed ? 3 : 0 }
}
