/**
 * Metrics for gates and load histories from Prometheus, or another server with its HTTP API.
 * docs/integrations/prometheus.md
 */

import type { LoadSample, LoadSource, MetricSource } from '../../core/ports.ts'
import { inputLimits } from '../input-limits.ts'
import { ask, type PrometheusServer, shown } from './client.ts'

export type { PrometheusAccess, PrometheusServer } from './client.ts'

export function createPrometheusMetrics(server: PrometheusServer): MetricSource {
  const { name } = server
  return {
    name,
    describe: `Prometheus at ${server.url}`,
    async value(query, signal) {
      const answer = await ask(server, 'query', { query }, signal)
      switch (answer.resultType) {
        case 'scalar':
          return finite(answer.result[1], name, query)
        case 'vector': {
          const [series, ...others] = answer.result
          if (series === undefined) {
            throw new Error(
              `Prometheus ${name} has no value for ${shown(query)}: check the names in it; where nothing means 0, add "or vector(0)".`,
            )
          }
          if (others.length > 0) throw new Error(tooMany(answer.result.length, name, query))
          return finite(series.value?.[1] ?? 'no number', name, query)
        }
        case 'matrix':
        case 'string':
          throw new Error(
            `Prometheus ${name} answers ${shown(query)} with a ${answer.resultType}: ask for one number, with rate() or max_over_time() around a range.`,
          )
      }
    },
  }
}

function tooMany(count: number, name: string, query: string): string {
  return `Prometheus ${name} answers ${shown(query)} with ${count} series: make one of them, with sum() or max() around it.`
}

/** Refuses a value that is not finite. A ratio without any requests, for example, is 0/0. */
function finite(text: string, name: string, query: string): number {
  const value = numberOf(text)
  if (Number.isFinite(value)) return value
  throw new Error(
    `Prometheus ${name} answers ${shown(query)} with ${text.slice(0, 20)}, which is not a number to judge by: a division by 0?`,
  )
}

function numberOf(text: string): number {
  return /^[+-]?(\d|\.\d)/.test(text) ? Number(text) : Number.NaN
}

export interface PrometheusLoadOptions {
  readonly name: string
  readonly server: PrometheusServer
  /** PromQL that returns one series. */
  readonly query: string
  /** The time between two samples. The ranges in the query (`[15m]`) should be as long. */
  readonly stepSeconds: number
}

/** The most points that Prometheus returns for one series. */
const POINTS_AT_ONCE = 11_000

export function createPrometheusLoad({ name, server, query, stepSeconds }: PrometheusLoadOptions): LoadSource {
  return {
    name,
    describe: `Prometheus ${server.name}: ${shown(query)}`,
    async history(since, until, signal) {
      // Counts whole steps since 1970, so that every day asks for the same instants.
      const first = Math.ceil(Date.parse(since) / 1_000 / stepSeconds)
      const end = Math.ceil(Date.parse(until) / 1_000 / stepSeconds)
      if (end - first > inputLimits.loadSamples) {
        throw new Error(
          `${name} would be ${end - first} samples, more than ${inputLimits.loadSamples}: use a longer step.`,
        )
      }
      const samples: LoadSample[] = []
      for (let from = first; from < end; from += POINTS_AT_ONCE) {
        const last = Math.min(from + POINTS_AT_ONCE, end) - 1
        const range = { start: String(from * stepSeconds), end: String(last * stepSeconds), step: String(stepSeconds) }
        const answer = await ask(server, 'query_range', { query, ...range }, signal)
        if (answer.resultType !== 'matrix')
          throw new Error(`Prometheus ${server.name} answers a question for a range with a ${answer.resultType}.`)
        if (answer.result.length > 1) throw new Error(tooMany(answer.result.length, server.name, query))
        for (const [at, text] of answer.result[0]?.values ?? []) {
          const value = numberOf(text)
          if (Number.isFinite(value)) samples.push({ at: new Date(at * 1_000).toISOString(), value })
        }
      }
      if (samples.length > 0) return samples
      throw new Error(
        `Prometheus ${server.name} has no history for ${shown(query)} from ${since} to ${until}: check the names in it.`,
      )
    },
  }
}
