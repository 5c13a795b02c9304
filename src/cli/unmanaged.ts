import type { Command } from 'commander'
import { unmanagedLines } from '../chat/unmanaged.ts'
import { minuteOf } from '../core/time/instant.ts'
import type { UnmanagedRow } from '../workflow/unmanaged.ts'
import { knownTeam } from './decide.ts'
import { print, printJson } from './print.ts'
import { withService } from './with-service.ts'

export function unmanagedCommand(program: Command): void {
  program
    .command('unmanaged')
    .description('servers that some source knows and no patching system has, with whom to ask')
    .option('--team <team>', 'only those of this team')
    .option('--json', 'print JSON, a line each')
    .action(async ({ team = null, json = false }: { team?: string | null; json?: boolean }) => {
      await withService(program, async ({ config, workflow: { unmanaged } }) => {
        if (team !== null) knownTeam({ config }, team)
        for await (const row of unmanaged.list(team)) {
          if (json) printJson(row)
          else print(lineOf(row))
        }
        if (json) return
        const lines = unmanagedLines(await unmanaged.counts(team))
        print(lines.length === 0 ? 'An engine changes every server that is known.' : lines)
      })
    })
}

function lineOf({ name, platform, sources, seenAt, ask, simulated }: UnmanagedRow): string {
  const seen = seenAt === null ? 'never seen' : `seen ${minuteOf(seenAt)} UTC`
  return `${name} (${platform}${simulated ? ', simulated' : ''}), known to ${sources.join(', ')}, ${seen}. Ask ${ask}.`
}
