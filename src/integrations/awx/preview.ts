import type { Place } from './jobs.ts'
import { type createJobs, portions } from './jobs.ts'
import { answersOf, type HostRequest, type Trouble, troublesOf } from './playbook.ts'

/** What a preview said of one host. */
export type Looked =
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  | { readonly kind: 'refused'; readonly reason: string }

export interface PreviewOptions {
  readonly jobs: ReturnType<typeof createJobs>
  readonly lookSeconds: number
  /** Seconds that a preview may take, in the queue of AWX too. */
  readonly withinSeconds: number
}

interface Question {
  readonly host: string
  readonly request: HostRequest
  readonly signal: AbortSignal
  readonly resolve: (looked: Looked) => void
  readonly reject: (error: unknown) => void
}

const GATHER_MS = 30

/** Asks hosts what they would do; questions of the same moment go in one job. */
export function createPreviews({ jobs, lookSeconds, withinSeconds }: PreviewOptions) {
  let gathering: Question[] | null = null

  async function carry(key: string, questions: readonly Question[], signal: AbortSignal): Promise<void> {
    const place = await jobs.prepare(signal)
    const strangers = await jobs.strangers(
      place,
      questions.map((one) => one.host),
      signal,
    )
    const open = questions.filter((one) => {
      const reason = strangers.get(one.host)
      if (reason !== undefined) one.resolve({ kind: 'refused', reason })
      return reason === undefined
    })
    const byName = new Map(open.map((one) => [one.host, one]))
    await Promise.all(portions([...byName.keys()]).map((names) => one(place, key, names, byName, signal)))
  }

  async function one(
    place: Place,
    key: string,
    names: readonly string[],
    questions: ReadonlyMap<string, Question>,
    signal: AbortSignal,
  ): Promise<void> {
    const hosts = new Map(names.flatMap((name) => [[name, questions.get(name)?.request] as const]).filter(isAsked))
    const id = await jobs.launch(place, 'preview', key, hosts, signal)
    const { job, summaries, events } = await jobs.read(await jobs.wait(id, lookSeconds, withinSeconds, signal), signal)
    const answers = answersOf(events)
    const troubles = troublesOf(events)
    for (const name of names) {
      const trouble = troubles.get(name)
      const dark = summaries.some((one) => one.host_name === name && one.dark > 0)
      if (answers.has(name)) questions.get(name)?.resolve({ kind: 'answer', answer: answers.get(name) })
      else if (trouble !== undefined) questions.get(name)?.resolve({ kind: 'trouble', trouble })
      else if (dark)
        questions.get(name)?.resolve({
          kind: 'trouble',
          trouble: { reason: 'AWX cannot reach it', log: '', beforeAll: true, unreachable: true },
        })
      else {
        const why = job.job_explanation ? `: ${job.job_explanation.slice(0, 300)}` : ''
        const reason = `Job ${id} of AWX ended as ${job.status} and says nothing of ${name}${why}`
        questions.get(name)?.resolve({ kind: 'refused', reason })
      }
    }
  }

  return function ask(key: string, host: string, request: HostRequest, signal: AbortSignal): Promise<Looked> {
    return new Promise((resolve, reject) => {
      const question = { host, request, signal, resolve, reject }
      if (gathering !== null) {
        gathering.push(question)
        return
      }
      const gathered = [question]
      gathering = gathered
      setTimeout(() => {
        gathering = null
        for (const some of together(gathered)) {
          const [first] = some
          if (first === undefined) continue
          carry(key, some, first.signal).catch((error: unknown) => {
            for (const one of some) one.reject(error)
          })
        }
      }, GATHER_MS)
    })
  }
}

function isAsked(entry: readonly [string, HostRequest | undefined]): entry is readonly [string, HostRequest] {
  return entry[1] !== undefined
}

/** Questions that can share a job: each host once, and all ended by the same signal. */
function together(questions: readonly Question[]): readonly (readonly Question[])[] {
  const sets: Map<string, Question>[] = []
  for (const question of questions) {
    const free = sets.find((set) => {
      const [[, first] = ['', question]] = set
      return first.signal === question.signal && !set.has(question.host)
    })
    if (free === undefined) sets.push(new Map([[question.host, question]]))
    else free.set(question.host, question)
  }
  return sets.map((set) => [...set.values()])
}
