/** Runs the operator's programs before and after the work on an asset. docs/hooks.md */

import type { Asset } from '../../core/asset.ts'
import type { Hook, HookResult, HookRunner } from '../../core/ports.ts'
import { runBounded } from '../bounded-process.ts'
import { fillArguments } from '../health/describe-check.ts'
import { inputLimits } from '../input-limits.ts'
import { describeEnd, lastLines } from '../process-end.ts'

/** How many of the last lines of a hook's output are kept. */
const LOG_LINES = 40

/**
 * Runs programs on this machine, without a shell. Hooks do not run for simulated assets, because an invented name may
 * belong to a real machine.
 */
export function createHookRunner(): HookRunner {
  return {
    async run(hook, asset, key, signal) {
      signal.throwIfAborted()
      const result = await runHook(hook, asset, key, signal)
      signal.throwIfAborted()
      return result
    },
  }
}

async function runHook(hook: Hook, asset: Asset, key: string, signal: AbortSignal): Promise<HookResult> {
  if (asset.simulated) return { ok: true, detail: 'not run: the server is simulated', log: '' }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(key)) {
    return { ok: false, detail: `not run: the key ${JSON.stringify(key.slice(0, 80))} is not a safe argument`, log: '' }
  }
  const filled = fillArguments(hook.command, asset, { key })
  if ('problem' in filled) return { ok: false, detail: `not run: ${filled.problem}`, log: '' }
  const ended = await runBounded({
    command: filled.command,
    args: filled.args,
    input: '',
    timeoutSeconds: hook.timeoutSeconds,
    maxBytes: inputLimits.hookOutputBytes,
    signal,
  })
  const detail = describeEnd(ended, filled.command, hook.timeoutSeconds)
  return { ok: ended.status === 0, detail, log: lastLines(ended, LOG_LINES) }
}
