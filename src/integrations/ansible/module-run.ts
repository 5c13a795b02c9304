import type { PackageChange } from '../../core/change.ts'
import type { DeploymentOutcome, TransactionStep } from '../../core/ports.ts'
import type { PackageRequest } from '../package-engine.ts'
import type { EngineRun } from '../upgrade-journal/engine-calls.ts'
import type { PlaybookSettings } from './playbook.ts'
import type { RunRecord } from './run-record.ts'

export interface AnsibleModuleEngineOptions extends PlaybookSettings {
  readonly name: string
  /** A folder on this machine that records which runs were begun. */
  readonly stateFolder: string
  /** Seconds after which a playbook that has not ended counts as failed. The playbook is not stopped. */
  readonly transactionSeconds: number
  readonly clock: () => Date
}

/** The parts of the engine. */
export interface ModuleEngine {
  readonly options: AnsibleModuleEngineOptions
  /** Asks one question. Questions of the same moment share one run of the playbook. */
  readonly look: (question: Question) => Promise<Look>
}

/** One call of the engine for one batch. */
export type Run = EngineRun<ModuleEngine>

export function recordOf({ engine, key }: Pick<Run, 'engine' | 'key'>): RunRecord {
  return { folder: engine.options.stateFolder, key }
}

export interface Question {
  readonly key: string
  readonly mode: 'preview' | 'preflight'
  readonly request: PackageRequest
  readonly signal: AbortSignal
}

/** `steps` is `null` when the playbook does not say what it would do. */
export type Look = { readonly ready: true; readonly steps: readonly TransactionStep[] | null } | Refusal

export interface Refusal {
  readonly ready: false
  readonly outcome: Exclude<DeploymentOutcome, { state: 'succeeded' }>
}

/** The steps of a module that does not say what it would do. They are taken to be exactly the changes. */
export function stepsOf(changes: readonly PackageChange[]): readonly TransactionStep[] {
  return changes.map(({ name, architecture, from, to }) => ({
    action: from === null ? 'install' : 'upgrade',
    name,
    architecture,
    from,
    to,
  }))
}
