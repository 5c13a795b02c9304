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

/** What a preview said of one host. */
export type Looked =
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  | { readonly kind: 'refused'; readonly reason: string }

interface Question {
  /** The key of the batch. */
  readonly key: string
  readonly host: string
  readonly request: HostRequest
  readonly signal: AbortSignal
  readonly resolve: (looked: Looked) => void
  readonly reject: (error: unknown) => void
}

/** Asks hosts what they would do; questions of the same moment go in one job. */
export interface Previews {
  readonly jobs: Jobs
  readonly lookSeconds: number
  /** Seconds that a preview may take, in the queue of AWX too. */
  readonly withinSeconds: number
  /** Questions of this moment; `null`: none is waiting. */
  gathering: Question[] | null
}

const GATHER_MS = 30

/** What a host would do. `key`: the key of the batch, whose job looks whether it was begun before. */
export function askHost(
  previews: Previews,
  key: string,
  { host, request }: Pick<Question, 'host' | 'request'>,
  signal: AbortSignal,
): Promise<Looked> {
  return new Promise((resolve, reject) => {
    const question = { key, host, request, signal, resolve, reject }
    if (previews.gathering !== null) {
      previews.gathering.push(question)
      return
    }
    previews.gathering = [question]
    setTimeout(() => askGathered(previews), GATHER_MS)
  })
}

function askGathered(previews: Previews): void {
  const gathered = previews.gathering ?? []
  previews.gathering = null
  for (const some of together(gathered)) {
    const [first] = some
    if (first === undefined) continue
    askTogether(previews, first, some).catch((error: unknown) => {
      for (const one of some) one.reject(error)
    })
  }
}

async function askTogether(
  previews: Previews,
  { key, signal }: Pick<Question, 'key' | 'signal'>,
  questions: readonly Question[],
): Promise<void> {
  const { jobs } = previews
  const place = await findPlace(jobs, signal)
  const names = questions.map((one) => one.host)
  const strangers = await strangersAmong(jobs, place, names, signal)
  const open = questions.filter((one) => {
    const reason = strangers.get(one.host)
    if (reason !== undefined) one.resolve({ kind: 'refused', reason })
    return reason === undefined
  })
  const byName = new Map(open.map((one) => [one.host, one]))
  const jobsOf = portions([...byName.keys()]).map((some) => {
    const asked = new Map(some.flatMap((name) => [[name, byName.get(name)] as const]).filter(isAsked))
    return askInOneJob(previews, place, { key, asked }, signal)
  })
  await Promise.all(jobsOf)
}

async function askInOneJob(
  { jobs, ...times }: Previews,
  place: Place,
  { key, asked }: { readonly key: string; readonly asked: ReadonlyMap<string, Question> },
  signal: AbortSignal,
): Promise<void> {
  const hosts = new Map([...asked].map(([name, { request }]) => [name, request]))
  const id = await launchJob(jobs, place, { mode: 'preview', key, hosts }, signal)
  const ended = await readJob(jobs, await waitForJob(jobs, id, times, signal), signal)
  const answers = answersOf(ended.events)
  const troubles = troublesOf(ended.events)
  for (const [name, { resolve }] of asked) {
    const trouble = troubles.get(name)
    if (answers.has(name)) resolve({ kind: 'answer', answer: answers.get(name) })
    else if (trouble !== undefined) resolve({ kind: 'trouble', trouble })
    else resolve(withoutWord(name, ended))
  }
}

/** The result for a host about which the job says nothing. */
function withoutWord(name: string, { job, summaries }: Ended): Looked {
  if (summaries.some((one) => one.host_name === name && one.dark > 0)) {
    const trouble = { reason: 'AWX cannot reach it', log: '', beforeAll: true, unreachable: true }
    return { kind: 'trouble', trouble }
  }
  const why = job.job_explanation ? `: ${job.job_explanation.slice(0, 300)}` : ''
  return { kind: 'refused', reason: `Job ${job.id} of AWX ended as ${job.status} and says nothing about ${name}${why}` }
}

function isAsked(entry: readonly [string, Question | undefined]): entry is readonly [string, Question] {
  return entry[1] !== undefined
}

/** Questions that can share a job: each host once, of one batch, and all ended by the same signal. */
function together(questions: readonly Question[]): readonly (readonly Question[])[] {
  const sets: Map<string, Question>[] = []
  for (const question of questions) {
    const free = sets.find((set) => {
      const [[, first] = ['', question]] = set
      return first.key === question.key && first.signal === question.signal && !set.has(question.host)
    })
    if (free === undefined) sets.push(new Map([[question.host, question]]))
    else free.set(question.host, question)
  }
  return sets.map((set) => [...set.values()])
}
