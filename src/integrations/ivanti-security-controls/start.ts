/** Writes down who is to be scanned and deployed to, and asks for the scans. */

import { isOver } from '../../core/not-begun.ts'
import type { Batch, DeploymentHandle } from '../../core/ports.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import { type FirstContactOf, withFirstOnes } from '../delegating/first-contact.ts'
import { ALREADY, refusedBy, TOO_LATE } from '../delegating/refused.ts'
import { type Context, lastingProblem, markOf } from './context.ts'
import { type AssetNote, emptyNote, type StartNote } from './note.ts'
import { type Looked, planOrObstacle, viewOf } from './plan.ts'
import { withRuns } from './planned-runs.ts'
import { reportsOf } from './reports.ts'
import { advanced } from './runs.ts'

/** Asks the console about a batch. Throws a sentence if nothing can be started there. */
export async function look(context: Context, batch: Batch, signal: AbortSignal): Promise<readonly Looked[]> {
  const problem = lastingProblem(context)
  if (problem !== null) throw new Error(problem)
  markOf(context, batch.key)
  const assets = batch.deployments.map(({ asset }) => asset)
  const changes = batch.deployments.flatMap((one) => one.changes)
  const view = await viewOf(context, assets, changes, 'now', signal)
  const note = await context.notes.read(batch.key)
  const ours = new Set(note?.runs.flatMap(({ deployment }) => deployment ?? []))
  return batch.deployments.map((request) => ({ request, found: planOrObstacle(context, view, request, ours) }))
}

export function firstContactOf(context: Context): FirstContactOf<Looked> {
  const { notes, clock, hourSeconds } = context
  return {
    ...{ system: 'this Security Controls', notes, clock, againSeconds: hourSeconds },
    async reports(key, signal) {
      const note = await notes.read(key)
      return note === null ? [] : reportsOf(context, note, signal)
    },
  }
}

/** What was different is told with the next comparison. */
export async function startBatch(context: Context, batch: Batch, signal: AbortSignal): Promise<DeploymentHandle> {
  const { key } = batch
  const { notes } = context
  const before = await notes.read(key)
  const looked = batch.deployments.length === 0 ? [] : await look(context, batch, signal)
  const intended = await withFirstOnes(firstContactOf(context), key, looked, signal, async (few, claim) => {
    const note = noted(context, key, before ?? emptyNote, few)
    if (note.runs.length > 0) await claim()
    await notes.save(key, note)
    return note
  })
  const { note, found } = await advanced(context, key, intended, signal)
  await notes.save(key, { ...note, untold: [...note.untold, ...found] })
  return { key, data: { startedAt: note.startedAt } }
}

/** Assets that were written down before stay as they were, but for the end of their time while nothing is deployed. */
function noted(context: Context, key: string, before: StartNote, looked: readonly Looked[]): StartNote {
  const now = context.clock()
  const ends = new Map(looked.map(({ request }) => [request.asset.id, request.notAfter]))
  const known = new Set(before.assets.map(({ asset }) => asset))
  const added = looked.filter(({ request }) => !known.has(request.asset.id)).map((one) => assetNote(one, now))
  const deployed = before.runs.filter(({ state }) => state === 'sent' || state === 'deploying' || state === 'lost')
  const note = {
    ...before,
    startedAt: before.startedAt ?? now.toISOString(),
    assets: [...before.assets, ...added].map((one) => {
      const end = ends.get(one.asset)
      if (end === undefined || deployed.some(({ assets }) => assets.includes(one.asset))) return one
      const notAfter = end === null ? null : plusSeconds(end, 0)
      return { ...one, notAfter, refused: one.refused ?? (isOver(notAfter, now) ? TOO_LATE : null) }
    }),
  }
  return withRuns(context, key, note)
}

function assetNote({ request, found }: Looked, now: Date): AssetNote {
  const { asset, notBefore, notAfter, reboot } = request
  const named = {
    ...{ asset: asset.id, name: asset.name, reboot, template: '', takenBack: null, seen: null },
    notBefore: notBefore === undefined ? now.toISOString() : plusSeconds(notBefore, 0),
    notAfter: notAfter === null ? null : plusSeconds(notAfter, 0),
  }
  if (!found.ready) return { ...named, changes: [], items: [], refused: refusedBy(found.outcome) }
  const { changes, items } = found.plan
  const refused = items.length === 0 ? ALREADY : isOver(notAfter, now) ? TOO_LATE : null
  return { ...named, changes: [...changes], items: [...items], refused }
}
