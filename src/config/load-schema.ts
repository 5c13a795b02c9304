import { z } from 'zod'
import { HOUR_SECONDS } from '../core/time/instant.ts'
import { duration, filePath, optional, reference, text, webAddress } from './fields.ts'

const MINUTE = 60
const secretMend = 'Write the name of a variable that begins with PROMETHEUS_, such as PROMETHEUS_TOKEN_EU.'

const prometheus = z.strictObject({
  kind: z.literal('prometheus').describe('Prometheus, or what speaks its HTTP API: Thanos, Mimir, VictoriaMetrics.'),
  url: webAddress
    .refine(
      (url) => {
        const { username, password, search, hash } = new URL(url)
        return username === '' && password === '' && search === '' && hash === ''
      },
      {
        error: 'Write the bare address: a name goes into user, and its password into the environment.',
        // Never with the value: it may hold a password.
        params: { what: 'holds more than an address' },
      },
    )
    .describe('Address of the server, without /api/v1.'),
  user: optional(text('Write a login name.', 200)).describe(
    'Login name, where a password is wanted and no token. The secret is the password then.',
  ),
  secret: optional(
    z.string({ error: secretMend }).regex(/^PROMETHEUS_[A-Z0-9_]{1,80}$/, { error: secretMend }),
  ).describe('Variable with the token or password. Default: PROMETHEUS_TOKEN, and without it none is sent.'),
  timeout: duration({ unit: 's', minimum: 1, maximum: 5 * MINUTE })
    .prefault('30 s')
    .describe('How long one question may take.'),
})

export const metric = z.discriminatedUnion('kind', [prometheus], { error: 'Write prometheus.' })

const prometheusLoad = z.strictObject({
  kind: z.literal('prometheus').describe('A query to a metric source.'),
  source: reference('a metric source').describe('The server: a name from metrics.'),
  query: text('Write a query in PromQL that gives one series.', 2_000).describe(
    'PromQL for one series, such as sum(rate(http_requests_total[15m])).',
  ),
  step: duration({ unit: 'min', minimum: MINUTE, maximum: HOUR_SECONDS })
    .prefault('15 min')
    .describe('From one sample to the next; ranges in the query should be as long.'),
})

const sarLoad = z.strictObject({
  kind: z.literal('sar').describe('What sysstat recorded on a host.'),
  source: reference('a source').describe('The source that lists the host: of kind ssh, or local for this machine.'),
  host: optional(text('Write the name of a host of the source.', 253)).describe(
    'Name of the host in the source. Left out only where the source is this machine.',
  ),
  measure: z
    .enum(['cpu', 'load average'], { error: 'Write cpu or load average.' })
    .default('cpu')
    .describe('What is busy: cpu (100 less idle), or load average over 15 minutes.'),
})

const csvLoad = z.strictObject({
  kind: z.literal('csv').describe('A file with a time and a value on each line.'),
  path: filePath.describe('The file; it may be packed with gzip.'),
})

export const load = z.discriminatedUnion('kind', [prometheusLoad, sarLoad, csvLoad], {
  error: 'Write prometheus, sar or csv.',
})

export type MetricConfig = z.infer<typeof metric>
export type LoadConfig = z.infer<typeof load>
