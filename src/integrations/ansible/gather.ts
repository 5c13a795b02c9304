import pLimit from 'p-limit'

/** Questions that come within this time are asked together. */
const GATHER_MS = 25
const RUNS_AT_ONCE = 2

export interface Gathering<Question, Answer> {
  /** Whether the two may be asked in one run. */
  readonly together: (a: Question, b: Question) => boolean
  /** One answer a question, in their order. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>
}

/** Asks what is asked at the same moment in as few runs as may be: each starts Ansible anew. */
export function createGathering<Question, Answer>({ together, ask }: Gathering<Question, Answer>) {
  interface Waiting {
    readonly question: Question
    readonly answer: (answer: Answer) => void
    readonly fail: (error: unknown) => void
  }
  const limit = pLimit(RUNS_AT_ONCE)
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
