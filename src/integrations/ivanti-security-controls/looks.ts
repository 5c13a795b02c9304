/**
 * The second look: after the work, a fresh scan with the same template, which looks only for what was approved. It installs
 * nothing, so it may be asked for again.
 */

import { isBefore, plusSeconds } from '../../core/time/instant.ts'
import { type Context, lookName } from './context.ts'
import { type AssetNote, type Look, type Run, replaced, runOf, type StartNote, withLook } from './note.ts'
import type { DeploymentMachine } from './schema.ts'
import { ensureSet } from './stage.ts'
import { verdictOn } from './verdict.ts'

/** A machine may be restarting right after its work, so it is looked at so many hours later. */
const SETTLES_HOURS = 1 / 6
/** So many fresh scans may fail on a machine. */
export const MOST_LOOKS = 3
/** A scan that has not come to an end after so many hours is not waited for. */
const LOOK_HOURS = 2

/** Reads what fresh scans have found, and asks for those that are due. */
export async function lookAfterwards(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<StartNote> {
  let note = first
  for (const look of first.looks) if (!look.isOver) note = await readLook(context, note, look, signal)
  if (note !== first) await context.notes.save(key, note)
  const due = await dueFor(context, note, signal)
  for (const [run, assets] of due) note = await askLook(context, key, note, run, assets, signal)
  return note
}

function isWaiting(note: StartNote, one: AssetNote): boolean {
  const run = runOf(note, one.asset)
  return one.refused === null && one.seen === null && one.takenBack?.state !== 'stopped' && run?.state === 'deploying'
}

export function looksFor({ looks }: Pick<StartNote, 'looks'>, asset: string): readonly Look[] {
  return looks.filter(({ assets }) => assets.includes(asset))
}

async function dueFor(
  context: Context,
  note: StartNote,
  signal: AbortSignal,
): Promise<ReadonlyMap<Run, readonly AssetNote[]>> {
  const due = new Map<Run, readonly AssetNote[]>()
  for (const run of note.runs) {
    if (run.state !== 'deploying' || run.deployment === null) continue
    const waiting = note.assets.filter(
      (one) => run.assets.includes(one.asset) && isWaiting(note, one) && mayLookAgain(note, one),
    )
    if (waiting.length === 0) continue
    if ((await context.api.deployment(run.deployment, signal)) === null) continue
    const rows = rowsByName(
      await context.known.machines(signal),
      await context.api.deploymentMachines(run.deployment, signal),
    )
    const settled = waiting.filter((one) => isSettled(context, one, rows.get(one.name)))
    if (settled.length > 0) due.set(run, settled)
  }
  return due
}

export function rowsByName(
  machines: { nameOf(row: DeploymentMachine): string | null },
  rows: readonly DeploymentMachine[],
): ReadonlyMap<string, DeploymentMachine> {
  return new Map(rows.flatMap((row) => ((name) => (name === null ? [] : [[name, row] as const]))(machines.nameOf(row))))
}

function mayLookAgain(note: StartNote, { asset }: AssetNote): boolean {
  const looks = looksFor(note, asset)
  return looks.length < MOST_LOOKS && looks.every(({ isOver }) => isOver)
}

function isSettled({ clock, hourSeconds }: Context, one: AssetNote, row: DeploymentMachine | undefined): boolean {
  const verdict = verdictOn(one, row)
  if (verdict.kind !== 'done') return false
  const since = verdict.at ?? row?.updatedAt ?? null
  return since !== null && !isBefore(clock().toISOString(), plusSeconds(since, SETTLES_HOURS * hourSeconds))
}

async function askLook(
  context: Context,
  key: string,
  before: StartNote,
  run: Run,
  due: readonly AssetNote[],
  signal: AbortSignal,
): Promise<StartNote> {
  const { api, clock, notes, known } = context
  const template = await ensureSet(context, key, run.vulnerabilities, signal)
  const machines = await known.machines(signal)
  const name = lookName(context, key, before.looks.length + 1)
  const look: Look = {
    name,
    assets: due.map(({ asset }) => asset),
    scan: null,
    sentAt: clock().toISOString(),
    isOver: false,
  }
  const note = { ...before, looks: [...before.looks, look] }
  await notes.save(key, note)
  await api.openSession(signal)
  const names = due.map((one) => machines.byName.get(one.name)?.[0]?.dnsName ?? one.name)
  return withLook(note, { ...look, scan: await api.startScan({ name, template, machines: names }, signal) })
}

async function readLook(context: Context, before: StartNote, look: Look, signal: AbortSignal): Promise<StartNote> {
  const { api, clock, known, shownWithinSeconds, hourSeconds } = context
  const now = clock().toISOString()
  const isLate = (seconds: number) => !isBefore(now, plusSeconds(look.sentAt, seconds))
  const id = look.scan ?? (await api.scans({ name: look.name }, signal))[0]?.id ?? null
  const there = id === null ? null : await api.scan(id, signal)
  if (id === null || there === null)
    return isLate(shownWithinSeconds) ? withLook(before, { ...look, isOver: true }) : before
  if (!there.isComplete && !isLate(LOOK_HOURS * hourSeconds)) return withLook(before, { ...look, scan: id })
  const machines = await known.machines(signal)
  let note = withLook(before, { ...look, scan: id, isOver: true })
  for (const row of await api.scanMachines(id, signal)) {
    const name = machines.nameOf(row)
    const one = note.assets.find((asset) => asset.name === name && look.assets.includes(asset.asset))
    if (one === undefined || row.problem !== null || row.completedAt === null) continue
    const rows = await api.patchRows(id, row.id, signal)
    const wanted = new Set(one.items.flatMap(({ patches }) => patches))
    const missing = rows.filter(({ patchId, state }) => wanted.has(patchId) && state !== 'installed')
    const kbs = [...new Set(missing.map(({ kb }) => `KB${kb}`))]
    note = replaced(note, { ...one, seen: { at: row.completedAt, missing: kbs } })
  }
  return note
}
