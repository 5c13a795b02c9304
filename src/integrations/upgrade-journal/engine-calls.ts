import type { DeployEngine, DeploymentHandle } from '../../core/ports.ts'
import { type PackageEngine, packageEngine } from '../package-engine.ts'
import { checkKey } from './script.ts'

/** One call of an engine about one batch. */
export interface EngineRun<Engine> {
  /** What the engine works with, and what it keeps while it lives. */
  readonly engine: Engine
  /** Of the batch. */
  readonly key: string
  readonly signal: AbortSignal
}

/** An engine that does nothing for whoever waits no longer, and nothing under a key that cannot be the name of a folder. */
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
    async poll(handle, signal) {
      signal.throwIfAborted()
      return poll(handle, signal)
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
