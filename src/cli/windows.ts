import type { Command } from 'commander'
import { DateTime } from 'luxon'
import type { Service } from '../app/open.ts'
import { timeZoneFor } from '../config/resolve.ts'
import type { Asset } from '../core/asset.ts'
import { nextWindows, type Window, windowOn } from '../core/window.ts'
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
      const windows =
        options.rule === undefined
          ? await fromStore(program, options, count)
          : windowsOfRule({
              ...options,
              rule: options.rule,
              from: instantAt(options.from, options.zone ?? 'UTC'),
              count,
            })
      if (options.json) return printJson(windows)
      if (windows.length > 0) return print(windows.map(({ start, end }) => `${start} to ${end}`))
      print(options.rule === undefined ? 'No window in the coming year: nothing may run.' : 'The rule has no window.')
    })
}

async function fromStore(program: Command, options: Options, count: number): Promise<readonly Window[]> {
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
    const window = asset === null ? windowOn(plan.window, timeZoneFor(config, team)) : windowFor(plan, asset)
    return nextWindows(
      measured.scheduleFor(window).plan,
      await freezesOf(database.db, parts, team, from),
      team,
      from,
      count,
    )
  })
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
