import type { PackageChange } from '../../core/change.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, TransactionStep } from '../../core/ports.ts'
import { connectionProblem } from '../ssh/connection-problem.ts'
import { apt } from '../upgrade-journal/apt.ts'
import type { HostReport, TaskResult } from './report.ts'

/** The transaction that a module said it would run, where it says so like `apt-get -s`; otherwise `null`. */
export function plannedSteps({ tasks }: HostReport): readonly TransactionStep[] | null {
  const said = tasks.filter(({ stdout }) => /^(Inst|Remv|Purg) /m.test(stdout))
  if (said.length === 0) return null
  return said.flatMap(({ stdout }) => apt.parseSimulation(stdout).steps)
}

/** What went wrong on the host, in one sentence; `null` where nothing did. A failure that the play rescued is none. */
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
  /** What it did where it succeeded and changed something. */
  readonly approved: readonly TransactionStep[]
  /** The time is over in which it might begin. */
  readonly over: boolean
}

/** What a play that has ended did to one host. */
export function outcomeOf(report: HostReport | undefined, { name, approved, over }: Asked): DeploymentOutcome {
  if (report === undefined) {
    return { state: 'held back', reason: `The playbook did not work on ${name}; nothing was changed.`, log: '' }
  }
  const { tasks } = report
  const touched = tasks.some(({ changed }) => changed)
  const problem = hostProblem(name, report)
  if (problem?.kind === 'failed') return { state: 'failed', reason: problem.reason, log: problem.log }
  if (problem?.kind === 'unreachable') {
    // The task in which it fell silent may have made changes that it could not report any more.
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
