/**
 * Brings each run of a start as far as it can go now: a scan of exactly its machines, what that scan found, and, once work may
 * begin, the deployment of that scan. A deployment installs everything that its scan found missing, so no scan is deployed
 * that found anything else than what was approved.
 */

import { firstNames } from '../../core/first-names.ts'
import { isOver } from '../../core/not-begun.ts'
import { isBefore, plusSeconds } from '../../core/time/instant.ts'
import { ALREADY, type Refused, TOO_LATE } from '../delegating/refused.ts'
import { ConsoleError } from './client.ts'
import type { Context } from './context.ts'
import { lookAfterwards } from './looks.ts'
import type { Machines } from './names.ts'
import { type AssetNote, type Run, replaced, type StartNote, withRun } from './note.ts'
import { templateId, templateProblem } from './plan.ts'
import { withRuns } from './planned-runs.ts'
import type { PatchRow, ScanMachine } from './schema.ts'
import { ensureSet } from './stage.ts'

export interface Advanced {
  readonly note: StartNote
  /** What others did to what is ours, one sentence each. */
  readonly found: readonly string[]
}

/** What the work on one start carries along. */
interface Work {
  readonly context: Context
  readonly key: string
  readonly signal: AbortSignal
  readonly found: string[]
}

/** A run passes a few states at once, and may be replaced by another one. */
const MOST_STEPS = 50

export async function advanced(
  context: Context,
  key: string,
  first: StartNote,
  signal: AbortSignal,
): Promise<Advanced> {
  const work: Work = { context, key, signal, found: [] }
  let note = first
  for (let step = 0; step < MOST_STEPS; step++) {
    const before = note
    for (const { name } of before.runs) {
      const run = note.runs.find((one) => one.name === name)
      if (run !== undefined) note = await oneStep(work, note, run)
    }
    note = withRuns(context, key, note)
    if (note === before || statesOf(note) === statesOf(before)) break
    await context.notes.save(key, note)
  }
  note = await lookAfterwards(context, key, note, signal)
  return { note, found: work.found }
}

function statesOf({ runs }: StartNote): string {
  return runs.map(({ name, state, scan: id }) => `${name} ${state} ${id}`).join('\n')
}

async function oneStep(work: Work, note: StartNote, run: Run): Promise<StartNote> {
  switch (run.state) {
    case 'planned':
      return scan(work, note, run)
    case 'scanning':
      return run.scan === null ? findScan(work, note, run) : readScan(work, note, run, run.scan)
    case 'ready':
      return readyRun(work, note, run)
    case 'sent':
      return findDeployment(work, note, run)
    case 'deploying':
    case 'lost':
    case 'dropped':
      return note
  }
}

function membersOf({ assets }: StartNote, run: Pick<Run, 'assets'>): readonly AssetNote[] {
  return assets.filter(
    ({ asset, refused, takenBack }) => run.assets.includes(asset) && refused === null && takenBack === null,
  )
}

async function saved({ context, key }: Work, note: StartNote): Promise<StartNote> {
  await context.notes.save(key, note)
  return note
}

/** None of its machines is to be deployed to any more, or not together with the others. */
async function dropped(work: Work, note: StartNote, run: Run): Promise<StartNote> {
  const after = await saved(work, withRun(note, { ...run, state: 'dropped' }))
  if (run.scan !== null) await work.context.api.removeScan(run.scan, work.signal)
  return after
}

/** Machines whose time is over are told nothing any more. */
function withoutLate({ context }: Work, first: StartNote, run: Run): StartNote {
  let note = first
  for (const one of membersOf(first, run))
    if (isOver(one.notAfter, context.clock())) note = replaced(note, { ...one, refused: TOO_LATE })
  return note
}

async function scan(work: Work, before: StartNote, run: Run): Promise<StartNote> {
  const { context, key, signal } = work
  const { api, clock } = context
  const late = withoutLate(work, before, run)
  const members = membersOf(late, run)
  if (members.length === 0) return dropped(work, late, run)
  const machines = await context.known.machines(signal)
  const template = await ensureSet(context, key, run.vulnerabilities, signal)
  await api.openSession(signal)
  signal.throwIfAborted()
  const intent = {
    ...run,
    assets: members.map(({ asset }) => asset),
    state: 'scanning' as const,
    sentAt: clock().toISOString(),
  }
  const note = await saved(work, withRun(late, intent))
  const names = members.map(({ name }) => targetName(machines, name))
  try {
    return withRun(note, {
      ...intent,
      scan: await api.startScan({ name: run.name, template, machines: names }, signal),
    })
  } catch (error) {
    if (!(error instanceof ConsoleError) || error.sent) throw error
    await saved(work, withRun(note, { ...intent, state: 'planned', sentAt: null }))
    throw error
  }
}

/** How the console reaches the machine: by its full name, where it has one. */
function targetName({ byName }: Machines, asset: string): string {
  const [machine] = byName.get(asset) ?? []
  return machine?.dnsName ?? machine?.name ?? asset
}

