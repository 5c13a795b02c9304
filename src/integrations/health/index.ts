/** Runs the health checks of assets. docs/health-checks.md */

import { type Socket, connect as tcpConnect } from 'node:net'
import type { HealthCheck, HealthProbe, HealthResult } from '../../core/ports.ts'
import { runBounded } from '../bounded-process.ts'
import { request } from '../http/request.ts'
import { inputLimits } from '../input-limits.ts'
import { networkProblem } from '../network-problem.ts'
import { describeEnd, lastLines } from '../process-end.ts'
import { whenAborted } from '../when-aborted.ts'
import { type FilledCheck, fillCheck } from './describe-check.ts'

export { createSimulatedProbe } from './simulated-probe.ts'

export interface HealthProbeOptions {
  /** Replaces the built-in fetch in tests. */
  readonly fetch?: typeof fetch
  /** Replaces `net.connect` in tests. */
  readonly connect?: (options: { readonly host: string; readonly port: number }) => Socket
}

/** Makes a probe that never throws. When a check cannot be made, it is unhealthy with the reason. */
export function createHealthProbe(options: HealthProbeOptions = {}): HealthProbe {
  return {
    async check(asset, checks, signal) {
      return Promise.all(checks.map((check) => probe(check, fillCheck(check, asset), options, signal)))
    },
  }
}

async function probe(
  check: HealthCheck,
  filled: FilledCheck,
  options: HealthProbeOptions,
  stop: AbortSignal,
): Promise<HealthResult> {
  if (filled.kind === 'impossible') return { check: filled.name, healthy: false, detail: filled.reason }
  if (stop.aborted) return { check: filled.name, healthy: false, detail: 'not asked: the check was stopped' }
  const seconds = timeoutOf(check)
  if (filled.kind === 'command') return runCheck(filled, seconds, stop)
  const over = new AbortController()
  const { signal } = over
  const forget = whenAborted(stop, () => over.abort())
  const limit = setTimeout(() => over.abort(), seconds * 1_000)
  const began = performance.now()
  try {
    const seen =
      filled.kind === 'http'
        ? await askHttp(filled.url, check.kind === 'http' ? check.expectStatus : 200, options, signal)
        : await askTcp(filled.host, filled.port, options, signal)
    const detail = `${seen.detail} in ${Math.round(performance.now() - began)} ms`
    return { check: filled.name, healthy: seen.healthy, detail }
  } catch (error) {
    const detail = stop.aborted
      ? 'no answer before the check was stopped'
      : signal.aborted
        ? `no answer within ${seconds} s`
        : networkProblem(error)
    return { check: filled.name, healthy: false, detail }
  } finally {
    clearTimeout(limit)
    forget()
  }
}

function timeoutOf(check: HealthCheck): number {
  const seconds = check.timeoutSeconds
  return seconds > 0 ? Math.min(seconds, inputLimits.healthTimeoutSeconds) : inputLimits.healthTimeoutSeconds
}

async function runCheck(
  { command, args, name }: Extract<FilledCheck, { kind: 'command' }>,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<HealthResult> {
  const ran = await runBounded({ command, args, input: '', timeoutSeconds, maxBytes: CHECK_BYTES, signal })
  const said = lastLines(ran, 1).slice(0, 200)
  const how = describeEnd(ran, command, timeoutSeconds)
  return { check: name, healthy: ran.status === 0, detail: said === '' ? how : `${how}: ${said}` }
}

const CHECK_BYTES = 65_536

interface Seen {
  readonly healthy: boolean
  readonly detail: string
}

/** A redirect is not followed, so it cannot lead the check to another host. Its status is the answer. */
async function askHttp(url: URL, expected: number, options: HealthProbeOptions, signal: AbortSignal): Promise<Seen> {
  const asked = await request(
    {
      url,
      redirect: 'manual',
      headers: { 'user-agent': 'patchwarden' },
      maxBytes: 0,
      reads: () => false,
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    },
    signal,
  )
  if (asked.kind === 'none') throw asked.cause
  const { response } = asked
  const status = `${response.status} ${response.statusText}`.trim()
  if (response.status === expected) return { healthy: true, detail: String(response.status) }
  return { healthy: false, detail: `${status} instead of ${expected}` }
}

function askTcp(host: string, port: number, options: HealthProbeOptions, signal: AbortSignal): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const socket = (options.connect ?? tcpConnect)({ host, port })
    const stop = () => socket.destroy(new Error('stopped'))
    signal.addEventListener('abort', stop, { once: true })
    socket.once('connect', () => resolve({ healthy: true, detail: 'connected' }))
    socket.once('error', reject)
    socket.once('connect', () => socket.destroy())
    socket.once('close', () => {
      signal.removeEventListener('abort', stop)
      reject(new Error('the connection was closed'))
    })
  })
}
