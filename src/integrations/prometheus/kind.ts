import { z } from 'zod'
import { duration, optional, reference, text, webAddress } from '../../config/fields.ts'
import { kind } from '../../config/kind.ts'
import type { EntryConfig } from '../../config/schema.ts'
import { HOUR_SECONDS } from '../../core/time/instant.ts'
import { formed, type Values } from '../../core/variables.ts'
import { createPrometheusLoad, createPrometheusMetrics, type PrometheusAccess, type PrometheusServer } from './index.ts'

const MINUTE = 60
const secretMend = 'Write the name of a variable that begins with PROMETHEUS_, such as PROMETHEUS_TOKEN_EU.'

const server = z.strictObject({
  url: webAddress
    .refine(
      (url) => {
        const { username, password, search, hash } = new URL(url)
        return username === '' && password === '' && search === '' && hash === ''
      },
      {
        error: 'Write the bare address: a name goes into user, and its password into the environment.',
        // The message must not show the value, because it may contain a password.
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

type Server = z.output<typeof server>

export const prometheus = kind({
  name: 'prometheus',
  page: 'integrations/prometheus.md',
  variables: {
    about:
      'Prometheus (docs/integrations/prometheus.md): a bearer token. Another variable for another server is named in "secret".',
    named: {
      PROMETHEUS_TOKEN: {
        meaning: 'metric sources of kind `prometheus`; `secret` may name others that begin with `PROMETHEUS_`',
        example: '...',
        secret: true,
        mistake: formed(/^[\x21-\x7e]+$/, 'Write the token without blanks.'),
      },
    },
    prefix: 'PROMETHEUS_',
  },
  roles: {
    metrics: {
      summary: 'Prometheus, or what speaks its HTTP API: Thanos, Mimir, VictoriaMetrics.',
      settings: server,
      create: (metric, { name, values }) => createPrometheusMetrics(serverOf(name, metric, values)),
    },
    load: {
      summary: 'A query to a metric source.',
      settings: z.strictObject({
        source: reference('a metric source').describe('The server: a name from metrics.'),
        query: text('Write a query in PromQL that gives one series.', 2_000).describe(
          'PromQL for one series, such as sum(rate(http_requests_total[15m])).',
        ),
        step: duration({ unit: 'min', minimum: MINUTE, maximum: HOUR_SECONDS })
          .prefault('15 min')
          .describe('From one sample to the next; ranges in the query should be as long.'),
      }),
      refersTo: ({ source }) => [{ path: ['source'], section: 'metrics', name: source }],
      create({ source, query, step }, { name, config, values }) {
        const metric = config.metrics[source]
        if (metric === undefined || !isServer(metric))
          throw new Error(`The load ${name} names the metric source ${source}, which is not a metric source.`)
        return createPrometheusLoad({ name, server: serverOf(source, metric, values), query, stepSeconds: step })
      },
    },
  },
})

function isServer(metric: EntryConfig): metric is EntryConfig & Server {
  return metric.kind === 'prometheus'
}

function serverOf(name: string, metric: Server, values: Values): PrometheusServer {
  return { name, url: metric.url, access: accessTo(name, metric, values), timeoutSeconds: metric.timeout }
}

function accessTo(name: string, { user, secret }: Server, values: Values): PrometheusAccess {
  const variable = secret ?? 'PROMETHEUS_TOKEN'
  const value = values[variable] ?? null
  if (value !== null) return user === null ? { kind: 'bearer', token: value } : { kind: 'basic', user, password: value }
  if (secret === null && user === null) return { kind: 'open' }
  return { kind: 'missing', problem: `${variable} is not set, and Prometheus ${name} is asked with it.` }
}
