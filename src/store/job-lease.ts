import type { Job } from 'agenda'
import type pg from 'pg'

/**
 * The right of this process to run a job. It has the right while `locked_at` in the job's row is the instant that it
 * wrote last.
 */
export interface JobLease {
  /**
   * Aborts when another process took the job over, or may have done so because the database was out of reach for too
   * long.
   */
  readonly lost: AbortSignal
  /**
   * Counts a run. Returns how many runs began and never ended, including this one; `null`: another process has the job
   * now.
   */
  readonly begin: () => Promise<number | null>
  readonly extend: () => Promise<void>
  /** Waits for statements that are under way, and marks the run as ended. Writes nothing if the job is lost. */
  readonly settle: () => Promise<void>
}

export function openLease(job: Job<unknown>, pool: pg.Pool, lifetimeMs: number): JobLease {
  const id = job.attrs._id ?? null
  const lost = new AbortController()
  let heldSince = job.attrs.lockedAt ?? new Date(0)
  let pending: Promise<unknown> = Promise.resolve()

  function lose(): void {
    lost.abort(new Error(`Another process took over the job ${job.attrs.name}.`))
    // Agenda saves a finished job even if another process holds it now. Without the id it cannot.
    delete job.attrs._id
  }

  /** Sets the lock to now if it is still ours. The comparison stops a process that woke up late. */
  async function hold(set: string): Promise<number | null> {
    const now = new Date(Math.max(Date.now(), heldSince.getTime() + 1))
    const { rows } = await pool.query<{ starts: number }>(
      `update agenda.agenda_jobs set locked_at = $1, ${set} where id = $2 and locked_at = $3 returning starts`,
      [now, id, heldSince],
    )
    const [row] = rows
    if (row === undefined) {
      lose()
      return null
    }
    heldSince = now
    job.attrs.lockedAt = now
    return row.starts
  }

  async function extend(): Promise<void> {
    if (lost.signal.aborted) return
    try {
      await hold('starts = starts')
    } catch (error) {
      if (Date.now() - heldSince.getTime() >= lifetimeMs) lose()
      throw error
    }
  }

  /**
   * Runs one statement after the other. Otherwise one could overtake another, which would then not find its `locked_at`
   * and end the lease.
   */
  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = pending.then(step)
    pending = result.catch(() => {})
    return result
  }

  return {
    lost: lost.signal,
    begin: () => inTurn(() => hold('starts = starts + 1')),
    extend: () => inTurn(extend),
    settle: () =>
      inTurn(async () => {
        if (!lost.signal.aborted) await hold('starts = 0')
      }),
  }
}
