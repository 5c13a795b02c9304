import type { Leases } from '../../store/leases.ts'
import type { Execute } from '../commands/execute.ts'
import { createSilences } from '../silence.ts'
import { createRunBook } from './run-book.ts'
import { openSession } from './session.ts'
import { createReadReports } from './shared-poll.ts'
import type { Deploying, DeployParts } from './start.ts'

export type Deploy = ReturnType<typeof createDeploy>

/**
 * Brings started assets to their end: prepares, deploys, then verifies each from its own fresh package list. Assets
 * that were started together go together. Several starts run side by side, so that the next one can begin when one
 * asset is done.
 */
export function createDeploy(
  parts: DeployParts,
  commands: Pick<Execute, 'execute' | 'askHandOver'>,
  alone: Leases['alone'],
) {
  const [book, silences] = [createRunBook(parts), createSilences(parts)]
  const deploying: Deploying = { parts, commands, book, silences, readReports: createReadReports(parts, alone) }
  return { session: (proposal: string, signal: AbortSignal) => openSession(deploying, proposal, signal) }
}
