import { heldBack } from '../../core/held-back.ts'
import { notBegun, STOPPED } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { apt } from '../upgrade-journal/apt.ts'
import { parseProgress } from '../upgrade-journal/follow.ts'
import type { Standing } from '../upgrade-journal/patience.ts'
import { followScript } from '../upgrade-journal/script.ts'
import { commandText } from './answer.ts'
import { cancelCommand, SsmProblem } from './client.ts'
import { followComment } from './comment.ts'
import { type Heard, hear, send } from './courier.ts'
import type { StartedAsset } from './handle.ts'
import { ATTEND_SECONDS, lost, MARK, type Run, upgradeId } from './run.ts'
import { startedElsewhere } from './start.ts'

/** Returns what is known now about each asset. Sends a new command to instances that must be asked again. */
export async function poll(run: Run, assets: readonly StartedAsset[]): Promise<readonly DeploymentReport[]> {
  const heard = await hearAll(
    run,
    assets.filter((one) => one.outcome === null),
  )
  const reports: DeploymentReport[] = []
  const follow: StartedAsset[] = []
  for (const started of assets) {
    if (started.outcome !== null) {
      reports.push({ asset: started.asset, outcome: started.outcome, progress: null })
      continue
    }
    const told = report(run, started, heard.get(started.instance))
    const other = told.neverBegan ? await startedElsewhere(run, started) : null
    if (other === null) reports.push(told.report)
    else {
      run.engine.following.set(upgradeId(run, started.instance), other)
      reports.push({ asset: started.asset, outcome: null, progress: 'started by another command' })
    }
    if (told.follow) follow.push(started)
  }
  await sendFollow(run, follow, null)
  return reports
}

/** Ends upgrades that have not begun. */
export async function cancel(run: Run, assets: readonly StartedAsset[]): Promise<void> {
  const open = assets.filter((one) => one.outcome === null)
  const waiting = new Map<string, string[]>()
  const heard = await hearAll(run, open)
  const unfinished = open.filter((started) => {
    const word = heard.get(started.instance)
    // A command that no agent has taken yet is cancelled. A running one is left to the journal on its host.
    if (word?.kind === 'going' && started.command !== null && /^(Pending|Delayed)$/.test(word.status))
      waiting.set(started.command, [...(waiting.get(started.command) ?? []), started.instance])
    return report(run, started, word).report.outcome === null
  })
  for (const [command, instances] of waiting) await cancelCommand(run.engine.ssm, command, instances, run.signal)
  await sendFollow(run, unfinished, 'cancelled')
}

/**
 * Sends one command that follows the upgrades of a run, and remembers its id. With `stop`, the command also ends
 * upgrades that have not begun.
 */
async function sendFollow(run: Run, assets: readonly StartedAsset[], stop: 'cancelled' | null): Promise<void> {
  if (assets.length === 0) return
  const { engine, key, signal } = run
  const look = followScript({ manager: apt, key, stop, attach: false, look: false })
  const text = commandText({ look, attendSeconds: stop === null ? ATTEND_SECONDS : 0 })
  const instances = assets.map((one) => one.instance)
  const sent = await send(engine.courier, instances, { text, comment: followComment(key) }, signal)
  for (const [instance, came] of sent) {
    if ('command' in came) engine.following.set(upgradeId(run, instance), came.command)
  }
}

/** Returns what the last command of each instance reports, by instance. */
async function hearAll(run: Run, assets: readonly StartedAsset[]): Promise<ReadonlyMap<string, Heard>> {
  const { engine, signal } = run
  const byCommand = new Map<string, string[]>()
  for (const { instance, command } of assets) {
    const latest = engine.following.get(upgradeId(run, instance)) ?? command
    if (latest !== null) byCommand.set(latest, [...(byCommand.get(latest) ?? []), instance])
  }
  const heard = new Map<string, Heard>()
  await Promise.all(
    [...byCommand].map(async ([command, instances]) => {
      try {
        const words = await hear(engine.courier, command, instances, signal)
        for (const [instance, word] of words) heard.set(instance, word)
      } catch (error) {
        if (!(error instanceof SsmProblem)) throw error
        for (const instance of instances) heard.set(instance, { kind: 'going', status: error.message })
      }
    }),
  )
  return heard
}

interface Told {
  readonly report: DeploymentReport
  /** Another command must be sent to look. */
  readonly follow: boolean
  /** The command that should have started the upgrade never ran on the instance. */
  readonly neverBegan?: boolean
}

/** Reports on one asset from the result of its last command. */
function report(run: Run, { asset, name, instance }: StartedAsset, heard: Heard | undefined): Told {
  const { patience, following } = run.engine
  const subject = { run: upgradeId(run, instance), name }
  function told(standing: Standing, follow: boolean): Told {
    const over = standing.outcome !== null
    if (over) following.delete(subject.run)
    return { report: { asset, ...standing }, follow: follow && !over }
  }
  const silent = (why: string) => patience.silent(subject, `${why}.`, why)
  if (heard === undefined) return told(silent('Nothing is known of the command that started it'), true)
  if (heard.kind === 'going') return told(silent(`Systems Manager: ${heard.status}`), false)
  if (heard.kind === 'nothing') {
    const first = !following.has(subject.run)
    if (!first || heard.reached) return told(silent(heard.reason), true)
    return { ...told(patience.ended(subject.run, neverBegan(name, heard)), false), neverBegan: true }
  }
  const text = heard.text.slice(Math.max(0, heard.text.lastIndexOf('@@ patchwarden-follow')))
  return told(patience.heard(subject, parseProgress(apt, text, name, MARK)), true)
}

function neverBegan(name: string, { reason, details }: Extract<Heard, { kind: 'nothing' }>): DeploymentOutcome {
  if (details === 'Cancelled') return notBegun(STOPPED)
  if (details === 'InvalidPlatform' || details === 'AccessDenied') return heldBack(`${name}: ${reason}.`)
  return lost(name, reason)
}
