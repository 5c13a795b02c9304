/** Health checks that a source puts to the server itself. It knows the server by a name of its own. */

import { type Asset, changedAs, seenAs } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { HealthCheck, HealthProbe, HealthResult } from '../core/ports.ts'
import { minuteOf } from '../core/time/instant.ts'
import { otherWitnesses } from '../store/machines.ts'
import { inTime } from './in-time.ts'
import type { WorkflowParts } from './ports.ts'

type Question = Extract<HealthCheck, { kind: 'query' }>

/** The probe, which answers such checks too. A server that nobody could ask does not count as healthy. */
export function withQuestions(parts: Pick<WorkflowParts, 'db' | 'sources' | 'health'>): HealthProbe {
  return {
    async check(asset, checks, signal) {
      const others = checks.filter(({ kind }) => kind !== 'query')
      const answers = [...(await parts.health.check(asset, others, signal))]
      const results: HealthResult[] = []
      for (const check of checks) {
        if (check.kind === 'query') results.push(await answerOf(parts, asset, check, signal))
        else results.push(...answers.splice(0, 1))
      }
      return results
    },
  }
}

async function answerOf(
  { db, sources }: Pick<WorkflowParts, 'db' | 'sources'>,
  asset: Asset,
  { query, source: name, timeoutSeconds }: Question,
  signal: AbortSignal,
): Promise<HealthResult> {
  const nobody = (why: string) => ({ check: query, healthy: false, detail: `nobody could look: ${why}` })
  const source = sources.find((one) => one.name === name)
  const ask = source?.ask
  if (ask === undefined) return nobody(`${name} cannot ask servers`)
  const own = [seenAs(asset), changedAs(asset)].find((id) => id.startsWith(`${name}/`))
  const id = own ?? (await otherWitnesses(db, [asset.id])).find((one) => one.source === name)?.id
  if (id === undefined) return nobody(`${name} does not know this server`)
  try {
    const answer = await inTime('The answer', timeoutSeconds, signal, (limit) => ask(id, query, limit))
    if (answer.kind === 'nobody') return nobody(answer.why)
    const rows = `${answer.rows === 1 ? '1 row' : `${answer.rows} rows`} at ${minuteOf(answer.at)} UTC`
    return { check: query, healthy: answer.rows > 0, detail: `${rows}, by ${name}` }
  } catch (error) {
    signal.throwIfAborted()
    return nobody(errorText(error).replace(/\.$/, ''))
  }
}
