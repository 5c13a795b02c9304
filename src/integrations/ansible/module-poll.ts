import { isOver, notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { type Asked, outcomeOf } from './host-outcome.ts'
import { outcomesSchema, requestSchema } from './module-record.ts'
import { type ModuleEngine, recordOf } from './module-run.ts'
import { type PlaybookEnd, type PlaybookSettings, readEnd } from './playbook.ts'
import { hasRecord, processState, type RunRecord, readRecord, recordAgeSeconds, writeRecord } from './run-record.ts'

/**
 * A run whose process was not recorded within this time was interrupted before its start. Normally this takes
 * milliseconds.
 */
const STARTING_SECONDS = 60

export interface StartedAsset {
  readonly id: string
  readonly name: string
}

/** Returns what is known now about each host of a run. */
export async function poll(
  engine: ModuleEngine,
  key: string,
  assets: readonly StartedAsset[],
): Promise<readonly DeploymentReport[]> {
  if (assets.length === 0) return []
  const record = recordOf({ engine, key })
  if (!(await hasRecord(record))) {
    throw new Error(`There is no record of the run ${key} in ${record.folder}: it was started from another machine.`)
  }
  const kept = await readRecord(record, 'outcomes')
  if (kept !== null) return reports(assets, outcomesSchema.parse(JSON.parse(kept)))
  const outcomes = await settle(engine, record, assets)
  if (typeof outcomes === 'string') return assets.map(({ id }) => ({ asset: id, outcome: null, progress: outcomes }))
  await writeRecord(record, 'outcomes', JSON.stringify(outcomes))
  await writeRecord(record, 'variables.json', '')
  return reports(assets, outcomes)
}

/** Returns the outcome of each asset when the run has ended; before that, what the run is doing. */
async function settle(
  { options }: ModuleEngine,
  record: RunRecord,
  assets: readonly StartedAsset[],
): Promise<Record<string, DeploymentOutcome> | string> {
  const { transactionSeconds, playbook, clock } = options
  const state = await processState(record)
  const kept = await readRecord(record, 'request')
  const age = await recordAgeSeconds(record)
  if (state === 'never' && age < STARTING_SECONDS) return 'starting'
  if (kept === null || (state === 'never' && (await readRecord(record, 'report')) === null)) {
    const reason = 'Patchwarden was stopped before the playbook began; nothing was changed.'
    return Object.fromEntries(assets.map(({ id }) => [id, notBegun(reason)]))
  }
  const request = requestSchema.parse(JSON.parse(kept))
  if (state === 'alive' && age <= transactionSeconds) return 'the playbook is running'
  const ended = state === 'alive' ? null : await endOf(record, options)
  const outcomes: Record<string, DeploymentOutcome> = {}
  for (const { asset, name, approved, refused, notAfter } of request) {
    const asked = { name, approved, over: isOver(notAfter, clock()) }
    const atEnd = ended === null ? withoutEnd(playbook, name, age) : outcomeAtEnd(ended, asked)
    outcomes[asset] = refused ?? atEnd
  }
  return outcomes
}

async function endOf(record: RunRecord, options: PlaybookSettings): Promise<PlaybookEnd> {
  const stdout = (await readRecord(record, 'report')) ?? ''
  const stderr = (await readRecord(record, 'errors')) ?? ''
  return readEnd({ stdout, stderr }, options)
}

/** The outcome when the playbook runs longer than allowed. */
function withoutEnd(playbook: string, name: string, age: number): DeploymentOutcome {
  const reason = `The playbook ${playbook} has not ended after ${Math.round(age / 60)} min; it was not stopped. Look at ${name}.`
  return { state: 'failed', reason, log: '' }
}

function outcomeAtEnd(ended: PlaybookEnd, asked: Asked): DeploymentOutcome {
  const { name } = asked
  if (ended.kind === 'ran') return outcomeOf(ended.report.get(name), asked)
  const reason = `What the playbook did on ${name} is not known, as it ended without a report: ${ended.reason}`
  return { state: 'unreachable', reason, touched: true, log: '' }
}

function reports(
  assets: readonly StartedAsset[],
  outcomes: Readonly<Record<string, DeploymentOutcome>>,
): readonly DeploymentReport[] {
  return assets.map(({ id, name }) => {
    const unknown: DeploymentOutcome = { state: 'held back', reason: `${name} was not part of this run.`, log: '' }
    return { asset: id, outcome: outcomes[id] ?? unknown, progress: null }
  })
}
