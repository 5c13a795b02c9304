import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Slack's own pace, kept before it has to ask: about one message a second and channel, several hundred messages a minute
 * in a workspace, and edits of tier 3, which is 50 a minute. https://docs.slack.dev/apis/web-api/rate-limits
 */
export interface PaceLimits {
  /** Milliseconds between two messages in one channel. */
  readonly postMs: number
  /** Milliseconds between two messages anywhere, after `POST_BURST` at once. */
  readonly anyPostMs: number
  /** Milliseconds between two edits anywhere, after `EDIT_BURST` at once. */
  readonly editMs: number
}

/** In any minute at most 20 + 240 messages and 10 + 40 edits. */
export const slackPace: PaceLimits = { postMs: 1_050, anyPostMs: 250, editMs: 1_500 }
const POST_BURST = 20
const EDIT_BURST = 10

export function createPace(limits: PaceLimits, clock: () => number = Date.now) {
  const nextInChannel = new Map<string, number>()
  const anyPost = createTurns(limits.anyPostMs, POST_BURST, clock)
  const anyEdit = createTurns(limits.editMs, EDIT_BURST, clock)

  return {
    /** Runs `send` when its turn has come. The next of the channel counts from its answer: no jitter brings them closer. */
    async post<T>(place: string, send: () => Promise<T>): Promise<T> {
      await until(nextInChannel.get(place) ?? 0, clock)
      await anyPost()
      try {
        return await send()
      } finally {
        nextInChannel.set(place, clock() + limits.postMs)
      }
    },
    edit: anyEdit,
  }
}

/**
 * Each caller waits for its turn; turns are this many milliseconds apart. After a quiet time, `burst` turns come at
 * once.
 */
function createTurns(ms: number, burst: number, clock: () => number): () => Promise<void> {
  let next = 0
  return () => {
    next = Math.max(clock(), next + ms)
    return until(next - burst * ms, clock)
  }
}

async function until(turn: number, clock: () => number): Promise<void> {
  const wait = turn - clock()
  if (wait > 0) await sleep(wait)
}
