/** The variables that Patchwarden itself reads: addresses, database, log level. */

import { formed, type Variables } from '../core/variables.ts'
import { databaseUrlProblem } from './database-url.ts'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export function isLogLevel(value: string | undefined): value is LogLevel {
  return logLevels.some((level) => level === value)
}

const levelsInWords = `${logLevels.slice(0, -1).join(', ')} or ${logLevels.at(-1)}`
const portMend = 'Write a port from 1 to 65535, or 0 for any free one.'
const listenMend = 'Write an address and a port to listen on, such as 127.0.0.1:9464.'
const urlForm = 'Write postgres://user:password@host:5432/database, with special signs in the password as %40 and so on'

/** Where to listen, from `address:port` or a port alone; `null`: it says no such place. */
export function metricsAddress(listen: string): { readonly host: string; readonly port: number } | null {
  const [, host, port] = /^(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})$/.exec(listen) ?? []
  if (port === undefined || Number(port) > 65_535) return null
  return { host: (host ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port: Number(port) }
}

export const ownVariables = [
  {
    about: 'PostgreSQL. Left out, an embedded one is started in the data folder.',
    named: {
      DATABASE_URL: {
        meaning:
          'PostgreSQL, `postgres://user:password@host:5432/database`, with `?sslmode=require` where it wants TLS. A connection may take 10 seconds, the first answer 15. Default: an embedded one in the data folder',
        example: 'postgres://patchwarden:secret@localhost:5432/patchwarden',
        secret: true,
        mistake(url) {
          const problem = databaseUrlProblem(url)
          return problem === null ? null : `${urlForm}: ${problem}.`
        },
      },
    },
  },
  {
    about: 'The configuration file. Default: patchwarden.yaml in the working directory.',
    named: {
      PATCHWARDEN_CONFIG: { meaning: 'the configuration file', example: '/etc/patchwarden/patchwarden.yaml' },
    },
  },
  {
    about: 'Where data is kept; overrides dataDir.',
    named: { PATCHWARDEN_DATA: { meaning: 'overrides `dataDir`', example: '/var/lib/patchwarden' } },
  },
  {
    about:
      'An upgrade that there is no way back from copies the embedded database first. Where you have made a copy by hand, and\nthere is no room for another: without-copy. For that one start; take it out again.',
    named: {
      PATCHWARDEN_UPGRADE: {
        meaning:
          '`without-copy`: an upgrade that there is no way back from does not copy the embedded database, see [running.md](running.md#upgrading). For one start',
        example: 'without-copy',
        mistake: formed(/^without-copy$/, 'Write without-copy, or leave it out.'),
      },
    },
  },
  {
    about: 'Where the console listens; override console.host and console.port.',
    named: {
      PATCHWARDEN_HOST: {
        meaning: 'overrides `console.host`',
        example: '127.0.0.1',
        mistake: formed(/^[A-Za-z0-9.:[\]-]+$/, 'Write an address to listen on.'),
      },
      PORT: {
        meaning: 'overrides `console.port`; port 0 is any free one',
        example: '7878',
        mistake: (port) => (/^\d{1,5}$/.test(port) && Number(port) <= 65_535 ? null : portMend),
      },
    },
  },
  {
    about:
      'Numbers for Prometheus, GET /metrics: on a port of its own, such as 127.0.0.1:9464; or on the port of the console, for whoever\nbears the token. With both, there and by the token. Left out: nowhere.',
    named: {
      PATCHWARDEN_METRICS_LISTEN: {
        meaning: '`address:port`, or a port of 127.0.0.1: [numbers for Prometheus](running.md#numbers-for-prometheus)',
        example: '127.0.0.1:9464',
        mistake: (listen) => (metricsAddress(listen) === null ? listenMend : null),
      },
      PATCHWARDEN_METRICS_TOKEN: {
        meaning: 'what a request for /metrics must bear, as `Authorization: Bearer ...`',
        example: 'a-long-random-word',
        secret: true,
        mistake: formed(/^[!-~]{16,200}$/, 'Write 16 to 200 letters, digits and signs without spaces.'),
      },
    },
  },
  {
    about: 'Asked each minute while Patchwarden can work: of a service that raises the alarm when nothing comes.',
    named: {
      PATCHWARDEN_HEARTBEAT_URL: {
        meaning:
          'asked each minute while something can be written to the database: [a heartbeat](running.md#a-heartbeat)',
        example: 'https://heartbeat.example/4f1c',
        secret: true,
        mistake: formed(/^https?:\/\/[^\s/]+\S*$/, 'Write a web address, https://...'),
      },
    },
  },
  {
    about: levelsInWords,
    named: {
      LOG_LEVEL: {
        meaning: levelsInWords,
        example: 'info',
        mistake: (level) => (isLogLevel(level) ? null : `Write one of ${logLevels.join(', ')}.`),
      },
    },
  },
] as const satisfies readonly Variables[]

type NamesOf<Group> = Group extends { readonly named: infer Named } ? keyof Named : never

export type OwnVariable = NamesOf<(typeof ownVariables)[number]>
