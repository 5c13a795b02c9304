/** Removes what ended starts, and starts that nobody knows, have left behind in the systems of their engines. */

import { errorText } from '../../core/error-text.ts'
import type { DeployEngine } from '../../core/ports.ts'
import type { Lease, Leases } from '../../store/leases.ts'
import { saveStage, unknownKeys, untidied } from '../../store/starts.ts'
import type { Execute } from '../commands/execute.ts'
import type { WorkflowParts } from '../ports.ts'
import { recordCallsOf } from './start.ts'

/** Starts that are tidied at once. The others come with the next call. */
const MOST = 100

/** Calls of all processes together tidy one after the other. What fails is tried again with the next call. */
export function createTidy(
  { db, engines, log }: Pick<WorkflowParts, 'db' | 'engines' | 'log'>,
  commands: Pick<Execute, 'execute'>,
  alone: Leases['alone'],
): (signal: AbortSignal) => Promise<void> {
  const names = [...engines.values()].flatMap(({ name, tidy }) => (tidy === undefined ? [] : [name]))

  /** An engine whose system cannot be reached now is asked again with the next call. */
  async function reclaim(engine: DeployEngine, lease: Lease, signal: AbortSignal): Promise<void> {
    if (engine.reclaim === undefined) return
    await lease.show()
    try {
      for (const found of await engine.reclaim((keys) => unknownKeys(db, engine.name, keys), signal))
        log.warn(`${engine.name}: ${found}`)
    } catch (error) {
      signal.throwIfAborted()
      log.warn(
        `Whether ${engine.name} holds starts that are not known here could not be found out: ${errorText(error)}`,
      )
    }
  }

  return async function tidy(signal) {
    if (names.length === 0) return
    await alone('tidy', async (lease) => {
      const both = AbortSignal.any([signal, lease.signal])
      for (const engine of engines.values()) await reclaim(engine, lease, both)
      for (const { key, engine, proposal } of await untidied(db, names, MOST)) {
        both.throwIfAborted()
        await lease.show()
        try {
          await engines.get(engine)?.tidy?.(key, both)
          await recordCallsOf(commands, { proposal, key }, engines.get(engine)?.calls, both)
          await saveStage(db, key, 'tidied')
        } catch (error) {
          both.throwIfAborted()
          log.warn(`What the start ${key} made in ${engine} could not be removed: ${errorText(error)}`)
        }
      }
    })
  }
}
