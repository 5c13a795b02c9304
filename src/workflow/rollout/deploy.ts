import type { Execute } from '../commands/execute.ts'
import { createSilences } from '../silence.ts'
import { createRunBook } from './run-book.ts'
import { openSession } from './session.ts'
import type { Deploying, DeployParts } from './start.ts'

export type Deploy = ReturnType<typeof createDeploy>

/**
 * Brings started assets to their end: prepares, deploys, then verifies each from its own fresh package list. Assets
 * that were started together go together. Several starts run side by side, so that the next one can begin when one
 * asset is done.
 */
export function createDeploy(parts: DeployParts, commands: Pick<Execute, 'execute' | 'askHandOver'>) {
  const deploying: Deploying = { parts, commands, book: createRunBook(parts), silences: createSilences(parts) }
  return { session: (proposal: string, signal: AbortSignal) => openSession(deploying, proposal, signal) }
}
