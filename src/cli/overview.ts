import type { Command } from 'commander'
import { lookSummaries } from '../chat/actions.ts'
import { commandReference } from '../chat/command-reference.ts'
import type { Overview, Person } from '../chat/desk.ts'
import { assetsDetail, detailLines } from '../chat/details.ts'
import { overviewDetail } from '../chat/overview.ts'
import { slashHelp, slashTable } from '../chat/slash.ts'
import { actorFrom } from './decide.ts'
import { print, printDocument, printJson, printJsonLines } from './print.ts'
import { type Shape, shapesSchema } from './shapes.ts'
import { theProposal } from './the-proposal.ts'
import { withService } from './with-service.ts'

/** `/patch mine`, `/patch running` and their buttons as commands, for scripts and for days without chat. */
export function overviewCommands(program: Command): void {
  const show = (title: string, parts: Parameters<typeof overviewDetail>[1], json: boolean) =>
    json ? printJson(Object.fromEntries(parts)) : print(detailLines(overviewDetail(title, parts)))

  program
    .command('mine')
    .description(lookSummaries.mine.summary)
    .option('--as <person>', 'the person of the configuration')
    .option('--json', 'print JSON')
    .action(async (options: { as?: string; json?: boolean }) => {
      await withService(program, async (service) => {
        const person = actorFrom(service, options.as)
        const { waiting, decided } = await service.workflow.desk.overview(person)
        show(
          person.name,
          [
            ['Waiting', waiting],
            ['Decided', decided],
          ],
          options.json ?? false,
        )
      })
    })

  program
    .command('running')
    .description(lookSummaries.running.summary)
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      await withService(program, async ({ workflow }) => {
        // The list of running rollouts is the same for everybody.
        const nobody: Person = { kind: 'person', id: '', name: '', via: 'cli' }
        const { running }: Overview = await workflow.desk.overview(nobody)
        show('Rollouts', [['Running and scheduled', running]], options.json ?? false)
      })
    })

  program
    .command('assets <proposal>')
    .description('its servers, what changes on each and how each ended')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { json?: boolean }) => {
      await withService(program, async (service) => {
        const state = await theProposal(service, id)
        if (state.subject.kind !== 'patches')
          return options.json ? printJson([]) : print(`${state.id} names no servers.`)
        const detail = assetsDetail(state, state.subject)
        if (options.json) printJson(detail.tables)
        else print(detailLines(detail))
      })
    })

  program
    .command('commands')
    .description('everything that can be typed after /patch, in chat and in the console')
    .option('--markdown', 'as docs/commands.md')
    .option('--discord', 'as Discord registers them: manifests/discord-commands.json')
    .option('--shapes', 'print the JSON Schema of what each command prints with --json: command-line.schema.json')
    .option('--json', 'print JSON, a line each')
    .action(async (options: { markdown?: boolean; discord?: boolean; shapes?: boolean; json?: boolean }) => {
      if (options.shapes) return printJson(shapesSchema(), 2)
      if (options.json) return printJsonLines(slashTable satisfies readonly Shape<'commands'>[])
      if (options.discord) {
        // Loaded only here, because Discord's library is large.
        const { discordCommands } = await import('../chat/discord/commands.ts')
        return printJson(discordCommands())
      }
      if (options.markdown) printDocument(commandReference().trimEnd())
      else print(slashHelp)
    })
}
