/**
 * Takes back what was started. Before the deployment that is exact: the scan is removed, and one that is gone cannot be
 * deployed. Afterwards only its operation as a whole can be cancelled, which reaches machines to which nothing was sent.
 */

import { firstNames } from '../../core/first-names.ts'
import type { StopReport } from '../../core/ports.ts'
import { DAY_SECONDS, isBefore, plusSeconds } from '../../core/time/instant.ts'
import type { Api } from './api.ts'
import { type Context, isLook, keyIn, markOf } from './context.ts'
import { type AssetNote, type Run, replaced, type StartNote, withRun } from './note.ts'
import { type Heard, hear } from './reports.ts'
import { type Advanced, advanced } from './runs.ts'
import type { Operation, Scan } from './schema.ts'
import { verdictOn } from './verdict.ts'

const STOPPED = 'It was taken back before it began.'

export interface Stopped extends Advanced {
  readonly reports: readonly StopReport[]
}

/** `only`: these assets; left out: all of the start. */
export async function takeBack(
  context: Context,
  key: string,
  first: StartNote,
  only: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Stopped> {
  const wanted = new Set(
    first.assets.flatMap(({ asset }) => (only === undefined || only.includes(asset) ? [asset] : [])),
  )
  const at = context.clock().toISOString()
  let note = first
  for (const one of first.assets) {
    if (!wanted.has(one.asset) || one.takenBack !== null || one.refused !== null) continue
    note = replaced(note, { ...one, takenBack: { at, state: null, reason: STOPPED } })
  }
  if (note !== first) await context.notes.save(key, note)
  const open = () => note.assets.filter(({ asset, takenBack }) => wanted.has(asset) && takenBack?.state === null)
  let found: readonly string[] = []
  if (open().length > 0) {
    for (const { name } of note.runs) {
      const run = note.runs.find((one) => one.name === name)
      if (run !== undefined && open().some(({ asset }) => run.assets.includes(asset)))
        note = await stopRun(context, key, note, run, signal)
    }
    for (const one of open()) note = reached(note, one, 'stopped')
    await context.notes.save(key, note)
    // Whoever was only scanned or sent to together with these goes on by itself.
    const after = await advanced(context, key, note, signal)
    note = after.note
    found = after.found
  }
  const reports = note.assets.flatMap(({ asset, takenBack }): StopReport[] =>
    wanted.has(asset) ? [{ asset, state: takenBack?.state ?? 'stopped' }] : [],
  )
  return { note, found, reports }
}

function reached(note: StartNote, one: AssetNote, state: StopReport['state']): StartNote {
  return one.takenBack === null ? note : replaced(note, { ...one, takenBack: { ...one.takenBack, state } })
}

function openIn(note: StartNote, run: Run): readonly AssetNote[] {
  return note.assets.filter(({ asset, takenBack }) => takenBack?.state === null && run.assets.includes(asset))
}

async function stopRun(
  context: Context,
  key: string,
  note: StartNote,
  run: Run,
  signal: AbortSignal,
): Promise<StartNote> {
  switch (run.state) {
    case 'planned':
    case 'scanning':
    case 'ready':
      return beforeDeployment(context, note, run, signal)
    case 'sent':
    case 'lost':
      // Nobody knows whether the console has it.
      return openIn(note, run).reduce((now, one) => reached(now, one, 'may still begin'), note)
    case 'deploying':
      return whileDeploying(context, key, note, run, signal)
    case 'dropped':
      return note
  }
}

/** A scan whose id is not known yet is found by its name. */
async function beforeDeployment({ api }: Context, note: StartNote, run: Run, signal: AbortSignal): Promise<StartNote> {
  const ids =
    run.scan !== null
      ? [run.scan]
      : run.state === 'planned'
        ? []
        : (await api.scans({ name: run.name }, signal)).map(({ id }) => id)
  for (const id of ids) await api.removeScan(id, signal)
  return withRun(note, { ...run, state: 'dropped' })
}

/**
 * The operation is cancelled if that reaches somebody who is to be stopped. Others to whom nothing was sent by then are
 * scanned and deployed to anew; whoever has begun goes on. Only an operation that was seen open and is gone afterwards proves
 * that nothing more is sent. That it was open is noted before it is cancelled.
 */
async function whileDeploying(
  context: Context,
  key: string,
  before: StartNote,
  run: Run,
  signal: AbortSignal,
): Promise<StartNote> {
  const heardOf = async () => (await hear(context, [run], signal)).get(run.deployment ?? '')
  const open = openIn(before, run)
  const first = await heardOf()
  const isOpen = run.cancelled || (first?.operation != null && !first.operation.isOver)
  const reaches = run.deployment !== null && isOpen && open.some((one) => !hasBegun(one, first))
  let note = before
  if (reaches && run.deployment !== null) {
    note = withRun(note, { ...run, cancelled: true })
    await context.notes.save(key, note)
    await context.api.cancelOperation(run.deployment, signal)
  }
  const after = reaches ? await heardOf() : first
  const isGone = reaches && (after?.operation == null || wasCutOff(after.operation))
  const isSpared = (one: AssetNote) => isGone && !hasBegun(one, after) && after?.rows.has(one.name) !== true
  for (const one of open)
    note = reached(note, one, hasBegun(one, after) ? 'at work' : isSpared(one) ? 'stopped' : 'may still begin')
  const spared = note.assets.filter(
    (one) => run.assets.includes(one.asset) && one.takenBack === null && one.refused === null && isSpared(one),
  )
  const left = run.assets.filter((asset) => !spared.some((one) => one.asset === asset))
  return withRun(note, { ...run, cancelled: run.cancelled || reaches, assets: left })
}

/** It is over, and not because all was sent. */
function wasCutOff({ isOver, word }: Operation): boolean {
  return isOver && !/^succeeded$/i.test(word)
}

function hasBegun(one: AssetNote, heard: Heard | undefined): boolean {
  const verdict = verdictOn(one, heard?.rows.get(one.name))
  return verdict.kind === 'done' || verdict.kind === 'failed' || (verdict.kind === 'open' && verdict.begun)
}

/** Of each scan: the deployment of it that is not over; `none`; or `not shown`, where one may be that shows no machine yet. */
async function withDeployments(
  api: Api,
  scans: readonly Scan[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Scan, string>> {
  const [oldest] = scans.flatMap(({ startedAt }) => startedAt ?? []).sort()
  const deployments = oldest === undefined ? [] : await api.deployments(oldest, signal)
  const found = new Map<Scan, string>()
  for (const scan of scans) {
    const names = new Set((await api.scanMachines(scan.id, signal)).map(({ name }) => name.toLowerCase()))
    found.set(scan, 'none')
    for (const { id, creator, startedAt, isComplete } of deployments) {
      if (isComplete || creator !== scan.user || startedAt === null) continue
      if (scan.startedAt !== null && isBefore(startedAt, scan.startedAt)) continue
      const rows = await api.deploymentMachines(id, signal)
      if (!rows.every(({ name }) => names.has(name.toLowerCase()))) continue
      if (rows.length > 0) found.set(scan, id)
      else if (found.get(scan) === 'none') found.set(scan, 'not shown')
    }
  }
  return found
}

/** No start is older. */
const START_DAYS = 60

function recent({ clock }: Context): { readonly since: string } {
  return { since: plusSeconds(clock().toISOString(), -START_DAYS * DAY_SECONDS) }
}

/** Removes scans of ours whose start nobody knows, and cancels what was deployed of them. Groups and templates are kept. */
export async function reclaimScans(
  context: Context,
  unknown: (keys: readonly string[]) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { api, known } = context
  const mine = (await api.scans(recent(context), signal)).flatMap((scan) => {
    const key = keyIn(context, scan.name)
    return key === null || isLook(scan.name) ? [] : [{ scan, key }]
  })
  const keys = new Set(await unknown([...new Set(mine.map(({ key }) => key))]))
  const lost = mine.filter(({ key }) => keys.has(key)).map(({ scan }) => scan)
  const machines = await known.machines(signal)
  const found: string[] = []
  for (const [scan, deployment] of await withDeployments(api, lost, signal)) {
    const rows = await api.scanMachines(scan.id, signal)
    const names = rows.map((row) => machines.nameOf(row) ?? row.name.toLowerCase())
    const who = names.length === 0 ? 'it had not found any machine yet' : firstNames(names)
    if (deployment !== 'none' && deployment !== 'not shown') await api.cancelOperation(deployment, signal)
    await api.removeScan(scan.id, signal)
    const also =
      deployment === 'none'
        ? 'nothing of it was deployed'
        : deployment === 'not shown'
          ? 'a deployment of the same account is under way that shows no machine yet, look whether it is of this scan'
          : 'its deployment was cancelled, and may go on where it has begun'
    found.push(
      `The scan "${scan.name}" in Security Controls belongs to no rollout that is known here. It was removed (${who}): ${also}.`,
    )
  }
  return found
}

/**
 * All is found by its name, so that what was made for a start that nobody noted is found, too. Scans that were deployed, and
 * those that looked at what came of it, are the console's history and stay.
 */
export async function tidyStart(context: Context, key: string, signal: AbortSignal): Promise<void> {
  const { api, notes } = context
  const mark = markOf(context, key)
  const note = await notes.read(key)
  const deployed = new Set(
    note?.runs.flatMap(({ deployment, state, scan }) =>
      deployment !== null || state === 'lost' || state === 'sent' ? (scan ?? []) : [],
    ),
  )
  for (const { id, name } of await api.scans(recent(context), signal))
    if (name?.startsWith(mark) === true && !isLook(name) && !deployed.has(id)) await api.removeScan(id, signal)
  for (const { id, name } of await api.scanTemplates(signal))
    if (name?.startsWith(mark) === true) await api.removeScanTemplate(id, signal)
  for (const { id, name } of await api.groups(signal))
    if (name?.startsWith(mark) === true) await api.removeGroup(id, signal)
  await notes.remove(key)
}
