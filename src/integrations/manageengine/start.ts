/**
 * Tells the server what to install: a configuration for each set of patches, with exactly the approved machines. Who belongs to
 * it is written down first, then it is sent once. What was sent is looked for by its name, and never sent again.
 */

import { createHash } from 'node:crypto'
import { isOver } from '../../core/not-begun.ts'
import type { Batch, DeploymentHandle, DeploymentRequest } from '../../core/ports.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import { type FirstContactOf, withFirstOnes } from '../delegating/first-contact.ts'
import { markOf } from '../delegating/marks.ts'
import { ALREADY, refusedBy, TOO_LATE } from '../delegating/refused.ts'
import type { Configuration } from './api.ts'
import { ManageEngineError } from './client.ts'
import { type Context, lastingProblem } from './context.ts'
import {
  type AssetNote,
  type ConfigurationNote,
  emptyNote,
  type Item,
  replaced,
  type StartNote,
  withConfiguration,
} from './note.ts'
import { type Found, planOrObstacle, viewOf } from './plan.ts'
import { reportsOf } from './reports.ts'

/** One asset of a batch, as the server sees it now. */
export interface Looked {
  readonly request: DeploymentRequest
  readonly found: Found
}

/** Asks the server about a batch. Throws a sentence if nothing can be started on it. */
export async function look(context: Context, batch: Batch, signal: AbortSignal): Promise<readonly Looked[]> {
  const problem = lastingProblem(context)
  if (problem !== null) throw new Error(problem)
  const assets = batch.deployments.map(({ asset }) => asset)
  const changes = batch.deployments.flatMap((one) => one.changes)
  const view = await viewOf(context, assets, changes, 'all now', signal)
  const mark = markOf(context, batch.key)
  return batch.deployments.map((request) => ({
    request,
    found: planOrObstacle(context, view, request, (name) => name.startsWith(mark)),
  }))
}

export async function startBatch(context: Context, batch: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
  const { key } = batch
  const { notes } = context
  const before = await notes.read(key)
  const looked = batch.deployments.length === 0 ? [] : await look(context, batch, signal)
  let note = await intended(context, key, before ?? emptyNote, looked, signal)
  note = await sendAll(context, key, note, signal)
  return { key, data: { startedAt: note.startedAt } }
}

export function firstContactOf(context: Context): FirstContactOf<Looked> {
  const { notes, clock, contactSeconds } = context
  return {
    ...{ system: 'this ManageEngine', notes, clock, againSeconds: contactSeconds },
    async reports(key, signal) {
      const note = await notes.read(key)
      return note === null ? [] : reportsOf(context, note, signal)
    },
  }
}

/** Writes down who is to be told, and by which configurations. Assets that were written down before stay as they were. */
function intended(
  context: Context,
  key: string,
  before: StartNote,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<StartNote> {
  return withFirstOnes(firstContactOf(context), key, looked, signal, async (few, claim) => {
    const now = context.clock()
    const over = new Set(few.filter(({ request }) => isOver(request.notAfter, now)).map((one) => one.request.asset.id))
    const known = new Set(before.assets.map(({ asset }) => asset))
    const added = few.filter(({ request }) => !known.has(request.asset.id)).map((one) => assetNote(one, now))
    let note: StartNote = {
      ...before,
      startedAt: before.startedAt ?? now.toISOString(),
      assets: [...before.assets, ...added],
    }
    note = withoutLate(note, over)
    note = planned(context, key, note)
    if (note.configurations.length > 0) await claim()
    await context.notes.save(key, note)
    return note
  })
}

/** Whose time is over is not told any more, if nothing was sent yet. */
function withoutLate(first: StartNote, over: ReadonlySet<string>): StartNote {
  let note = first
  for (const one of first.assets) {
    if (!over.has(one.asset) || one.refused !== null) continue
    const own = note.configurations.filter(({ machines }) => machines.includes(one.machine))
    if (own.some(({ state }) => state !== 'planned')) continue
    note = replaced(note, { ...one, refused: TOO_LATE })
    for (const configuration of own)
      note = withConfiguration(note, {
        ...configuration,
        machines: configuration.machines.filter((id) => id !== one.machine),
      })
  }
  return note
}

function assetNote({ request, found }: Looked, now: Date): AssetNote {
  const { asset, notBefore, notAfter } = request
  const named = {
    asset: asset.id,
    name: asset.name,
    notBefore: notBefore === undefined ? now.toISOString() : plusSeconds(notBefore, 0),
    notAfter: notAfter === null ? null : plusSeconds(notAfter, 0),
    since: now.toISOString(),
    takenBack: null,
  }
  if (!found.ready)
    return { ...named, machine: '', policy: '', changes: [], items: [], refused: refusedBy(found.outcome) }
  const { machine, changes, items, policy } = found.plan
  const refused = items.length === 0 ? ALREADY : isOver(notAfter, now) ? TOO_LATE : null
  return { ...named, machine: machine.id, policy, changes: [...changes], items: [...items], refused }
}

/** Machines for which nothing was planned yet get a configuration: one for each set of patches and each policy. */
function planned(context: Context, key: string, first: StartNote): StartNote {
  let note = first
  const open = first.assets.filter(
    ({ refused, takenBack, machine }) =>
      refused === null &&
      takenBack === null &&
      !first.configurations.some(({ machines }) => machines.includes(machine)),
  )
  for (const undone of [false, true]) {
    const sets = new Map<string, AssetNote[]>()
    for (const one of open) {
      const patches = patchesOf(one.items, undone)
      if (patches.length === 0) continue
      const set = JSON.stringify([one.policy, patches])
      sets.set(set, [...(sets.get(set) ?? []), one])
    }
    for (const members of sets.values()) {
      const [one] = members
      if (one === undefined) continue
      const machines = members.map(({ machine }) => machine)
      note = withNewConfiguration(context, key, note, {
        policy: one.policy,
        patches: patchesOf(one.items, undone),
        undone,
        machines,
      })
    }
  }
  return note
}

function patchesOf(items: readonly Item[], undone: boolean): string[] {
  return [...new Set(items.filter((item) => item.undone === undone).map(({ patch }) => patch))].sort()
}

/** Each configuration of a start has its own number, so no two ever have one name. */
export function withNewConfiguration(
  context: Context,
  key: string,
  note: StartNote,
  wanted: Pick<ConfigurationNote, 'policy' | 'undone'> & {
    readonly patches: readonly string[]
    readonly machines: readonly string[]
  },
): StartNote {
  const parts = [wanted.undone ? 'off' : 'on', ...wanted.patches]
  const digest = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 8)
  const name = `${markOf(context, key)}${digest}.${note.configurations.length + 1}`
  const made = { id: null, sentAt: null, suspended: false, hadStrangers: false, state: 'planned' as const }
  const { policy, undone } = wanted
  const one: ConfigurationNote = {
    name,
    policy,
    undone,
    patches: [...wanted.patches],
    machines: [...wanted.machines],
    ...made,
  }
  return { ...note, configurations: [...note.configurations, one] }
}

