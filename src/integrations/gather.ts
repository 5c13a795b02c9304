import pLimit from 'p-limit'

/** Questions that arrive within this time are asked together. */
const GATHER_MS = 25

export interface Gathering<Question, Answer> {
  /** Whether two questions may be asked in one run. */
  readonly together: (a: Question, b: Question) => boolean
  /** Returns one answer for each question, in the same order. An answer may be a promise, which may fail alone. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly (Answer | PromiseLike<Answer>)[]>
  /** The most runs at the same time. Default: no limit. */
  readonly runsAtOnce?: number
}

/** Puts questions that arrive together into as few runs as possible, because each run starts Ansible or an AWX job. */
export function createGathering<Question, Answer>({
  together,
  ask,
  runsAtOnce = Number.POSITIVE_INFINITY,
}: Gathering<Question, Answer>) {
  interface Waiting {
    readonly question: Question
    readonly answer: (answer: Answer | PromiseLike<Answer>) => void
    readonly fail: (error: unknown) => void
  }
  const limit = pLimit(runsAtOnce)
  let waiting: Waiting[] = []

  function flush(): void {
    const groups: Waiting[][] = []
    for (const one of waiting) {
      const home = groups.find((group) => group.every((other) => together(other.question, one.question)))
      if (home) home.push(one)
      else groups.push([one])
    }
    waiting = []
    for (const group of groups) void limit(() => askTogether(group))
  }

  async function askTogether(group: readonly Waiting[]): Promise<void> {
    try {
      const answers = await ask(group.map(({ question }) => question))
      for (const [index, { answer, fail }] of group.entries()) {
        const own = answers[index]
        if (own === undefined) fail(new Error('A question was not answered.'))
        else answer(own)
      }
    } catch (error) {
      for (const { fail } of group) fail(error)
    }
  }

  return (question: Question): Promise<Answer> =>
    new Promise((answer, fail) => {
      if (waiting.length === 0) setTimeout(flush, GATHER_MS)
      waiting.push({ question, answer, fail })
    })
}
