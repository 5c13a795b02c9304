import pLimit from 'p-limit'

/** Questions that come within this time are asked together. */
const GATHER_MS = 25

export interface Gathering<Question, Answer> {
  /** Whether the two may be asked in one run. */
  readonly together: (a: Question, b: Question) => boolean
  /** One answer a question, in their order. Answers that are still to come may each fail by themselves. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly (Answer | PromiseLike<Answer>)[]>
  /** How many runs at the same time. Default: any number. */
  readonly runsAtOnce?: number
}

/** Asks what is asked at the same moment in as few runs as may be: each starts Ansible, or a job of AWX, anew. */
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