/** Sends what was not sent, and looks for what was. Throws a sentence while something that was sent is not seen. */
export async function sendAll(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<StartNote> {
  let note = first
  const open = () => note.configurations.filter(({ state }) => state === 'planned' || state === 'sent')
  if (open().length === 0) return note
  let list = await context.api.configurations(signal)
  for (const one of open()) {
    if (one.state === 'sent') note = await looked(context, key, note, one, list)
    else if (one.machines.length > 0) note = await sent(context, key, note, one, signal)
  }
  if (open().some(({ state }) => state === 'sent')) {
    list = await context.api.configurations(signal)
    for (const one of open()) if (one.state === 'sent') note = await looked(context, key, note, one, list)
  }
  const waiting = open().find(({ state }) => state === 'sent')
  if (waiting !== undefined)
    throw new Error(
      `${context.api.server} was sent "${waiting.name}" and does not show it yet. It is looked for again, and not sent again`,
    )
  return note
}

/** Notes what was seen of a configuration that was sent. What is not seen in time is lost: nobody knows whether it is there. */
async function looked(
  context: Context,
  key: string,
  before: StartNote,
  one: ConfigurationNote,
  list: readonly Configuration[],
): Promise<StartNote> {
  // Of two with one name the first is ours; the other one is found as a stray.
  const [found] = list.filter(({ name }) => name === one.name).sort((a, b) => Number(a.id) - Number(b.id))
  const until = plusSeconds(one.sentAt ?? context.clock().toISOString(), context.shownWithinSeconds)
  const isLate = context.clock().getTime() >= Date.parse(until)
  if (found === undefined && !isLate) return before
  const note = withConfiguration(
    before,
    found === undefined ? { ...one, state: 'lost' } : { ...one, state: 'made', id: found.id },
  )
  await context.notes.save(key, note)
  return note
}

/** That there is nothing to deploy: every machine has all of it by now. */
const NOTHING_TO_DO = '3010'

async function sent(
  context: Context,
  key: string,
  before: StartNote,
  one: ConfigurationNote,
  signal: AbortSignal,
): Promise<StartNote> {
  const { api, notes, clock } = context
  signal.throwIfAborted()
  const intent = { ...one, state: 'sent' as const, sentAt: clock().toISOString() }
  let note = withConfiguration(before, intent)
  await notes.save(key, note)
  const { name, patches, machines, policy, undone } = one
  try {
    await api.install({ name, description: 'Approved in Patchwarden', patches, machines, policy, undone }, signal)
    return note
  } catch (error) {
    if (!(error instanceof ManageEngineError) || error.sent) throw error
    const isEmpty = error.code === NOTHING_TO_DO
    note = withConfiguration(before, { ...one, state: isEmpty ? 'empty' : 'planned' })
    if (isEmpty)
      for (const asset of note.assets)
        if (machines.includes(asset.machine)) note = replaced(note, { ...asset, refused: ALREADY })
    await notes.save(key, note)
    if (isEmpty) return note
    throw error
  }
}