/**
 * A scan whose answer was lost is found by its name. It changes nothing on any machine, so where none shows, another one is
 * asked for under another name: if the first shows later, it is never deployed, and tidied.
 */
async function findScan({ context, signal }: Work, note: StartNote, run: Run): Promise<StartNote> {
  const [there] = await context.api.scans({ name: run.name }, signal)
  return withRun(
    note,
    there === undefined ? { ...run, state: 'dropped' } : { ...run, scan: there.id, user: there.user },
  )
}

/** Whether the console may still show later what was asked for then. */
function isShownBy({ clock, shownWithinSeconds }: Context, sentAt: string | null): boolean {
  const now = clock().toISOString()
  return isBefore(now, plusSeconds(sentAt ?? now, shownWithinSeconds))
}

async function readScan(work: Work, before: StartNote, run: Run, id: string): Promise<StartNote> {
  const { context, signal } = work
  const late = withoutLate(work, before, run)
  if (membersOf(late, run).length === 0) return dropped(work, late, run)
  const there = await context.api.scan(id, signal)
  if (there === null) return isShownBy(context, run.sentAt) ? late : dropped(work, late, run)
  if (!there.isComplete) return late
  const known = { ...run, user: there.user }
  return judged(work, withRun(late, known), known, await context.api.scanMachines(id, signal))
}

/** What a scan found on the machines of a run, against what was approved. */
async function judged(work: Work, first: StartNote, run: Run, rows: readonly ScanMachine[]): Promise<StartNote> {
  const { context, signal } = work
  const { byAsset, strangers } = sorted(await context.known.machines(signal), first, run, rows)
  if (strangers.length > 0) return withoutStrangers(work, first, run, strangers)
  let note = first
  let mustRepeat = false
  for (const one of membersOf(first, run)) {
    const row = byAsset.get(one.asset)
    const patches = row === undefined || run.scan === null ? [] : await context.api.patchRows(run.scan, row.id, signal)
    const verdict = verdictOf(one, row, patches)
    if (row === undefined)
      work.found.push(
        `${one.name} is missing in what Security Controls scanned for this start, so nothing is deployed to it.`,
      )
    if ('items' in verdict) note = replaced(note, { ...one, items: verdict.items })
    else {
      note = replaced(note, { ...one, refused: verdict.refused })
      mustRepeat ||= patches.some(({ state }) => state !== 'installed')
    }
  }
  if (mustRepeat || membersOf(note, run).length === 0) return dropped(work, note, run)
  return withRun(note, { ...run, state: 'ready' })
}

interface Sorted {
  readonly byAsset: ReadonlyMap<string, ScanMachine>
  /** Names of machines that belong to no asset of the run. */
  readonly strangers: readonly string[]
}

function sorted(machines: Machines, note: StartNote, run: Run, rows: readonly ScanMachine[]): Sorted {
  const byName = new Map(
    note.assets.filter(({ asset }) => run.assets.includes(asset)).map((one) => [one.name, one.asset]),
  )
  const byAsset = new Map<string, ScanMachine>()
  const strangers: string[] = []
  for (const row of rows) {
    const name = machines.nameOf(row)
    const asset = name === null ? undefined : byName.get(name)
    if (asset === undefined || byAsset.has(asset)) strangers.push(name ?? row.name.toLowerCase())
    else byAsset.set(asset, row)
  }
  return { byAsset, strangers }
}

type Verdict = { readonly items: AssetNote['items'] } | { readonly refused: Refused }

const refusal = (state: Refused['state'], reason: string): Verdict => ({ refused: { state, reason } })

function verdictOf(one: AssetNote, row: ScanMachine | undefined, patches: readonly PatchRow[]): Verdict {
  if (row === undefined)
    return refusal('not begun', 'The scan before the deployment did not return it, so nothing was deployed to it.')
  if (row.problem !== null)
    return refusal('unreachable', `The scan before the deployment could not look at it: ${row.problem}`)
  const strange = patches.find(({ state }) => state === 'unknown')
  if (strange !== undefined)
    return refusal(
      'held back',
      `Security Controls says "${strange.word}" of ${nameOf(strange)}, which is not a known state, so nobody can tell what would be installed`,
    )
  const missing = patches.filter(({ state }) => state === 'missing')
  const isApproved = ({ patchId, kb }: PatchRow) =>
    one.items.some((item) => item.kb === `KB${kb}` && item.patches.includes(patchId))
  const extra = missing.filter((patch) => !isApproved(patch))
  if (extra.length > 0)
    return refusal(
      'held back',
      `It would also install ${firstNames([...new Set(extra.map(nameOf))])}, which nobody approved`,
    )
  const items = one.items.flatMap((item) => {
    const own = missing.filter(({ kb }) => item.kb === `KB${kb}`).map(({ patchId }) => patchId)
    return own.length === 0 ? [] : [{ ...item, patches: own }]
  })
  return items.length === 0 ? { refused: ALREADY } : { items }
}

function nameOf({ kb, bulletinId, patchId }: PatchRow): string {
  return kb === null ? (bulletinId ?? patchId) : `KB${kb}`
}

