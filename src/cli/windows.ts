import type { Command } from 'commander'
import { freezes, windowFor } from '../config/resolve.ts'
import { nextWindows } from '../core/window.ts'
import { BadUse } from './failure.ts'
import { load, print } from './with-service.ts'

export function windowsCommand(program: Command): void {
  program
    .command('windows')
    .description('the next windows of a team, freezes cut out')
    .requiredOption('--team <team>', 'team of the configuration')
    .option('--from <time>', 'ISO 8601; default now')
    .option('--count <n>', 'how many', '5')
    .option('--json', 'print JSON')
    .action((options: { team: string; from?: string; count: string; json?: boolean }) => {
      const { config } = load(program)
      const plan = Object.hasOwn(config.teams, options.team) ? windowFor(config, options.team) : null
      if (plan === null)
        throw new BadUse(`Team "${options.team}" has no window; teams are ${Object.keys(config.teams).join(', ')}.`)
      const from = new Date(options.from ?? Date.now())
      if (Number.isNaN(from.getTime())) throw new BadUse(`"${options.from}" is not a time; write 2026-11-24T01:00:00Z.`)
      const count = Number(options.count)
      if (!Number.isInteger(count) || count < 1 || count > 500)
        throw new BadUse('--count takes a number from 1 to 500.')
      const windows = nextWindows(plan, freezes(config), options.team, from.toISOString(), count)
      if (options.json) return print(JSON.stringify(windows))
      for (const window of windows) print(`${window.start} to ${window.end}`)
      if (windows.length === 0) print('No window in the coming year: nothing may run.')
    })
}
