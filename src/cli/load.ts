import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { IANAZone } from 'luxon'
import { buildLoads } from '../app/build.ts'
import { formatDuration, parseDuration } from '../config/duration.ts'
import { named } from '../config/named.ts'
import { measureRules } from '../config/resolve.ts'
import { errorText } from '../core/error-text.ts'
import { dayNames, type MeasuredWindow, type QuietWish, quietestWindow } from '../core/load.ts'
import type { LoadSample } from '../core/ports.ts'
import { DAY_SECONDS, HOUR_SECONDS, WEEK_MS } from '../core/time/instant.ts'
import { readLoadCsv } from '../integrations/load-csv/index.ts'
import { BadUse } from './failure.ts'
import { print, printJson } from './print.ts'
import { load as loadConfig } from './with-service.ts'

interface Options {
  readonly duration?: string
  readonly zone?: string
  readonly json?: boolean
}

interface Question {
  readonly samples: readonly LoadSample[]
  readonly wish: QuietWish
}

const THREE_HOURS = 10_800
/** Weeks of history when only a load is named. */
const WEEKS = 6

export function loadCommand(program: Command, done: (code: number) => void): void {
  program
    .command('load')
    .description('the mean week of a load, and the quietest window in it; ends with 1 where the load cannot choose one')
    .argument('<what>', 'a measured window or a load of the configuration, or a CSV file: time,value')
    .option(
      '--duration <duration>',
      'how long a window is needed, such as PT3H; default: the length of the window, else 3 hours',
    )
    .option(
      '--zone <zone>',
      'IANA time zone that the week is counted in; default: the zone of the window, UTC for a file',
    )
    .option('--json', 'print JSON')
    .action(async (what: string, options: Options) => {
      const { samples, wish } = await questionOf(program, what, options)
      const found = quietestWindow(samples, wish)
      if (options.json) printJson(found)
      else if (found.kind === 'unusable') print(found.reason)
      else print(describe(found))
      done(found.kind === 'measured' ? 0 : 1)
    })
}

async function questionOf(program: Command, what: string, { duration, zone }: Options): Promise<Question> {
  if (zone !== undefined && !IANAZone.isValidZone(zone))
    throw new BadUse(`--zone takes an IANA time zone such as Europe/Berlin, not "${zone}".`)
  const given = {
    ...(duration === undefined ? {} : { durationSeconds: durationOf(duration) }),
    ...(zone === undefined ? {} : { timeZone: zone }),
  }
  const { signal } = new AbortController()
  if (/[/\\]|\.csv(\.gz)?$/i.test(what)) {
    const samples = await readLoadCsv(what, signal).catch(badInput)
    return { samples, wish: { durationSeconds: THREE_HOURS, timeZone: 'UTC', ...given } }
  }
  const { config, environment } = loadConfig(program)
  const rule = measureRules(config).find((each) => each.window === what)
  const name = rule?.load ?? what
  if (named(config.loads, name) === null) {
    const known = [...measureRules(config).map((each) => each.window), ...Object.keys(config.loads)]
    const choice = known.length === 0 ? 'The configuration has no such window.' : `There are ${known.join(', ')}.`
    const mend = existsSync(what) ? `Write ./${what} for the file.` : choice
    throw new BadUse(`"${what}" is not a measured window, a load or a CSV file. ${mend}`)
  }
  const now = new Date()
  const since = new Date(now.getTime() - (rule?.weeks ?? WEEKS) * WEEK_MS)
  const source = buildLoads(config, environment.values, () => now).get(name)
  const samples = await source?.history(since.toISOString(), now.toISOString(), signal).catch(badInput)
  return {
    samples: samples ?? [],
    wish: { durationSeconds: THREE_HOURS, timeZone: config.timeZone, ...rule, ...given },
  }
}

function badInput(error: unknown): never {
  throw new BadUse(errorText(error))
}

function durationOf(text: string): number {
  const parsed = parseDuration(text)
  if (!parsed.ok) throw new BadUse(`--duration ${parsed.what}; write PT3H or "3 hours".`)
  if (parsed.seconds < 1_800 || parsed.seconds > DAY_SECONDS)
    throw new BadUse(`--duration takes 30 min to 24 hours, not ${formatDuration(parsed.seconds)}.`)
  return parsed.seconds
}

/** A row for each day, a block for each hour, and marks under the hours of the window. */
function describe({ evidence, profile, rule }: MeasuredWindow): readonly string[] {
  const marked = hoursOf(rule)
  const lines = ['     00    06    12    18', '']
  for (const [day, name] of dayNames.entries()) {
    const hours = Array.from({ length: 24 }, (_, hour) => day * 24 + hour)
    lines.push(`${name}  ${hours.map((hour) => block(profile[hour] ?? null)).join('')}`)
    if (hours.some((hour) => marked.has(hour)))
      lines.push(`     ${hours.map((hour) => (marked.has(hour) ? '^' : ' ')).join('')}`.trimEnd())
  }
  const covered = `${Math.round(evidence.coverage * 100)} % of the time has data, ${evidence.from.slice(0, 10)} to ${evidence.to.slice(0, 10)}`
  const ignored = evidence.ignored === 0 ? '' : `; ${evidence.ignored} samples were left out`
  return [...lines, '', `${evidence.sentence} (${rule.timeZone}).`, `${covered}${ignored}.`]
}

/** The hours of the week, 0 to 167, that the window touches. */
function hoursOf({ days, start, durationSeconds }: MeasuredWindow['rule']): ReadonlySet<number> {
  const [hours = 0, minutes = 0] = start.split(':').map(Number)
  const first = ((days[0] ?? 1) - 1) * 24 + hours
  const count = Math.ceil(minutes / 60 + durationSeconds / HOUR_SECONDS)
  return new Set(Array.from({ length: count }, (_, offset) => (first + offset) % 168))
}

function block(share: number | null): string {
  if (share === null) return '·'
  return '▁▂▃▄▅▆▇█'[Math.min(7, Math.floor(share * 8))] ?? '█'
}
