import type { HookRunner } from '../../core/ports.ts'
import { runBounded } from '../bounded-process.ts'
import { fillArguments } from '../health/describe-check.ts'

export function createHookRunner(): HookRunner {
  return {
    async run(hook, asset, key, signal) {
      const filled = fillArguments(hook.command, asset, { key })
      if ('problem' in filled) return { ok: false, detail: filled.problem, log: '' }
      const { command, args } = filled
      const { timeoutSeconds } = hook
      const ran = await runBounded({ command, args, input: '', timeoutSeconds, maxBytes: 1_000_000, signal })
      return {
        ok: ran.status === 0,
        detail: ran.end === 'exited' ? `exit status ${ran.status}` : ran.end,
        log: ran.stdout,
      }
    },
  }
}
