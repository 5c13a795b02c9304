/** What a deployment says of one machine. The deployment as a whole may never be called complete, so each machine counts. */

import { latest } from '../../core/time/instant.ts'
import { WANTS_RESTART } from './machine.ts'
import type { AssetNote } from './note.ts'
import type { DeploymentMachine, PatchState } from './schema.ts'

export type Verdict =
  /** It says nothing yet. `begun`: something has run. */
  | { readonly kind: 'open'; readonly begun: boolean }
  | { readonly kind: 'failed'; readonly reason: string; readonly log: string; readonly at: string | null }
  /** All of it has run and ended well. `wantsRestart`: names of changes that ask for a restart. */
  | { readonly kind: 'done'; readonly at: string | null; readonly wantsRestart: readonly string[] }
  /** The console calls the machine finished, and nothing has run there. */
  | { readonly kind: 'nothing ran'; readonly word: string }

export function verdictOn({ items }: Pick<AssetNote, 'items'>, row: DeploymentMachine | undefined): Verdict {
  if (row === undefined) return { kind: 'open', begun: false }
  const states = row.patches ?? []
  const wanted = items.flatMap(({ kb, patches }) => patches.map((patch) => ({ kb, patch })))
  const stateOf = ({ kb, patch }: { readonly kb: string; readonly patch: string }) =>
    states.find(({ patchId }) => patchId === patch) ?? states.find((one) => `KB${one.kb}` === kb)
  const found = wanted.map((one) => ({ kb: one.kb, state: stateOf(one) }))
  const failed = found.filter(({ state }) => state !== undefined && hasFailed(state))
  const begun = found.some(({ state }) => state?.hasRun === true)
  const at = latest(found.map(({ state }) => state?.finishedAt ?? null))
  if (failed.length > 0 && (row.isOver || failed.length === found.filter(({ state }) => state?.hasRun === true).length))
    return failedOn(failed, at)
  if (found.every(({ state }) => state !== undefined && isDone(state))) {
    const wantsRestart = found.filter(({ state }) => state?.code === WANTS_RESTART).map(({ kb }) => kb)
    return { kind: 'done', at, wantsRestart: [...new Set(wantsRestart)] }
  }
  if (!row.isOver) return { kind: 'open', begun }
  if (failed.length > 0) return failedOn(failed, at)
  if (!begun) return { kind: 'nothing ran', word: wordOf(row) }
  const left = [...new Set(found.flatMap(({ kb, state }) => (state !== undefined && isDone(state) ? [] : [kb])))]
  const reason = `Security Controls is finished with it (${wordOf(row)}), and ${left.join(', ')} was never run`
  return { kind: 'failed', reason, log: '', at }
}

/** Names and words of the console, as it gives them. */
function wordOf({ overallState, statusDescription }: DeploymentMachine): string {
  return [overallState, statusDescription].filter((part) => part !== null).join(', ') || 'without a word'
}

function hasFailed({ hasRun, code, overallState, status, statusDescription }: PatchState): boolean {
  if ([overallState, status, statusDescription].some((word) => /fail|error/i.test(word ?? ''))) return true
  return hasRun && code !== null && code !== 0 && code !== WANTS_RESTART
}

function isDone({ hasRun, code, status, finishedAt }: PatchState): boolean {
  if (!hasRun) return false
  if (/^VerifiedFixed$/i.test(status ?? '')) return true
  return finishedAt !== null && (code === 0 || code === WANTS_RESTART)
}

function failedOn(
  failed: readonly { readonly kb: string; readonly state: PatchState | undefined }[],
  at: string | null,
): Verdict {
  const lines = failed.map(({ kb, state }) => `${kb}: ${whyOf(state)}`)
  const names = [...new Set(failed.map(({ kb }) => kb))].join(', ')
  return {
    kind: 'failed',
    reason: `${names} could not be installed: ${whyOf(failed[0]?.state)}`,
    log: lines.join('\n'),
    at,
  }
}

function whyOf(state: PatchState | undefined): string {
  const code = state?.code == null || state.code === 0 ? null : `error ${state.code}`
  return (
    [code, state?.statusDescription ?? state?.status ?? null].filter((part) => part !== null).join(', ') ||
    'Security Controls gives no reason'
  )
}
