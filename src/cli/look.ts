import type { Command } from 'commander'
import { aligned } from '../chat/aligned.ts'
import { notJudgedLines } from '../chat/coverage.ts'
import { detailLines, explainDetail } from '../chat/details.ts'
import { explanationDetail } from '../chat/explanation.ts'
import { logsInReport, proposalReport } from '../chat/report.ts'
import { allJudged } from '../core/coverage.ts'
import { logsOf, withLogs } from '../core/proposal/logs.ts'
import { type ProposalState, statuses } from '../core/proposal/proposal.ts'
import { readLogs } from '../store/content.ts'
import { readStream } from '../store/events.ts'
import { listAssets } from '../store/inventory.ts'
import { findProposal, openProposals, proposalsWithStatus } from '../store/proposals.ts'
import { BadUse } from './failure.ts'
import { planCommand } from './plan.ts'
import { print, printDocument, printJson, printJsonLines } from './print.ts'
import type { Shape } from './shapes.ts'
import { theProposal } from './the-proposal.ts'
import { withService } from './with-service.ts'

/** Commands that read, and decide nothing. */
export function lookCommands(program: Command, done: (code: number) => void): void {
  syncCommand(program, done)
  proposalsCommand(program)
  planCommand(program)
  reportCommand(program)
  explainCommand(program, done)
}

function syncCommand(program: Command, done: (code: number) => void): void {
  program
    .command('sync')
    .description('refresh catalog and inventory once; say what changed')
    .option('--allow-unassessed', 'end with 0 although a server could not be judged; it is said all the same')
    .option('--json', 'print JSON')
    .action(async (options: { allowUnassessed?: boolean; json?: boolean }) => {
      await withService(program, async ({ workflow }) => {
        const { signal } = new AbortController()
        const reports = [...(await workflow.syncFeeds(signal)), ...(await workflow.syncInventory(signal))]
        await workflow.tellDrift()
        const proposed = await workflow.propose(signal)
        const coverage = await workflow.coverage()
        if (options.json) printJson({ reports, proposed, coverage })
        else {
          for (const report of reports)
            print(`${report.ok ? 'ok  ' : 'FAIL'} ${report.kind} ${report.name}: ${report.what}`)
          print(
            `Proposals: opened ${proposed.opened.join(', ') || 'none'}, revised ${proposed.revised.join(', ') || 'none'}, closed ${proposed.closed.join(', ') || 'none'}.`,
          )
          print(notJudgedLines({ ...coverage, feeds: [] }))
        }
        if (reports.some((report) => !report.ok)) done(1)
        if (!allJudged(coverage) && !options.allowUnassessed) done(1)
      })
    })
}

function proposalsCommand(program: Command): void {
  program
    .command('proposals')
    .description('list proposals')
    .option('--all', 'closed ones too')
    .option('--json', 'print JSON')
    .action(async (options: { all?: boolean; json?: boolean }) => {
      await withService(program, async ({ database: { db }, workflow }) => {
        const states = options.all ? await proposalsWithStatus(db, statuses) : await openProposals(db)
        if (options.json) return printJsonLines(states.map(listed))
        if (states.length > 0)
          return print(
            aligned(states.map(({ id, status, priority, team, title }) => [id, status, priority, team, title])),
          )
        // An empty list is no all-clear for servers that nobody can judge.
        print(['No proposal is open.', ...notJudgedLines(await workflow.coverage())])
      })
    })
}

function listed({ id, team, status, priority, title, revision }: ProposalState): Shape<'proposals'> {
  return { id, team, status, priority, title, revision }
}

function reportCommand(program: Command): void {
  program
    .command('report <proposal>')
    .description('the documentation of one proposal for an auditor')
    .option('--format <format>', 'md or json', 'md')
    .option('--json', 'the same as --format json')
    .action(async (id: string, options: { format: string; json?: boolean }) => {
      const format = options.json ? 'json' : options.format
      if (format !== 'md' && format !== 'json') throw new BadUse(`There is no format "${format}"; use md or json.`)
      await withService(program, async (service) => {
        const state = await theProposal(service, id)
        const coverage = await service.workflow.teamCoverage(state.team)
        const { db } = service.database
        const events = await readStream(db, state.id)
        if (format === 'json')
          printJson({ state: withLogs(state, await readLogs(db, logsOf(state))), events, coverage })
        else printDocument(proposalReport(state, events, await readLogs(db, logsInReport(events)), coverage))
      })
    })
}

function explainCommand(program: Command, done: (code: number) => void): void {
  program
    .command('explain <name>')
    .description('the evidence and the rule behind a priority: of a CVE, an advisory, a KB, a package or a proposal')
    .option('--asset <asset>', 'only as far as this server goes: its name or id')
    .option('--json', 'print JSON')
    .action(async (given: string, options: { asset?: string; json?: boolean }) => {
      const name = given.trim()
      await withService(program, async ({ workflow, database }) => {
        const proposal = await findProposal(database.db, name.toUpperCase())
        if (proposal?.subject.kind === 'patches') {
          if (!options.json) return print(detailLines(explainDetail(proposal, proposal.subject)))
          for (const patch of proposal.subject.patches) printJson(patch)
          return
        }
        const asset = options.asset?.trim() ?? null
        if (
          asset !== null &&
          !(await listAssets(database.db)).some((one) => one.asset.name === asset || one.asset.id === asset)
        )
          throw new BadUse(`There is no server "${asset}"; the console lists them under Servers.`)
        const explanation = await workflow.explain(name, asset)
        if (explanation.judged.length + explanation.withheld.length === 0) done(1)
        if (options.json) printJson(explanation)
        else print(detailLines(explanationDetail(explanation)))
      })
    })
}
