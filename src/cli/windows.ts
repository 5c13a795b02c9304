import type { Command } from 'commander'
import { DateTime } from 'luxon'
import type { Service } from '../app/open.ts'
import { timeZoneFor } from '../config/resolve.ts'
import type { Asset } from '../core/asset.ts'
import { needsStart, parseRecurrence } from '../core/recurrence/text.ts'
import { DAY_MS } from '../core/time/instant.ts'
import { type Freeze, holdsFor, isAlwaysOpen, nextWindows, type Window, windowOn } from '../core/window.ts'
import { windowFor } from '../core/window-of-asset.ts'
import { BadUse } from './failure.ts'
import { print, printJson } from './print.ts'
import { windowsOfRule } from './windows-of-rule.ts'
import { withService } from './with-service.ts'

interface Options {
  readonly team?: string
  readonly asset?: string
  readonly rule?: string
  readonly duration?: string
  readonly zone?: string
  readonly from?: string
  readonly count: string
  readonly json?: boolean
}

const MOST_WINDOWS = 10_000

export function windowsCommand(program: Command): void {
  program
    .command('windows')
    .description('the next windows of a team or a server, freezes cut out; or those of a recurrence rule by itself')
    .option('--team <team>', 'team of the configuration')
    .option('--asset <asset>', 'name or id of a server of the inventory')
    .option('--rule <rule>', 'recurrence rule (RFC 5545), such as "FREQ=WEEKLY;BYDAY=TU"; may bring its own DTSTART')
    .option('--duration <duration>', 'with --rule: how long each window stays open, such as PT3H')
    .option('--zone <zone>', 'with --rule: IANA zone; default UTC')
    .option('--from <time>', 'ISO 8601; default now')
    .option('--count <n>', 'how many', '5')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const count = Number(options.count)
      if (!/^\d{1,5}$/.test(options.count) || count < 1 || count > MOST_WINDOWS)
        throw new BadUse(`--count takes a number from 1 to ${MOST_WINDOWS}.`)
      const chosen = [options.team, options.asset, options.rule].filter((one) => one !== undefined)
      if (chosen.length !== 1) throw new BadUse('Say whose windows: one of --team, --asset and --rule.')
      const shown = options.rule === undefined ? await fromStore(program, options, count) : ofRule(options, count)
      if (options.json) return printJson(shown.windows)
      print(linesOf(shown, options.rule === undefined))
    })
}

/** Windows, and what is said beside them. */
interface Shown {
  readonly windows: readonly Window[]
  /** IANA zone in which people read the times. */
  readonly zone: string
  /** True: nothing but freezes closes it, so that the end of its last window is only as far as anybody looked. */
  readonly always: boolean
  /** A line for each freeze that takes something of these windows away. */
  readonly cuts: readonly string[]
}

function ofRule({ rule = '', from, zone = 'UTC', ...options }: Options, count: number): Shown {
  const windows = windowsOfRule({ ...options, rule, zone, from: instantAt(from, zone), count })
  const parsed = parseRecurrence(rule)
  if (parsed.ok && from === undefined && needsStart(parsed.recurrence))
    throw new BadUse(
      '--rule does not say by itself when it begins: give it a DTSTART, or BYHOUR, BYMINUTE and what an interval counts from, or say --from. The configuration asks for the same.',
    )
  return { windows, zone, always: false, cuts: [] }
}

function linesOf({ windows, zone, always, cuts }: Shown, ofTeam: boolean): readonly string[] {
  if (windows.length === 0)
    return [ofTeam ? 'No window in the coming year: nothing may run.' : 'The rule has no window.', ...cuts]
  const last = windows.length - 1
  const lines = windows.map(({ start, end }, index) => {
    const open = always && index === last && Date.parse(end) - Date.parse(start) > YEAR_MS
    return `${instantIn(start, zone)} ${open ? 'on, without an end' : `to ${instantIn(end, zone)}`}`
  })
  return [`Times in ${zone}.`, ...lines, ...cuts]
}

