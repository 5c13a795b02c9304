/** What is known of each machine of a start: what its deployment says of it, and what a fresh scan found afterwards. */

import { MaybeStarted, maybeBegun } from '../../core/maybe-started.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { isBefore, minuteOf, plusSeconds, toIso } from '../../core/time/instant.ts'
import { outcomeOfRefused } from '../delegating/refused.ts'
import type { Context } from './context.ts'
import { looksFor, MOST_LOOKS, rowsByName } from './looks.ts'
import { type AssetNote, type Run, runOf, type StartNote } from './note.ts'
import type { Deployment, DeploymentMachine, Operation } from './schema.ts'
import { type Verdict, verdictOn } from './verdict.ts'

/** What the console says of a deployment; `null`: it does not show it. */
export interface Heard {
  readonly deployment: Deployment | null
  readonly operation: Operation | null
  readonly rows: ReadonlyMap<string, DeploymentMachine>
}

/** By the id of the deployment. */
export async function hear(
  { api, known }: Context,
  runs: readonly Run[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Heard>> {
  const heard = new Map<string, Heard>()
  for (const { deployment: id } of runs) {
    if (id === null || heard.has(id)) continue
    const deployment = await api.deployment(id, signal)
    // An operation that is over says nothing good, but it says that nothing more comes.
    const operation = deployment?.isComplete === true ? null : await api.operation(id, signal)
    const machines = await known.machines(signal)
    const rows = deployment === null ? new Map() : rowsByName(machines, await api.deploymentMachines(id, signal))
    heard.set(id, { deployment, operation, rows })
  }
  return heard
}

export async function reportsOf(
  context: Context,
  note: StartNote,
  signal: AbortSignal,
): Promise<readonly DeploymentReport[]> {
  return (await reportsOfAll(context, new Map([['', note]]), signal)).get('') ?? []
}

/** The reports of several starts, by their keys. Deployments of which all machines were looked at again are not asked for. */
export async function reportsOfAll(
  context: Context,
  notes: ReadonlyMap<string, StartNote>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly DeploymentReport[]>> {
  const found = new Map<string, readonly DeploymentReport[]>()
  for (const [key, note] of notes) {
    const heard = await hear(
      context,
      note.runs.filter(({ state }) => state === 'deploying'),
      signal,
    )
    found.set(
      key,
      note.assets.map((one) => reportOf(context, note, one, heard)),
    )
  }
  return found
}

function reportOf(
  context: Context,
  note: StartNote,
  one: AssetNote,
  heard: ReadonlyMap<string, Heard>,
): DeploymentReport {
  const { asset, refused, takenBack } = one
  const ended = (outcome: DeploymentOutcome): DeploymentReport => ({ asset, outcome, progress: null })
  if (refused !== null) return ended(outcomeOfRefused(refused))
  if (takenBack?.state === 'stopped') return ended(notBegun(takenBack.reason))
  const run = runOf(note, asset)
  if (run?.state === 'lost')
    return ended(
      maybeBegun(
        new MaybeStarted(
          `${context.api.server} was asked to deploy to it, gave no answer, and shows no such deployment. It was not asked again.`,
        ),
      ),
    )
  const said = run?.deployment == null ? undefined : heard.get(run.deployment)
  const verdict = verdictOn(one, said?.rows.get(one.name))
  const end = outcomeOf(context, note, one, verdict, said)
  if (end !== null)
    return { asset, outcome: end.outcome, progress: null, ...(end.at === undefined ? {} : { saidAt: end.at }) }
  const now = context.clock()
  const progress = progressOf(note, one, run, verdict, said)
  return { asset, outcome: null, progress, saidAt: saidAt(verdict), lookAgainAt: nextLook(context, now) }
}

function saidAt(verdict: Verdict): string | null {
  return verdict.kind === 'done' || verdict.kind === 'failed' ? verdict.at : null
}

interface End {
  readonly outcome: DeploymentOutcome
  /** When the machine said it; left out: it is a word of the console alone. */
  readonly at?: string
}

function outcomeOf(
  context: Context,
  note: StartNote,
  one: AssetNote,
  verdict: Verdict,
  said: Heard | undefined,
): End | null {
  switch (verdict.kind) {
    case 'failed': {
      const { reason, log, at } = verdict
      return { outcome: { state: 'failed', reason, log }, ...(at === null ? {} : { at }) }
    }
    case 'done':
      return doneOutcome(context, note, one, verdict)
    case 'nothing ran':
      if (one.takenBack !== null) return { outcome: notBegun(one.takenBack.reason) }
      return { outcome: neverRan(`Security Controls is finished with it (${verdict.word})`) }
    case 'open':
      return openOutcome(one, verdict.begun, said)
  }
}

function neverRan(what: string): DeploymentOutcome {
  return { state: 'failed', reason: `${what}, and nothing was installed: did the download fail?`, log: '' }
}

/** Nothing of it has run. The console may say that nothing more comes. */
function openOutcome(one: AssetNote, begun: boolean, said: Heard | undefined): End | null {
  if (begun || said === undefined || said.rows.has(one.name)) return null
  const isOver = said.deployment?.isComplete === true || (said.deployment === null && said.operation?.isOver === true)
  if (!isOver) return null
  if (one.takenBack !== null) return { outcome: notBegun(one.takenBack.reason) }
  const why = said.operation?.problem ?? null
  return { outcome: neverRan(`Security Controls calls the deployment finished${why === null ? '' : ` (${why})`}`) }
}

/** So many hours after it was asked for, a fresh scan is not waited for any more. */
const SEEN_WITHIN_HOURS = 8

function doneOutcome(
  { clock, hourSeconds }: Context,
  note: StartNote,
  one: AssetNote,
  { at, wantsRestart }: Extract<Verdict, { kind: 'done' }>,
): End | null {
  const { seen } = one
  const log = one.items.map(({ kb }) => `Security Controls: ${kb} was installed`).join('\n')
  const succeeded = (notes: readonly string[]): DeploymentOutcome => ({
    ...{ state: 'succeeded', changed: one.changes, rebooted: false, log },
    ...(notes.length === 0 ? {} : { notes }),
  })
  if (seen !== null && at !== null && !isBefore(seen.at, at)) {
    const missing = seen.missing.filter((kb) => !wantsRestart.includes(kb))
    if (missing.length > 0) {
      const reason = `Security Controls says that ${missing.join(', ')} was installed, and a fresh scan on ${minuteOf(seen.at)} UTC still finds it missing`
      return { outcome: { state: 'failed', reason, log }, at: seen.at }
    }
    const waits = seen.missing.length > 0 ? [`${seen.missing.join(', ')} waits for a restart`] : []
    return {
      outcome: succeeded([`a fresh scan with the same template looked at it on ${minuteOf(seen.at)} UTC`, ...waits]),
      at: seen.at,
    }
  }
  const looks = looksFor(note, one.asset)
  const asked = looks.at(-1)?.sentAt ?? null
  const gaveUp =
    (looks.length >= MOST_LOOKS && looks.every(({ isOver }) => isOver)) ||
    (asked !== null && !isBefore(clock().toISOString(), plusSeconds(asked, SEEN_WITHIN_HOURS * hourSeconds)))
  if (!gaveUp) return null
  return { outcome: succeeded(['no fresh scan could confirm it']), ...(at === null ? {} : { at }) }
}

/** Deployments take minutes to hours: all machines of a start are looked at together, six times an hour. */
function nextLook({ hourSeconds }: Context, now: Date): string {
  const span = (hourSeconds * 1_000) / 6
  return toIso(Math.max((Math.floor(now.getTime() / span) + 1) * span, now.getTime() + 1_000))
}

function progressOf(
  note: StartNote,
  one: AssetNote,
  run: Run | null,
  verdict: Verdict,
  said: Heard | undefined,
): string {
  if (one.takenBack?.state != null) return one.takenBack.state
  if (run === null || run.state === 'planned' || run.state === 'scanning') return 'is scanned before its deployment'
  if (run.state === 'ready') return `was scanned, is deployed to at ${minuteOf(one.notBefore)} UTC`
  if (run.state === 'sent' || said === undefined || said.deployment === null)
    return 'deployment asked for, not shown yet'
  if (verdict.kind === 'done')
    return looksFor(note, one.asset).length > 0
      ? 'installed, a fresh scan looks at it'
      : 'installed, looked at again soon'
  return verdict.kind === 'open' && verdict.begun ? 'installs' : 'its patches are being fetched and sent to it'
}
