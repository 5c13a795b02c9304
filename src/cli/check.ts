import type { Command } from 'commander'
import { exampleEnvironment, variableReference } from '../app/environment.ts'
import { feedLine, judgedLines, notAssessedLine } from '../chat/coverage.ts'
import type { ChatConnection } from '../chat/platform.ts'
import { platformKinds } from '../chat/registry.ts'
import { waitingLines } from '../chat/waiting.ts'
import { count } from '../chat/words.ts'
import { list } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { zoneData } from '../config/zone-data.ts'
import type { FleetCoverage } from '../core/coverage.ts'
import { nobodyThere } from '../core/permission/nobody-there.ts'
import { minuteOf } from '../core/time/instant.ts'
import { jsonSchema, kindReference } from '../integrations/configuration.ts'
import type { Db } from '../store/connection.ts'
import { limitsReached } from '../store/limits-reached.ts'
import { knownIdentities } from '../store/machines.ts'
import { waitingPlaces } from '../store/outbox.ts'
import { readTroubles } from '../store/troubles.ts'
import type { Teams } from '../workflow/ports.ts'
import { type Contact, contact, ofSystem } from './contact.ts'
import { databaseAhead } from './database-ahead.ts'
import { BadUse } from './failure.ts'
import { complain, print, printDocument, printJson } from './print.ts'
import { testClick } from './test-click.ts'
import { load, withService } from './with-service.ts'

interface CheckOptions {
  readonly schema?: boolean
  readonly kinds?: boolean
  readonly variables?: boolean
  readonly envExample?: boolean
  readonly offline?: boolean
  readonly allowUnassessed?: boolean
  readonly json?: boolean
  readonly system?: string
  readonly click: boolean
  readonly wait: string
}

export function checkCommand(program: Command, done: (code: number) => void): void {
  program
    .command('check')
    .description(
      'validate the configuration, then ask database, sources, engines, feeds, monitoring and chat platforms; say what is wrong and how to mend it',
    )
    .option('--offline', 'only validate; ask nobody')
    .option('--system <name>', 'ask only this system, and print all that it says of itself')
    .option('--no-click', 'post no test button on the chat platforms')
    .option('--wait <seconds>', 'how long to wait for a click on it', '60')
    .option('--allow-unassessed', 'end with 0 although a server could not be judged; it is said all the same')
    .option('--json', 'print JSON, a line each')
    .option('--schema', 'print the JSON Schema of patchwarden.yaml for editors')
    .option('--kinds', 'print which kinds of integrations there are, and their settings, as Markdown')
    .option('--variables', 'print which variables of the environment there are, as Markdown')
    .option('--env-example', 'print .env.example, which lists them for .env')
    .action(async (options: CheckOptions) => {
      if (options.schema) return printJson(jsonSchema(), 2)
      if (options.kinds) return printDocument(kindReference())
      if (options.variables) return printDocument(variableReference())
      if (options.envExample) return printDocument(exampleEnvironment())
      const { config, warnings } = load(program)
      if (options.system !== undefined) mustBeSystem(config, options.system)
      const counts = {
        teams: Object.keys(config.teams).length,
        people: Object.keys(config.people).length,
        sources: Object.keys(config.sources).length,
      }
      const file = config.file ?? 'No configuration file, so the built-in example'
      if (options.json) printJson({ file: config.file, warnings, ...counts, timeZoneData: zoneData.version })
      else {
        for (const warning of warnings) print(`warning: ${warning}`)
        const people = count(counts.people, 'person', 'people')
        print(`${file} is right: ${count(counts.teams, 'team')}, ${people}, ${count(counts.sources, 'source')}.`)
        print(
          `Time zones are those of the tz database ${zoneData.version || 'of this system'}, by Node.js ${process.versions.node}.`,
        )
      }
      const seconds = Number(options.wait)
      if (!(seconds >= 1 && seconds <= 3_600)) throw new BadUse('--wait takes 1 to 3600 seconds.')
      if (options.offline) return
      const good =
        options.system === undefined
          ? await ask(program, { ...options, clickSeconds: options.click ? seconds : null })
          : await askSystem(program, options.json ?? false, options.system)
      done(good ? 0 : 1)
    })
}

function mustBeSystem({ systems }: Config, name: string): void {
  if (Object.hasOwn(systems, name)) return
  const names = Object.keys(systems)
  const known = names.length === 0 ? 'the file has none under systems' : `use ${names.join(', ')}`
  throw new BadUse(`There is no system "${name}": ${known}.`)
}

/** Needs no database: before a system is connected, there may be none. */
async function askSystem(program: Command, json: boolean, name: string): Promise<boolean> {
  const { config, environment } = load(program)
  const { askableWithoutDatabase } = await import('../app/outside.ts')
  const { tell, all } = teller(json)
  const { signal } = new AbortController()
  const asked = await askableWithoutDatabase(config, environment)
  for await (const answer of contact(ofSystem(asked, name), signal)) tell(answer)
  return all()
}

interface Asking extends Pick<CheckOptions, 'json' | 'allowUnassessed'> {
  /** How long to wait for a click; `null`: no test button is posted. */
  readonly clickSeconds: number | null
}

