/**
 * Load history that sysstat recorded on a host. Runs `sadf` there, over SSH or on this machine.
 * docs/integrations/sar.md
 */

import { readFileSync } from 'node:fs'
import type { LoadSource } from '../../core/ports.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import { runBounded } from '../bounded-process.ts'
import { inputLimits } from '../input-limits.ts'
import type { SshTarget } from '../ssh/index.ts'
import { runOverSsh } from '../ssh/transport.ts'
import { parseSar, type SarMeasure } from './parse.ts'

export type { SarMeasure } from './parse.ts'

export interface SarLoadOptions {
  readonly name: string
  /** The name of the host for people. */
  readonly host: string
  /** `null`: this machine. A function finds out how to connect; it may throw a sentence. */
  readonly target: SshTarget | null | ((signal: AbortSignal) => Promise<SshTarget>)
  readonly measure: SarMeasure
  /**
   * Folders with recordings. Left out: the folders in sysstat's configuration, or else the usual folders of packages.
   */
  readonly folders?: readonly string[]
  readonly clock: () => Date
}

let script: string | null = null

export function createSarLoad(options: SarLoadOptions): LoadSource {
  const { name, host, target, measure, folders = [], clock } = options
  return {
    name,
    describe: `${measure === 'cpu' ? 'Busy CPU' : 'Load average'} of ${host}, by sysstat`,
    async history(since, until, signal) {
      const days = Math.max(1, Math.ceil((clock().getTime() - Date.parse(since)) / DAY_MS) + 1)
      for (const folder of folders)
        if (!/^[A-Za-z0-9._/-]+$/.test(folder)) throw new Error(`${JSON.stringify(folder)} cannot be a folder here.`)
      script ??= readFileSync(new URL('./history.sh', import.meta.url), 'utf8')
      const settings = `PW_DAYS=${days}\nPW_REPORT=${measure === 'cpu' ? '-u' : '-q'}\nPW_FOLDERS='${folders.join(' ')}'\n`
      const output = await run(
        host,
        typeof target === 'function' ? await target(signal) : target,
        `${settings}${script}`,
        signal,
      )
      const read = parseSar(output, measure)
      if (read === null) throw new Error(`${host} did not print its whole history.`)
      if (read.problems.includes('no-sadf'))
        throw new Error(`${host} has no sysstat: install it and let it record (docs/integrations/sar.md).`)
      const samples = read.samples.filter(
        ({ at }) => Date.parse(at) >= Date.parse(since) && Date.parse(at) < Date.parse(until),
      )
      if (samples.length > 0) return samples
      const why = read.problems[0] === undefined ? '' : ` (${read.problems[0]})`
      throw new Error(
        `sysstat on ${host} has no records from ${since} to ${until}${why}: let it record (docs/integrations/sar.md).`,
      )
    },
  }
}

/** Returns the output of the script. Throws a sentence when it could not be run. */
async function run(host: string, target: SshTarget | null, input: string, signal: AbortSignal): Promise<string> {
  const timeoutSeconds = inputLimits.loadHostSeconds
  if (target !== null) {
    const answer = await runOverSsh(host, target, { script: input, as: 'user', timeoutSeconds, signal })
    if (answer.kind === 'failed') throw new Error(answer.reason)
    return answer.stdout
  }
  const maxBytes = inputLimits.hostOutputBytes
  const ran = await runBounded({ command: 'sh', args: ['-s'], input, timeoutSeconds, maxBytes, signal })
  signal.throwIfAborted()
  if (ran.end === 'exited') return ran.stdout
  throw new Error(`The history of ${host} cannot be read: sh ${ran.end} within ${timeoutSeconds} s.`)
}
