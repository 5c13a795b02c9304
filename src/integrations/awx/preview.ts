import { createGathering } from '../gather.ts'
import {
  type Ended,
  findPlace,
  type Jobs,
  launchJob,
  type Place,
  portions,
  readJob,
  strangersAmong,
  waitForJob,
} from './jobs.ts'
import { answersOf, type HostRequest, type Trouble, troublesOf } from './playbook.ts'

/** The result of a preview for one host. */
export type Looked =
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  | { readonly kind: 'refused'; readonly reason: string }

interface Question {
  /** The key of the batch. The job also checks whether it was begun before. */
  readonly key: string
  readonly host: string
  readonly request: HostRequest
  readonly signal: AbortSignal
}

export interface Asking {
  readonly jobs: Jobs
  readonly lookSeconds: number
  /** Seconds that a preview may take, including the queue of AWX. */
  readonly withinSeconds: number
}

/** Asks a host what it would do. */
export type AskHost = (question: Question) => Promise<Looked>

/**
 * Questions of the same moment share one job. Such questions have the same batch and the same signal, and each host
 * occurs once.
 */
export function createPreviews(asking: Asking): AskHost {
  return createGathering<Question, Looked>({
    together: (a, b) => a.key === b.key && a.signal === b.signal && a.host !== b.host,
    ask: (questions) => askTogether(asking, questions),
  })
}

async function askTogether(
  asking: Asking,
  questions: readonly Question[],
): Promise<readonly (Looked | Promise<Looked>)[]> {
  const { jobs } = asking
  const [first] = questions
  if (first === undefined) return []
  const { key, signal } = first
  const place = await findPlace(jobs, signal)
  const names = questions.map(({ host }) => host)
  const strangers = await strangersAmong(jobs, place, names, signal)
  const looked = new Map<string, Looked | Promise<Looked>>()
  for (const [name, reason] of strangers) looked.set(name, { kind: 'refused', reason })
  for (const some of portions(names.filter((name) => !strangers.has(name)))) {
    const asked = questions.filter(({ host }) => some.includes(host))
    const hosts = new Map(asked.map(({ host, request }) => [host, request]))
    const said = askInOneJob(asking, place, { key, hosts }, signal)
    for (const name of some)
      looked.set(
        name,
        said.then((of) => of(name)),
      )
  }
  return names.flatMap((name) => looked.get(name) ?? [])
}

/** Runs one preview job. Returns a function that gives the result for each of its hosts. */
async function askInOneJob(
  { jobs, ...times }: Asking,
  place: Place,
  { key, hosts }: { readonly key: string; readonly hosts: ReadonlyMap<string, HostRequest> },
  signal: AbortSignal,
): Promise<(name: string) => Looked> {
  const id = await launchJob(jobs, place, { mode: 'preview', key, hosts }, signal)
  const ended = await readJob(jobs, await waitForJob(jobs, id, times, signal), signal)
  const answers = answersOf(ended.events)
  const troubles = troublesOf(ended.events)
  return (name) => {
    const trouble = troubles.get(name)
    if (answers.has(name)) return { kind: 'answer', answer: answers.get(name) }
    return trouble === undefined ? withoutWord(name, ended) : { kind: 'trouble', trouble }
  }
}

/** The result for a host that the job does not mention. */
function withoutWord(name: string, { job, summaries }: Ended): Looked {
  if (summaries.some((one) => one.host_name === name && one.dark > 0)) {
    const trouble = { reason: 'AWX cannot reach it', log: '', beforeAll: true, unreachable: true }
    return { kind: 'trouble', trouble }
  }
  const why = job.job_explanation ? `: ${job.job_explanation.slice(0, 300)}` : ''
  return { kind: 'refused', reason: `Job ${job.id} of AWX ended as ${job.status} and says nothing about ${name}${why}` }
}
