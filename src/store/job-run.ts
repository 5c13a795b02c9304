import type { Job } from 'agenda'
import type pg from 'pg'
import { openLease } from './job-lease.ts'

/** What a handler is told about its run. */
export interface JobRun {
  /**
   * Keeps other processes from taking the job. It is also called automatically, after each third of the lock's
   * lifetime.
   */
  readonly touch: () => Promise<void>
  /** Aborts when the process stops, or another took the job over. Then end soon and write nothing more. */
  readonly signal: AbortSignal
}

/**
 * Runs at least once for each job, so it must be idempotent. If it throws, the error is reported, and the job is tried
 * again later.
 */
export type JobHandler = (data: unknown, run: JobRun) => Promise<void>

export interface JobRunContext {
  readonly pool: pg.Pool
  readonly lockLifetimeMs: number
  readonly stopping: AbortSignal
  readonly report: (error: unknown) => void
}

/** Thrown for a job that is not tried again. */
export class JobGivenUp extends Error {}

/** If this many runs ended together with their process, the job is suspected of ending it. */
const maxStarts = 3

/** Runs a handler under a lease that it extends, and counts the runs that never ended. */
export async function runJob(job: Job<unknown>, handler: JobHandler, context: JobRunContext): Promise<void> {
  const lease = openLease(job, context.pool, context.lockLifetimeMs)
  const starts = await lease.begin()
  if (starts === null) return
  if (starts > maxStarts) {
    await lease.settle()
    return giveUp(job, context)
  }
  const extend = (): void => {
    lease.extend().catch(context.report)
  }
  const timer = setInterval(extend, context.lockLifetimeMs / 3)
  try {
    await handler(job.attrs.data, {
      touch: lease.extend,
      signal: AbortSignal.any([context.stopping, lease.lost]),
    })
  } finally {
    clearInterval(timer)
    await lease.settle().catch(context.report)
  }
}

function giveUp(job: Job<unknown>, context: JobRunContext): void {
  const what = `The job ${job.attrs.name} (${JSON.stringify(job.attrs.data ?? {})}) began ${maxStarts} times and each time its process ended before it did`
  if (!job.attrs.repeatInterval) throw new JobGivenUp(`${what}. It is given up.`)
  context.report(new Error(`${what}. It is left out once and runs again at its next time.`))
}
