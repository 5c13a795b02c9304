import { DAY_MS } from '../core/time/instant.ts'
import { writeCheckpoint } from '../store/events.ts'
import { purge } from '../store/purge.ts'
import { type Pipeline, proposeMissing, readFeed, readSource } from '../workflow/pipeline.ts'
import type { Service } from './open.ts'

export interface Job {
  readonly name: string
  /** How often it runs by itself; `null`: only when it is asked for. */
  readonly every: string | null
  /** How many run at the same time in this process. Default: as many as the queue takes. */
  readonly concurrency?: number
  readonly run: (signal: AbortSignal, data: unknown) => Promise<void>
}

interface Running {
  readonly pipeline: Pipeline
  /** Aborts when the process stops. */
  readonly stopping: AbortSignal
  /** Resolves when the closed proposals of an earlier version are carried over, so that their decisions are known. */
  readonly carried: Promise<void>
}

/** All jobs of the service. Each feed and each source has its own, so that a slow one delays no other. */
export function jobsOf(service: Service, { pipeline, stopping, carried }: Running): readonly Job[] {
  const { parts, workflow, database, queue, directory, measured, freezeCalendars } = service
  const { db } = database
  const { feeds, inventory, jitter } = service.config.schedule
  return [
    { name: 'wake', every: null, concurrency: 20, run: (signal, data) => workflow.advance(proposalIn(data), signal) },
    ...parts.feeds.map(
      ({ name }): Job => ({
        name: `sync feed ${name}`,
        every: jittered(feeds, jitter),
        concurrency: 1,
        run: (signal) => readFeed(pipeline, name, signal),
      }),
    ),
    ...parts.sources.map(
      ({ name }): Job => ({
        name: `sync source ${name}`,
        every: jittered(inventory, jitter),
        concurrency: 1,
        run: (signal) => readSource(pipeline, name, signal),
      }),
    ),
    {
      name: 'propose',
      // If nothing has changed and nothing is due, it reads only a few rows.
      every: '1 minute',
      concurrency: 1,
      run: async (signal) => {
        // An earlier decision may keep a patch from being proposed, so all decisions must be known first.
        await carried
        await proposeMissing(pipeline, signal, stopping)
      },
    },
    // It runs by the clock because it also records that looks have become too old.
    { name: 'record-findings', every: '1 hour', concurrency: 1, run: (signal) => workflow.recordFindings(signal) },
    { name: 'tidy', every: '10 minutes', concurrency: 1, run: (signal) => workflow.tidy(signal) },
    { name: 'read-groups', every: '5 minutes', run: (signal) => directory.refresh(signal) },
    { name: 'read-calendars', every: '1 hour', run: (signal) => freezeCalendars.refresh(signal) },
    { name: 'measure-windows', every: '1 hour', run: (signal) => measured.refresh(signal) },
    {
      name: 'checkpoint',
      every: '1 hour',
      run: async () => {
        await writeCheckpoint(db, new Date().toISOString())
      },
    },
    {
      name: 'purge',
      every: '1 hour',
      run: async () => {
        await queue.purgeFinished(new Date(Date.now() - DAY_MS).toISOString())
        await purge(db, new Date())
      },
    },
  ]
}

function proposalIn(data: unknown): string {
  return typeof data === 'object' && data !== null && 'proposal' in data ? String(data.proposal) : ''
}

/**
 * An interval that differs from `seconds` at random, by at most `percent`, so that many installations do not all ask at
 * once. At least 60 s.
 */
function jittered(seconds: number, percent: number): string {
  return `${Math.max(60, Math.round(seconds * (1 + ((Math.random() * 2 - 1) * percent) / 100)))} seconds`
}
