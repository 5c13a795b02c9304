import type { PackageChange } from '../../core/change.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, TransactionStep } from '../../core/ports.ts'
import { connectionProblem } from '../ssh/connection-problem.ts'
import { apt } from '../upgrade-journal/apt.ts'
import type { HostReport, TaskResult } from './report.ts'

/** The transaction that a module announced in the format of `apt-get -s`; `null` when no module did. */
export function plannedSteps({ tasks }: HostReport): readonly TransactionStep[] | null {
  const said = tasks.filter(({ stdout }) => /^(Inst|Remv|Purg) /m.test(stdout))
  if (said.length === 0) return null
  return said.flatMap(({ stdout }) => apt.parseSimulation(stdout).steps)
}

/** What went wrong on the host, in one sentence; `null`: nothing. A failure that the play rescued does not count. */
export function hostProblem(
  name: string,
  { tasks, recap }: HostReport,
): { readonly kind: 'unreachable' | 'failed'; readonly reason: string; readonly log: string } | null {
  const last = (outcome: TaskResult['outcome']) => tasks.filter((task) => task.outcome === outcome).at(-1)
  const lost = last('unreachable')
  if (recap.unreachable > 0) {
    return { kind: 'unreachable', reason: connectionProblem(name, lost?.message ?? '').reason, log: '' }
  }
  if (recap.failures === 0) return null
  const wrong = last('failed')
  const said = [wrong?.stdout, wrong?.stderr, wrong?.message].filter(Boolean).join('\n')
  const why = /^[EW]: /m.test(said) ? apt.failureReason(said) : (wrong?.message.split('\n')[0]?.slice(0, 300) ?? '')
  const reason = `The task "${wrong?.task ?? ''}" failed on ${name}: ${why.replace(/\.$/, '') || 'it does not say why'}.`
  return { kind: 'failed', reason, log: apt.tellingLines(said) || said.split('\n').slice(-20).join('\n') }
}

export interface Asked {
  readonly name: string
  /** The steps that the host did if the play succeeded and changed something. */
  readonly approved: readonly TransactionStep[]
  /** The time in which the work may begin has passed. */
  readonly over: boolean
}

/** The result of an ended play for one host. */
export function outcomeOf(report: HostReport | undefined, { name, approved, over }: Asked): DeploymentOutcome {
  if (report === undefined) {
    return { state: 'held back', reason: `The playbook did not work on ${name}; nothing was changed.`, log: '' }
  }
  const { tasks } = report
  const touched = tasks.some(({ changed }) => changed)
  const problem = hostProblem(name, report)
  if (problem?.kind === 'failed') return { state: 'failed', reason: problem.reason, log: problem.log }
  if (problem?.kind === 'unreachable') {
    // The host may have changed something in the task during which the connection was lost.
    const first = tasks.find(({ outcome }) => outcome !== 'skipped')
    const never = first?.outcome === 'unreachable' && connectionProblem(name, first.message).begun === 'no'
    return { state: 'unreachable', reason: problem.reason, touched: touched || !never, log: '' }
  }
  if (over && tasks.every(({ outcome }) => outcome === 'skipped')) {
    return notBegun('Its time was over before the playbook came to it.')
  }
  const log = tasks
    .filter(({ changed }) => changed)
    .map(({ task }) => `changed by "${task}"`)
    .join('\n')
  return {
    state: 'succeeded',
    changed: touched ? changesOf(approved) : [],
    rebooted: tasks.some(({ rebooted }) => rebooted),
    log,
  }
}

function changesOf(steps: readonly TransactionStep[]): readonly PackageChange[] {
  return steps.flatMap(({ name, architecture, from, to }) => (to === null ? [] : [{ name, architecture, from, to }]))
}