/** True if all answers are good. The database is asked first; if it fails, nothing else is asked. */
async function ask(program: Command, asked: Asking): Promise<boolean> {
  const { json = false } = asked
  const { config, environment } = load(program)
  const { lookAtDatabase } = await import('../app/database.ts')
  const outlook = await lookAtDatabase(config, environment)
  const ahead = outlook === null ? null : databaseAhead(outlook)
  if (ahead === null) {
    try {
      return await askAll(program, asked)
    } finally {
      await outlook?.close()
    }
  }
  await outlook?.close()
  const { tell, all } = teller(json)
  tell(ahead)
  const { askableWithoutDatabase } = await import('../app/outside.ts')
  const { signal } = new AbortController()
  const teamNames = Object.keys(config.teams)
  const askable = {
    ...(await askableWithoutDatabase(config, environment)),
    teamNames,
    systems: Object.keys(config.systems),
  }
  for await (const answer of contact(askable, signal)) tell(answer)
  const say = (line: string) => void (json ? complain(line) : print(line))
  if (Object.values(platformKinds).some(({ isUsed }) => isUsed(environment.values)))
    say('Chat platforms were not asked: that needs the database as the start will leave it.')
  return all()
}

function teller(json: boolean) {
  let all = true
  return {
    all: () => all,
    tell: (answer: Contact) => {
      all &&= answer.ok
      if (json) return printJson(answer)
      const [first, ...more] = answer.what.split('\n')
      print([
        `${answer.ok ? 'ok  ' : 'FAIL'} ${answer.kind} ${answer.name}: ${first}`,
        ...more.map((line) => `     ${line}`),
      ])
    },
  }
}

/**
 * A line for each platform that somebody judges, one for each group of servers that nobody does, and one for each feed
 * whose last sync failed. `ok`: how the latter two count.
 */
function coverageAnswers({ platforms, notAssessed, feeds }: FleetCoverage, ok: boolean): readonly Contact[] {
  const judged = platforms.flatMap((one) => {
    const [what] = judgedLines({ platforms: [one] })
    return what === undefined ? [] : [{ kind: 'coverage' as const, name: one.platform, ok: true, what }]
  })
  const not = notAssessed.map((one) => ({
    kind: 'coverage' as const,
    name: one.platform,
    ok,
    what: `${notAssessedLine(one)} ${howToJudge}`,
  }))
  const unread = feeds.map((one) => ({ kind: 'coverage' as const, name: one.feed, ok, what: feedLine(one) }))
  return [...judged, ...not, ...unread]
}

const howToJudge = 'See docs/coverage.md for the feeds that speak of a platform.'

/** A line for each thing that a team cannot decide now, because those who could are away. */
export function awayAnswers({
  plans,
  membersOf,
  policyOf,
}: Pick<Teams, 'plans' | 'membersOf' | 'policyOf'>): readonly Contact[] {
  return plans.flatMap(({ team }) =>
    nobodyThere(policyOf(team), membersOf(team)).map(({ what, from, away }) => ({
      kind: 'team' as const,
      name: team,
      ok: false,
      what: `Nothing can be ${what === 'approve' ? 'approved' : 'resumed'} before ${minuteOf(from)} UTC: ${list(away)} ${away.length === 1 ? 'is' : 'are'} away. Name who stands in: /patch away until DATE deputy PERSON.`,
    })),
  )
}

/** What the service noted of its chat platforms, and what waits for them. */
async function chatAnswers(db: Db, connections: readonly ChatConnection[]): Promise<readonly Contact[]> {
  const places = await waitingPlaces(db, new Date().toISOString())
  const each = connections.map(async ({ platform: { name } }) => {
    const noted = (await readTroubles(db, name)).map(
      ({ at, what }) => `Noted by the service on ${minuteOf(at)} UTC: ${what}`,
    )
    return [...noted, ...waitingLines(places, name)].map((what) => ({
      kind: 'waiting' as const,
      name,
      ok: false,
      what,
    }))
  })
  return (await Promise.all(each)).flat()
}

async function askAll(
  program: Command,
  { json = false, allowUnassessed = false, clickSeconds }: Asking,
): Promise<boolean> {
  return withService(
    program,
    async ({ config, parts, loads, connections, database, freezeCalendars, groupChecks, workflow }) => {
      const { tell, all } = teller(json)
      const working = new Set<string>()
      const { signal } = new AbortController()
      const systems = Object.keys(config.systems)
      const identities = await knownIdentities(database.db)
      const asked = {
        ...parts,
        teamNames: Object.keys(config.teams),
        loads,
        connections,
        calendars: freezeCalendars.checks,
        groups: groupChecks,
        systems,
        identities,
        whomToAsk: workflow.unmanaged.whom,
      }
      for await (const answer of contact(asked, signal)) {
        tell(answer)
        if (answer.kind === 'chat' && answer.ok) working.add(answer.name)
      }
      for (const answer of awayAnswers(parts.teams)) tell(answer)
      for (const answer of await chatAnswers(database.db, connections)) tell(answer)
      for (const { name, what, blocks } of await limitsReached(database.db))
        tell({ kind: 'limit', name, ok: !blocks, what })
      for (const answer of coverageAnswers(await workflow.coverage(), allowUnassessed)) tell(answer)
      if (clickSeconds === null) return all()
      const say = (line: string) => void (json ? complain(line) : print(line))
      for (const connection of connections) {
        if (!working.has(connection.platform.name)) continue
        tell(await testClick(connection, database, { seconds: clickSeconds, say }))
      }
      return all()
    },
  )
}
