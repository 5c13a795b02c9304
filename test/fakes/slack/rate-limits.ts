/**
 * Slack's rate limits, strictly: what is documented as "N+ per minute" is N here, in any sixty seconds.
 * docs.slack.dev/apis/web-api/rate-limits, and the tier on each method's page. Posting: about one message a second and
 * channel; of "several hundred a minute" in a workspace we take three hundred.
 */

const tiers: Readonly<Record<string, number>> = {
  'apps.connections.open': 20, // tier 1 with bursts: each process opens two at its start
  'auth.test': 300,
  'chat.postEphemeral': 100,
  'chat.postMessage': 300,
  'chat.update': 50,
  'conversations.history': 50,
  'conversations.open': 50,
  'conversations.replies': 50,
  'files.completeUploadExternal': 100,
  'files.getUploadURLExternal': 100,
  'usergroups.users.list': 20,
  'users.info': 100,
  'views.open': 100,
  'views.publish': 100,
}

export interface RateLimits {
  /** Seconds to wait, or 0 when there is room. */
  readonly take: (method: string, workspace: string, channel: string) => number
  /** How many calls were told to wait. */
  readonly limited: () => number
}

/** @param pace how much faster than Slack's the fake's minute goes; 0: no limits at all */
export function createRateLimits(pace: number): RateLimits {
  const minute = pace === 0 ? 0 : 60_000 / pace
  const seen = new Map<string, number[]>()
  const lastPost = new Map<string, number>()
  let limited = 0

  function refuse(milliseconds: number): number {
    limited++
    return Math.max(1, Math.ceil(milliseconds / 1_000))
  }

  return {
    limited: () => limited,
    take(method, workspace, channel) {
      if (pace === 0) return 0
      const now = Date.now()
      const key = `${method} ${workspace}`
      const recent = (seen.get(key) ?? []).filter((at) => at > now - minute)
      const most = tiers[method] ?? 20
      if (recent.length >= most) return refuse((recent[0] ?? now) + minute - now)
      if (method === 'chat.postMessage') {
        const since = now - (lastPost.get(channel) ?? 0)
        if (since < 1_000 / pace) return refuse(1_000 / pace - since)
        lastPost.set(channel, now)
      }
      seen.set(key, [...recent, now])
      return 0
    },
  }
}