/** Longer than any window that a rule gives, and shorter than windows are looked for. */
const YEAR_MS = 366 * DAY_MS

/** With its offset, so that the hour that comes twice in autumn can be told apart. */
function instantIn(at: string, zone: string): string {
  return DateTime.fromISO(at, { zone }).toISO({ suppressMilliseconds: true }) ?? at
}

async function fromStore(program: Command, options: Options, count: number): Promise<Shown> {
  for (const key of ['duration', 'zone'] as const)
    if (options[key] !== undefined) throw new BadUse(`--${key} goes with --rule only.`)
  const from = new Date(instantAt(options.from, 'UTC')).toISOString()
  const { freezesOf } = await import('../workflow/commands/context.ts')
  return withService(program, async (service) => {
    const { parts, config, database, measured } = service
    const asset = options.asset === undefined ? null : await theAsset(service, options.asset)
    const team = asset?.team ?? options.team ?? ''
    const plan = parts.teams.plans.find((one) => one.team === team)
    if (plan === undefined) {
      const known = parts.teams.plans.map((one) => one.team).join(', ')
      throw new BadUse(`Team "${team}" has no window; teams that have one: ${known || 'none'}.`)
    }
    // The assets of a team may be in different zones, so the team's own zone is used.
    const zone = timeZoneFor(config, team)
    const scheduled = measured.scheduleFor(asset === null ? windowOn(plan.window, zone) : windowFor(plan, asset)).plan
    const freezes = await freezesOf(database.db, parts, team, from)
    const windows = nextWindows(scheduled, freezes, team, from, count)
    const cuts = cutsOf(freezes, team, nextWindows(scheduled, [], team, from, count), zone)
    return { windows, zone: asset?.timeZone ?? zone, always: isAlwaysOpen(scheduled), cuts }
  })
}

/** Which freezes take something away from windows, and from which. `open`: the windows as if nothing were frozen. */
function cutsOf(freezes: readonly Freeze[], team: string, open: readonly Window[], zone: string): readonly string[] {
  return freezes.flatMap((freeze) => {
    const cut = holdsFor(freeze, team) ? open.filter((window) => overlaps(freeze, window)) : []
    const [first] = cut
    if (first === undefined) return []
    const more = cut.length > 1 ? ` and ${cut.length - 1} more` : ''
    const times = `${instantIn(freeze.from, zone)} to ${instantIn(freeze.to, zone)}`
    return [`Cut by the freeze "${freeze.name}" (${times}): the window of ${instantIn(first.start, zone)}${more}.`]
  })
}

function overlaps({ from, to }: Freeze, { start, end }: Window): boolean {
  return Date.parse(from) < Date.parse(end) && Date.parse(start) < Date.parse(to)
}

async function theAsset({ database }: Service, wanted: string): Promise<Asset> {
  const { listAssets } = await import('../store/inventory.ts')
  const assets = (await listAssets(database.db)).map(({ asset }) => asset)
  const byId = assets.find(({ id }) => id === wanted)
  if (byId !== undefined) return byId
  const [first, ...others] = assets.filter(({ name }) => name === wanted)
  if (first === undefined)
    throw new BadUse(`There is no server "${wanted}" in the inventory; the console lists them under Servers.`)
  if (others.length > 0)
    throw new BadUse(
      `Several servers are called "${wanted}"; name one by its id: ${[first, ...others].map(({ id }) => id).join(', ')}.`,
    )
  return first
}

/** Milliseconds since 1970. A time without an offset is in the zone. */
function instantAt(written: string | undefined, zone: string): number {
  if (written === undefined) return Date.now()
  const at = DateTime.fromISO(written, { zone })
  // An unknown zone is reported by the code that reads it.
  const known = at.isValid ? at : DateTime.fromISO(written, { zone: 'utc' })
  if (known.isValid && known.year >= 1900 && known.year < 9_999) return known.toMillis()
  throw new BadUse(`"${written}" is not a time for --from; write 2026-11-24T01:00:00Z.`)
}
