import type { Command } from 'commander'
import type { Service } from '../app/open.ts'
import { consoleUrl } from '../config/console-url.ts'
import type { Environment } from '../config/environment.ts'
import { operators } from '../config/resolve.ts'
import type { Config } from '../config/schema.ts'
import { errorText } from '../core/error-text.ts'
import { COMMAND_LINE } from '../core/hands.ts'
import { endSessionsOf } from '../store/sessions.ts'
import { issueSignInToken } from '../web/backend/tokens.ts'
import { createConsole } from '../web/console.ts'
import { type MetricsOptions, metricsAlone } from '../web/metrics.ts'
import { serveConsole, serveMetrics } from '../web/serve.ts'
import { BadUse } from './failure.ts'
import { guardProcess } from './last-guard.ts'
import { complain, print, printJson } from './print.ts'
import type { Shape } from './shapes.ts'
import { version } from './version.ts'
import { whereFrom } from './where-from.ts'
import { load, withService } from './with-service.ts'

export function startCommand(program: Command): void {
  program
    .command('start')
    .description('run the service: the console, syncs, timers and rollouts')
    .action(async () => {
      const { config, environment, warnings } = load(program)
      complain(warnings)
      // Loaded only here: this loads every chat platform and engine, and most commands need none.
      const { openService } = await import('../app/open.ts')
      const { noteConfiguration } = await import('../app/rights.ts')
      const { runService } = await import('../app/run.ts')
      const service = await openService(config, environment)
      guardProcess(service.log)
      await noteConfiguration(service, whereFrom())
      outliveReaders()
      const { writing, watched: platforms } = service
      const { metrics, at: metricsAt } = await metricsOf(service, environment)
      const app = createConsole({
        port: service.port,
        health: { writing, platforms },
        metrics: metricsAt === null ? metrics : undefined,
        log: service.log,
        allowedHosts: allowedHosts(config.console),
        publicUrl: config.console.publicUrl,
      })
      const others = service.connections.flatMap(({ http }) => http ?? [])
      const server = await serveConsole(app, config.console, others).catch(async (error: unknown) => {
        await service.close()
        throw new BadUse(errorText(error))
      })
      const asked = await serveAlone(metrics, metricsAt).catch(async (error: unknown) => {
        await server.close()
        await service.close()
        throw new BadUse(errorText(error))
      })
      const stop = await runService(service)
      const stopBeating = await beating(service, environment)
      const [operator] = operators(config, service.directory.inGroup)
      const address =
        operator === undefined
          ? consoleUrl(config, server.address)
          : signInLink(config, await linkFromHere(service, operator, 'start'), server.address)
      const works =
        operator === undefined
          ? 'Nobody is named operator: name somebody under roles, such as operator: [mara]; patchwarden sign-in <person> makes a link. '
          : 'The link works once, for 15 minutes. '
      const listens = config.console.publicUrl ? `It listens on ${server.address}. ` : ''
      print(
        `Patchwarden is at ${address} and watches ${watching(service.config.example, Object.keys(config.sources))}. ${listens}${works}Ctrl-C stops it.`,
      )
      await untilStopped(service.log)
      print('Stopping.')
      stopBeating()
      await stop()
      await asked?.close()
      await server.close()
      await service.close()
    })
}

/** `metrics` undefined: nobody may ask. `at`: where they are served beside the console; `null`: there. */
async function metricsOf(service: Service, { metricsAt: at, metricsToken: token }: Environment) {
  if (at === null && token === null) return { metrics: undefined, at }
  // Loaded only here: most installations have no Prometheus.
  const { createMetrics } = await import('../app/metrics.ts')
  const { contentType, text } = createMetrics(service, version)
  return { metrics: { contentType, text, token }, at }
}

async function serveAlone(metrics: MetricsOptions | undefined, at: Environment['metricsAt']) {
  return metrics === undefined || at === null ? null : serveMetrics(metricsAlone(metrics), at)
}

