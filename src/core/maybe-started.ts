import type { DeploymentOutcome } from './ports.ts'

/**
 * Thrown by `start` if its work may have begun, nobody can find out, and asking again could begin it twice. The message
 * is a sentence. Nothing is sent again: people decide what to do about these assets.
 */
export class MaybeStarted extends Error {}

/** The outcome of an asset whose work may have begun. */
export function maybeBegun({ message }: MaybeStarted): DeploymentOutcome {
  const reason = `Nobody knows whether its work was started: ${message}`
  return { state: 'unreachable', reason, touched: true, log: '' }
}