/** The approved machines are scanned again once. Where others are in that scan, too, nothing more is asked for. */
async function withoutStrangers(
  work: Work,
  first: StartNote,
  run: Run,
  strangers: readonly string[],
): Promise<StartNote> {
  const also = `A scan in Security Controls for this start also had ${firstNames(strangers)}, to which nothing was deployed. It was removed`
  const isAgain = first.runs.some(({ hadStrangers }) => hadStrangers)
  let note = first
  if (isAgain) {
    const reason = `${also}, and as this was so before, nothing more is deployed.`
    work.found.push(reason)
    for (const one of membersOf(first, run)) note = replaced(note, { ...one, refused: { state: 'held back', reason } })
  } else work.found.push(`${also}, and the approved machines are scanned again.`)
  return dropped(work, note, { ...run, hadStrangers: true })
}

/** The scan is looked at once more, and deployed when work may begin. */
async function readyRun(work: Work, before: StartNote, run: Run): Promise<StartNote> {
  const { context, signal } = work
  const late = withoutLate(work, before, run)
  const members = membersOf(late, run)
  if (members.length === 0 || run.scan === null) return dropped(work, late, run)
  if ((await context.api.scan(run.scan, signal)) === null) return dropped(work, late, run)
  const rows = await context.api.scanMachines(run.scan, signal)
  const { byAsset, strangers } = sorted(await context.known.machines(signal), late, run, rows)
  if (strangers.length > 0) return withoutStrangers(work, late, run, strangers)
  let note = late
  for (const one of members) {
    if (byAsset.has(one.asset)) continue
    const reason =
      'Somebody took it out of what Security Controls scanned for this start, so nothing was deployed to it.'
    work.found.push(
      `Somebody took ${one.name} out of what Security Controls scanned for this start: nothing is deployed to it.`,
    )
    note = replaced(note, { ...one, refused: { state: 'not begun', reason } })
  }
  if (membersOf(note, run).length === 0) return dropped(work, note, run)
  const now = context.clock().toISOString()
  return members.every(({ notBefore }) => !isBefore(now, notBefore)) ? deploy(work, note, run, run.scan) : note
}

async function deploy(work: Work, before: StartNote, run: Run, scanId: string): Promise<StartNote> {
  const { context, signal } = work
  const { api, clock, known } = context
  const members = membersOf(before, run)
  const templates = await known.deployTemplates(signal, 'fresh')
  const problem = templateProblem(context, templates, members[0]?.reboot ?? 'never')
  const template = templateId(templates, run.template)
  if (problem !== null || template === null) {
    let note = before
    const reason = problem ?? `${api.server} has no deployment template called "${run.template}"`
    for (const one of members) note = replaced(note, { ...one, refused: { state: 'held back', reason } })
    return dropped(work, note, run)
  }
  await api.openSession(signal)
  signal.throwIfAborted()
  const assets = members.map(({ asset }) => asset)
  const intent = { ...run, assets, state: 'sent' as const, sentAt: clock().toISOString() }
  const note = await saved(work, withRun(before, intent))
  try {
    const deployment = await api.deploy({ scan: scanId, template }, signal)
    return deployment === null ? note : withRun(note, { ...intent, state: 'deploying', deployment })
  } catch (error) {
    if (!(error instanceof ConsoleError) || error.sent) throw error
    await saved(work, withRun(note, { ...run, state: 'ready' }))
    throw error
  }
}

/** Clocks of the console and of ours may differ by so much. */
const CLOCK_SECONDS = 300

/**
 * A deployment whose answer was lost has no name of ours: it is found by who made it, when, by its template and its machines.
 * No machine is in two starts at once, so those that it shows so far tell. It is never sent again. What does not show in time
 * is lost: nobody knows whether it is there.
 */
async function findDeployment({ context, signal }: Work, note: StartNote, run: Run): Promise<StartNote> {
  const { api, known, clock } = context
  const machines = await known.machines(signal)
  const sentAt = run.sentAt ?? clock().toISOString()
  const since = plusSeconds(sentAt, -CLOCK_SECONDS)
  const until = plusSeconds(sentAt, context.shownWithinSeconds + CLOCK_SECONDS)
  const taken = new Set(note.runs.flatMap(({ deployment }) => deployment ?? []))
  const wanted = new Set(note.assets.flatMap(({ asset, name }) => (run.assets.includes(asset) ? [name] : [])))
  let mayBe = false
  for (const one of await api.deployments(since, signal)) {
    if (taken.has(one.id) || one.name !== run.template || one.creator !== run.user) continue
    if (one.startedAt === null || isBefore(one.startedAt, since) || isBefore(until, one.startedAt)) continue
    if (one.expected !== null && one.expected !== wanted.size) continue
    const rows = await api.deploymentMachines(one.id, signal)
    if (!rows.every((row) => wanted.has(machines.nameOf(row) ?? ''))) continue
    if (rows.length > 0) return withRun(note, { ...run, state: 'deploying', deployment: one.id })
    mayBe = true
  }
  return mayBe || isShownBy(context, run.sentAt) ? note : withRun(note, { ...run, state: 'lost' })
}
