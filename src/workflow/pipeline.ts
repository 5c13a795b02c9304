/** From sources and feeds to proposals. Each step asks for the next one as a job. */

import type { WorkflowLog } from './log.ts'
import type { ProposeReport } from './proposing/proposing.ts'
import type { SyncReport } from './sync.ts'
import type { Workflow } from './workflow.ts'

export interface Pipeline {
  readonly workflow: Workflow
  readonly log: WorkflowLog
  /** Asks for a step that covers everything. It runs once, after all requests for it. */
  readonly askFor: (step: 'propose' | 'record-findings') => Promise<void>
}

export async function readFeed({ workflow, log, askFor }: Pipeline, name: string, signal: AbortSignal): Promise<void> {
  const done = await workflow.syncFeed(name, signal)
  tellRead(log, [done])
  if (done.news) await askFor('propose')
}

export async function readSource(
  { workflow, log, askFor }: Pipeline,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  tellRead(log, [await workflow.syncSource(name, signal)])
  await workflow.tellDrift()
  // Asked for even if no asset was seen, because time alone can change proposals.
  await askFor('propose')
}

/** Reads every feed and source, one after the other. */
export async function readAll({ workflow, log }: Pipeline, signal: AbortSignal): Promise<void> {
  tellRead(log, await workflow.syncFeeds(signal))
  tellRead(log, await workflow.syncInventory(signal))
}

/** `stopping`: the signal of the process, for work that goes on after the job. */
export async function proposeMissing(
  { workflow, log, askFor }: Pipeline,
  signal: AbortSignal,
  stopping: AbortSignal,
): Promise<void> {
  const done = await workflow.proposeBeside(signal, stopping, () => askFor('propose'))
  tellProposed(log, done)
  if (done.teams > 0) await askFor('record-findings')
}

function tellRead(log: WorkflowLog, reports: readonly SyncReport[]): void {
  for (const { name, ok, what } of reports) {
    if (ok) log.info(`${name}: ${what}`)
    else log.warn(`${name}: ${what}`)
  }
}

function tellProposed(log: WorkflowLog, { opened, revised }: ProposeReport): void {
  if (opened.length + revised.length > 0)
    log.info(`Opened ${opened.join(', ') || 'nothing'}; revised ${revised.join(', ') || 'nothing'}.`)
}
