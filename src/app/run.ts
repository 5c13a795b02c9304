import { sentence } from '../chat/rich-text.ts'
import { errorText } from '../core/error-text.ts'
import { carryOver } from '../store/carry-over.ts'
import { writeCheckpoint } from '../store/events.ts'
import type { Queue } from '../store/queue.ts'
import { oncePerMinute } from '../store/repeated-error.ts'
import { type Pipeline, readAll } from '../workflow/pipeline.ts'
import { keepConnected } from './connect.ts'
import { tellCarried } from './database.ts'
import { type Job, jobsOf } from './jobs.ts'
import type { Service } from './open.ts'

const SWEEP_MS = 5_000

/** Starts everything that runs by itself: timers, syncs, rollouts, checkpoints. Returns the function that stops it. */
export async function runService(service: Service): Promise<() => Promise<void>> {
  const { queue, workflow, log, database } = service
  const stopping = new AbortController()
  const { signal } = stopping
  const carried = carryOver(database.db, 'over', new Date().toISOString(), signal).then(
    (done) => tellCarried(done, log),
    (error: unknown) =>
      log.warn(`Closed proposals of an earlier version could not be carried over: ${sentence(errorText(error))}`),
  )
  const pipeline: Pipeline = { workflow, log, askFor: (step) => queue.enqueueOnce(step) }
  await startJobs(queue, jobsOf(service, { pipeline, stopping: signal, carried }), signal)

  // The console shows stored data at once. The first look at all sources and feeds runs in the background.
  const first = firstLook(service, pipeline, signal).catch((error: unknown) => {
    if (!signal.aborted)
      log.warn(
        `The first look at sources and feeds failed: ${sentence(errorText(error))} It is tried again on schedule.`,
      )
  })
  const connecting = keepConnected(service, signal)
  const endSweeps = keepSweeping(service, signal)
  return async () => {
    stopping.abort(new Error('Patchwarden is stopping.'))
    await Promise.allSettled([first, carried, connecting, endSweeps()])
    await workflow.answersKept()
  }
}

async function startJobs(queue: Queue, jobs: readonly Job[], stopping: AbortSignal): Promise<void> {
  for (const { name, concurrency, run } of jobs)
    queue.define(
      name,
      (data, job) => run(AbortSignal.any([stopping, job.signal]), data),
      concurrency === undefined ? {} : { concurrency },
    )
  await queue.start()
  const repeated = jobs.flatMap(({ name, every }) => (every === null ? [] : [{ name, every }]))
  await queue.repeatOnly(repeated.map(({ name }) => name))
  for (const { name, every } of repeated) await queue.every(name, every, { skipImmediate: true })
}

/**
 * Repeats the work that is not a job of the queue. Returns a function that stops this and waits for work that has
 * begun.
 */
function keepSweeping(service: Service, signal: AbortSignal): () => Promise<void> {
  const { workflow, directory, absences, measured, freezeCalendars, log } = service
  const report = oncePerMinute((error) => log.warn(`A sweep failed: ${error.message} It is tried again.`))
  const going = new Set<Promise<void>>()
  const busy = new Set<() => Promise<void>>()

  function begin(work: () => Promise<void>): void {
    const run = work()
      .catch((error: unknown) => {
        if (!signal.aborted) report(new Error(sentence(errorText(error)), { cause: error }))
      })
      .finally(() => going.delete(run))
    going.add(run)
  }

  const short = [
    workflow.deliver,
    workflow.postDigests,
    directory.load,
    absences.load,
    measured.load,
    freezeCalendars.load,
  ]
  const timer = setInterval(() => {
    // A sweep lasts as long as the rollouts that it drives, so the next one does not wait for it.
    begin(() => workflow.sweep(signal))
    for (const work of short) {
      if (busy.has(work)) continue // a database that hangs is not asked again and again
      busy.add(work)
      begin(() => work().finally(() => busy.delete(work)))
    }
  }, SWEEP_MS)
  return async () => {
    clearInterval(timer)
    await Promise.all(going)
  }
}

async function firstLook(service: Service, pipeline: Pipeline, signal: AbortSignal): Promise<void> {
  const { workflow, directory, freezeCalendars } = service
  await Promise.all([directory.refresh(signal), freezeCalendars.refresh(signal)])
  // The sweep may drive a rollout all night, so the look does not wait for it.
  await Promise.all([workflow.sweep(signal), workflow.tidy(signal), lookAtAll(service, pipeline, signal)])
}

async function lookAtAll({ database, measured }: Service, pipeline: Pipeline, signal: AbortSignal): Promise<void> {
  await readAll(pipeline, signal)
  await measured.refresh(signal)
  await pipeline.askFor('propose')
  await pipeline.askFor('record-findings')
  await writeCheckpoint(database.db, new Date().toISOString())
}
