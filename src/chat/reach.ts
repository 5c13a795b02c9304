/** What an error of a chat platform holds back, and what is said instead. Pure; the platforms have a table of codes. */

/**
 * An error holds back exactly this: one message (of a card: its views), the messages of one thread, of one channel, of
 * one workspace, or of the whole platform.
 */
export type Reach = 'message' | 'thread' | 'channel' | 'workspace' | 'platform'

/** What a code of a platform means. */
export interface Refusal {
  readonly reach: Reach
  /**
   * `anew`: the card or its thread cannot be used any more, so the card is posted again. `shorter`: the content is
   * refused, so less of it is said. `nothing`: the addressee gets no messages from us. `null`: the message waits.
   */
  readonly instead: 'anew' | 'shorter' | 'nothing' | null
  /** What is wrong and how to fix it. It goes on after "Slack channel C1 " or, for another reach, after "Slack ". */
  readonly problem: string
}

/** A message that could not be delivered now. */
export class Undelivered extends Error {
  readonly reach: Reach

  constructor(reach: Reach, message: string, cause?: unknown) {
    super(message, { cause })
    this.reach = reach
  }
}

export function refusal(reach: Reach, problem: string, instead: Refusal['instead'] = null): Refusal {
  return { reach, instead, problem }
}

/** A refusal as a sentence. */
export function refusalSentence(platform: string, { reach, problem }: Refusal, place: string): string {
  return reach === 'channel' ? `${platform} channel ${place} ${problem}` : `${platform} ${problem}`
}

/** Codes of Node.js for requests that never reached the platform. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const CAUSES = 5

/**
 * The reach of an error without an answer of the platform. If the platform cannot be reached at all, everything waits.
 * Otherwise only the thread waits: a single call may fail again and again, and must not silence the rest.
 */
export function reachWithoutAnswer(error: unknown): Reach {
  let cause: unknown = error
  for (let depth = 0; depth < CAUSES && cause instanceof Error; depth++) {
    if ('code' in cause && unreachable.has(String(cause.code))) return 'platform'
    cause = cause.cause ?? ('original' in cause ? cause.original : undefined)
  }
  return 'thread'
}