async function beating({ writing, log }: Service, { heartbeatUrl: url }: Environment): Promise<() => void> {
  if (url === null) return () => undefined
  const { startHeartbeat } = await import('../app/heartbeat.ts')
  return startHeartbeat({ url, writing, log })
}

/** Makes a sign-in link and records where it was made: the person at the command line may keep it. */
function linkFromHere(
  { config, database }: Pick<Service, 'config' | 'database'>,
  person: string,
  issuedBy: 'start' | 'command line',
): Promise<string> {
  const link = { person, issuedBy, madeBy: [COMMAND_LINE], example: config.example }
  return issueSignInToken(database.db, link, new Date())
}

function allowedHosts(settings: {
  readonly host: string
  readonly publicUrl?: string | null | undefined
}): readonly string[] {
  const hosts = [settings.host, 'localhost', '127.0.0.1', '[::1]']
  if (settings.publicUrl) hosts.push(new URL(settings.publicUrl).hostname)
  return hosts
}

function signInLink(config: Config, token: string, listening?: string): string {
  return `${consoleUrl(config, listening)}/sign-in?token=${token}`
}

function watching(example: boolean, sources: readonly string[]): string {
  if (example) return 'this machine (nothing is ever installed on it) and an example fleet of simulated hosts'
  return sources.length === 0 ? 'nothing yet (add sources to patchwarden.yaml)' : sources.join(', ')
}

/** The service goes on if the reader of its output and log goes away. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error')
    stream.on('error', () => undefined)
  }
}

/**
 * Resolves at the first SIGINT or SIGTERM, and at SIGHUP if the service runs in a terminal, which was then closed. A
 * second signal, more than a second later, ends the process at once. Other signals that would end the process or open
 * Node's debugger are logged and ignored.
 */
function untilStopped(log: { warn(message: string): void }): Promise<void> {
  const inTerminal = process.stdin.isTTY
  return new Promise((resolve) => {
    let first = 0
    const stop = () => {
      if (first === 0) {
        first = Date.now()
        resolve()
      } else if (Date.now() - first > 1_000) process.exit(130)
    }
    const ignore = (signal: NodeJS.Signals) =>
      log.warn(
        `${signal} changes nothing here. SIGTERM stops Patchwarden; a changed configuration is read at the next start.`,
      )
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    process.on('SIGHUP', inTerminal ? stop : ignore)
    process.on('SIGUSR1', ignore)
    process.on('SIGUSR2', ignore)
  })
}

export function signInCommand(program: Command): void {
  program
    .command('sign-in <person>')
    .description('print a one-time sign-in link for a person of the configuration')
    .option('--json', 'print JSON')
    .action(async (person: string, { json = false }: { json?: boolean }) => {
      await withService(program, async (service) => {
        knownPerson(service.config, person)
        const link = signInLink(service.config, await linkFromHere(service, person, 'command line'))
        if (json) printJson({ person, link } satisfies Shape<'sign-in'>)
        else print(link)
      })
    })
}

export function signOutCommand(program: Command): void {
  program
    .command('sign-out <person>')
    .description(
      'end every session of a person at the console and of those they introduced, and the sign-in links not used',
    )
    .option('--json', 'print JSON')
    .action(async (person: string, { json = false }: { json?: boolean }) => {
      await withService(program, async ({ config, database }) => {
        const ended = await endSessionsOf(database.db, person, {
          andIntroduced: true,
          by: null,
          now: new Date().toISOString(),
        })
        // A person who has left the configuration may still have had sessions.
        if (ended === 0) knownPerson(config, person)
        if (json) printJson({ person, ended: ended > 0 } satisfies Shape<'sign-out'>)
        else print(`${person} is signed out.`)
      })
    })
}

/** Throws a sentence if there is no such person. */
export function knownPerson({ people }: Config, person: string): void {
  if (Object.hasOwn(people, person)) return
  throw new BadUse(`There is no person "${person}" in the configuration; it knows ${Object.keys(people).join(', ')}.`)
}
