import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Slack's own pace, kept before it has to ask: about one message a second and channel, and for each method so many calls
 * a minute in a workspace. https://docs.slack.dev/apis/web-api/rate-limits
 */
export interface PaceLimits {
  /** Milliseconds between two messages in one channel. */
  readonly postMs: number
  /** Milliseconds between two edits anywhere (tier 3: 50 a minute). */
  readonly editMs: number
}

export const slackPace: PaceLimits = { postMs: 1_050, editMs: 1_250 }

/** Edits that may come at once after a quiet time; the minute's allowance is far larger. */
const EDIT_BURST = 20

export function createPace(limits: PaceLimits, clock: () => number = Date.now) {
  const nextPost = new Map<string, number>()
  let nextEdit = 0

  /** Each caller takes its turn, and waits until it comes. */
  async function until(turn: number): Promise<void> {
    const wait = turn - clock()
    if (wait > 0) await sleep(wait)
  }

  return {
    post(place: string): Promise<void> {
      const turn = Math.max(clock(), nextPost.get(place) ?? 0)
      nextPost.set(place, turn + limits.postMs)
      return until(turn)
    },
    edit(): Promise<void> {
      nextEdit = Math.max(clock(), nextEdit + limits.editMs)
      return until(nextEdit - EDIT_BURST * limits.editMs)
    },
  }
}
