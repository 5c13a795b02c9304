/**
 * Durations and allowances that a test may shrink. Lengths and counts of what is posted are not here: they are fixed.
 * Discord: topics/rate-limits, interactions/receiving-and-responding, events/gateway, resources/message (nonce).
 * Discord publishes no numbers for its route buckets ("should not be hard coded"): ours are of the size seen there.
 */

export interface Bucket {
  readonly limit: number
  readonly windowMilliseconds: number
}

export interface Limits {
  /** An interaction must be answered within this. */
  readonly acknowledgeMilliseconds: number
  /** How long an interaction's token can be used. */
  readonly tokenMilliseconds: number
  /** "The past few minutes" in which a nonce is remembered. */
  readonly nonceMilliseconds: number
  readonly heartbeatMilliseconds: number
  /** How long a lost session may still be resumed. */
  readonly sessionMilliseconds: number
  readonly identifiesPerDay: number
  readonly gatewaySends: Bucket
  readonly global: Bucket
  /** 401, 403 and 429 per window and address before a ban. */
  readonly invalidRequests: Bucket
  readonly messageCreate: Bucket
  readonly messageEdit: Bucket
  readonly messageDelete: Bucket
  /** Edits of messages older than an hour, per channel: 30046. */
  readonly oldEdits: Bucket
  readonly threadCreate: Bucket
  readonly webhook: Bucket
  readonly otherRoutes: Bucket
  readonly commandCreatesPerDay: number
  readonly activeThreads: number
}

export const discordLimits: Limits = {
  acknowledgeMilliseconds: 3000,
  tokenMilliseconds: 15 * 60_000,
  nonceMilliseconds: 3 * 60_000,
  heartbeatMilliseconds: 41_250,
  sessionMilliseconds: 3 * 60_000,
  identifiesPerDay: 1000,
  gatewaySends: { limit: 120, windowMilliseconds: 60_000 },
  global: { limit: 50, windowMilliseconds: 1000 },
  invalidRequests: { limit: 10_000, windowMilliseconds: 600_000 },
  messageCreate: { limit: 5, windowMilliseconds: 5000 },
  messageEdit: { limit: 5, windowMilliseconds: 5000 },
  messageDelete: { limit: 5, windowMilliseconds: 1000 },
  oldEdits: { limit: 3, windowMilliseconds: 6000 },
  threadCreate: { limit: 50, windowMilliseconds: 300_000 },
  webhook: { limit: 5, windowMilliseconds: 2000 },
  otherRoutes: { limit: 50, windowMilliseconds: 1000 },
  commandCreatesPerDay: 200,
  activeThreads: 1000,
}

/** An app's attachments: bytes per file, files per message (reference#uploading-files). */
export const maximumFileBytes = 10 * 1024 * 1024
export const maximumFiles = 10
