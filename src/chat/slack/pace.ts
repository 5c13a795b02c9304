import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Slack's rate limits, kept by ourselves: about one message a second in a channel, several hundred messages a minute in
 * a workspace, and 50 edits a minute (tier 3). https://docs.slack.dev/apis/web-api/rate-limits
 */
export interface PaceLimits {
  /** Milliseconds between two messages in one channel. */
  readonly postMs: number
  /** Milliseconds between two messages in any channels, after `POST_BURST` messages at once. */
  readonly anyPostMs: number
  /** Milliseconds between two edits in any channels, after `EDIT_BURST` edits at once. */
  readonly editMs: number
}

/** In any minute 20 + 240 messages and 10 + 40 edits at most. */
export const slackPace: PaceLimits = { postMs: 1_050, anyPostMs: 250, editMs: 1_500 }
const POST_BURST = 20
const EDIT_BURST = 10

export function createPace(limits: PaceLimits, clock: () => number = Date.now) {
  const nextInChannel = new Map<string, number>()
  const anyPost = createTurns(limits.anyPostMs, POST_BURST, clock)
  const anyEdit = createTurns(limits.editMs, EDIT_BURST, clock)

  return {
    /** Runs `send` when its turn comes. The wait for the channel's next message starts when Slack answers. */
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
 * Each caller waits for its turn. Turns are `ms` milliseconds apart. After a quiet time, `burst` turns come at once.
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
