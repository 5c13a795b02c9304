import type { DeployEngine, DeploymentHandle } from '../../core/ports.ts'
import { type PackageEngine, packageEngine } from '../package-engine.ts'
import { checkKey } from './script.ts'

/** One call of an engine for one batch. */
export interface EngineRun<Engine> {
  /** The parts of the engine, and its state in memory. */
  readonly engine: Engine
  /** The key of the batch. */
  readonly key: string
  readonly signal: AbortSignal
}

/** Wraps an engine. Nothing is done when `signal` has aborted, or when the key cannot be the name of a folder. */
export function guarded(engine: PackageEngine): DeployEngine {
  const { preview, preflight, start, poll, wait, cancel } = engine
  return packageEngine({
    ...engine,
    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      return preview(asset, changes, signal)
    },
    async preflight(batch, signal) {
      signal.throwIfAborted()
      checkKey(batch.key)
      return preflight(batch, signal)
    },
    async start(batch, signal) {
      signal.throwIfAborted()
      checkKey(batch.key)
      return start(batch, signal)
    },
    async poll(handle, signal, only) {
      signal.throwIfAborted()
      return poll(handle, signal, only)
    },
    async cancel(handle, signal) {
      signal.throwIfAborted()
      await cancel(handle, signal)
    },
    ...(wait !== undefined && {
      async wait(handle: DeploymentHandle, seconds: number, signal: AbortSignal) {
        signal.throwIfAborted()
        await wait(handle, seconds, signal)
      },
    }),
  })
}
