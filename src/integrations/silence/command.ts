import type { Asset } from '../../core/asset.ts'
import type { MonitoringSilence } from '../../core/ports.ts'
import { runBounded } from '../bounded-process.ts'
import { fillArguments } from '../health/describe-check.ts'
import { inputLimits } from '../input-limits.ts'
import { describeEnd, lastLines } from '../process-end.ts'
import { forEachAsset } from './for-each-asset.ts'

export interface CommandSilenceOptions {
  readonly name: string
  /** Runs for each asset at the beginning and at each renewal. `{until}` and `{reason}` are filled in, too. */
  readonly hold: readonly string[]
  readonly release: readonly string[]
  readonly timeoutSeconds: number
}

/**
 * Silences a monitoring system with the operator's own programs. These programs must make sure that a silence ends by
 * itself.
 */
export function createCommandSilence({
  name,
  hold,
  release,
  timeoutSeconds,
}: CommandSilenceOptions): MonitoringSilence {
  async function run(
    template: readonly string[],
    asset: Asset,
    values: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const filled = fillArguments(template, asset, values)
    if ('problem' in filled)
      throw new Error(`The commands of silence ${name} cannot be run for ${asset.id}: ${filled.problem}.`)
    const { command, args } = filled
    const maxBytes = inputLimits.hookOutputBytes
    const ended = await runBounded({ command, args, input: '', timeoutSeconds, maxBytes, signal })
    signal.throwIfAborted()
    if (ended.status === 0) return
    const said = lastLines(ended, 1)
    const how = describeEnd(ended, command, timeoutSeconds)
    throw new Error(`The silence ${name} failed for ${asset.id}: ${how}${said === '' ? '' : `: ${said}`}.`)
  }
  return {
    name,
    describe: `programs of one's own: ${hold[0] ?? ''}`,
    hold: ({ key, assets, until, reason }, signal) =>
      // The reason comes last, because its text may contain anything.
      forEachAsset(assets, signal, (asset) => run(hold, asset, { key, until, reason: oneLine(reason) }, signal)),
    release: ({ key, assets }, signal) => forEachAsset(assets, signal, (asset) => run(release, asset, { key }, signal)),
  }
}

/** Makes an argument that cannot be read as an option. */
function oneLine(reason: string): string {
  const text = reason.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ').slice(0, 500)
  return `Patchwarden: ${text}`
}
