import type { Command } from 'commander'
import type { Service } from '../app/open.ts'
import { type ActionName, actionNames, actions, numberNamedAlone, questionsOf } from '../chat/actions.ts'
import type { Person } from '../chat/desk.ts'
import { plain } from '../chat/rich-text.ts'
import { named } from '../config/named.ts'
import type { Through } from '../core/hands.ts'
import { proposeRefusal } from '../core/permission/team.ts'
import { statusWords } from '../core/proposal/stop-test.ts'
import { BadUse } from './failure.ts'
import { complain, print, printJson } from './print.ts'
import { theProposal } from './the-proposal.ts'
import { whereFrom } from './where-from.ts'
import { withService } from './with-service.ts'

interface As {
  as?: string
  because?: string
  until?: string
  owner?: string
  asset?: string
  person?: string
  json?: boolean
}

/** The choices of `vote`, with their actions. */
export const choices: ReadonlyMap<string, ActionName> = new Map([
  ['approve', 'approve'],
  ['reject', 'reject'],
  ['abstain', 'abstain'],
  ['withdraw', 'withdraw-vote'],
])

/** The person whom a command speaks for, from `--as`. The record also says which system user ran the command. */
export function actorFrom({ config }: Service, id: string | undefined): Person {
  const people = Object.keys(config.people).join(', ')
  if (id === undefined) throw new BadUse(`Say who you are: --as <person>, one of ${people}.`)
  const person = named(config.people, id)
  if (!person) throw new BadUse(`There is no person "${id}" in the configuration; it knows ${people}.`)
  const through: Through = config.example ? { kind: 'example' } : { kind: 'command line', ...whereFrom() }
  return { kind: 'person', id, name: person.name, via: 'cli', through }
}

interface Commands {
  readonly program: Command
  /** Sets the exit code of the process. */
  readonly done: (code: number) => void
  /** The help text of `--as`. */
  readonly as: string
}

/** Commands that decide something, for scripts and for days without chat. Each takes `--as <person>`. */
export function decideCommands(program: Command, done: (code: number) => void): void {
  const as = `speak for this person of the configuration (the record says that ${whereFrom().user} ran it)`
  const commands: Commands = { program, done, as }
  voteCommand(commands)
  proposeCommand(commands)
  actionCommands(commands)
}

function voteCommand(commands: Commands): void {
  commands.program
    .command('vote <proposal> <choice>')
    .description('approve, reject, abstain or withdraw a vote')
    .option('--as <person>', commands.as)
    .option('--because <reason>', 'reason; needed to reject')
    .option('--until <date>', 'until when a rejection holds, e.g. 2026-12-31')
    .option('--owner <person>', 'who looks at a rejection again')
    .option('--json', 'print JSON')
    .action(async (id: string, choice: string, options: As) => {
      const name = choices.get(choice)
      if (name === undefined) {
        throw new BadUse(`There is no choice "${choice}"; use ${[...choices.keys()].join(', ')}.`)
      }
      return act(commands, name, id, options)
    })
}

function proposeCommand({ program, done, as }: Commands): void {
  program
    .command('propose')
    .description("assess now and open proposals in a person's name, who then cannot approve them")
    .option('--team <team>', 'only for this team')
    .option('--as <person>', as)
    .option('--json', 'print JSON')
    .action(async (options: As & { team?: string }) => {
      await withService(program, async (service) => {
        const by = actorFrom(service, options.as)
        const { plans, membersOf } = service.parts.teams
        const asked = options.team === undefined ? plans.map(({ team }) => team) : [options.team]
        const refusals = asked.map((team) => proposeRefusal(team, by, membersOf(team)))
        const [refusal] = refusals
        if (refusal !== undefined && refusal !== null && !refusals.includes(null)) {
          done(1)
          return options.json ? printJson({ opened: [], revised: [], refusal }) : complain(refusal)
        }
        const { signal } = new AbortController()
        const team = options.team === undefined ? {} : { team: options.team }
        const { opened, revised } = await service.workflow.propose(signal, { by, ...team })
        await service.workflow.deliver()
        if (options.json) return printJson({ opened, revised })
        print(`Opened ${opened.join(', ') || 'nothing'}; revised ${revised.join(', ') || 'nothing'}.`)
      })
    })
}

/** A command for each action that decides something. */
function actionCommands(commands: Commands): void {
  for (const name of actionNames) {
    const { command, commandLine, summary } = actions[name]
    if (command === null || commandLine === null) continue
    const own = commands.program.command(`${commandLine ?? name} <proposal>`).description(summary)
    for (const { ask, label } of questionsOf(name)) {
      if (ask === 'asset') own.option('--asset <asset>', 'name or id of a server')
      if (ask === 'until') own.option('--until <date>', `${label.toLowerCase()}, e.g. 2026-12-31`)
      if (ask === 'person') own.option('--person <person>', label.toLowerCase())
      if (ask === 'owner') own.option('--owner <person>', label.toLowerCase())
    }
    own
      .option('--as <person>', commands.as)
      .option('--because <reason>', name === 'ask' ? 'your question' : 'reason')
      .option('--json', 'print JSON')
      .action((id: string, options: As) => act(commands, name, id, options))
  }
}

async function act({ program, done }: Commands, name: ActionName, id: string, options: As): Promise<void> {
  const { command } = actions[name]
  if (command === null) throw new Error(`${name} decides nothing.`)
  const { because: reason = null, owner = null, until = null, asset = null, person: whom = null } = options
  await withService(program, async (service) => {
    const { id: proposal, revision: current } = await theProposal(service, id)
    const revision = numberNamedAlone(name, current)
    const given = command({ revision, reason, owner, until, asset, person: whom })
    const person = actorFrom(service, options.as)
    if (given.type === 'freeze' || given.type === 'unfreeze' || given.type === 'roll-back' || given.type === 'ask') {
      const request = { proposal, action: name, revision, reason, owner, until, asset, person: whom }
      const answer = await service.workflow.desk.act(request, person)
      await service.workflow.deliver()
      if (!answer.ok) done(1)
      const said = plain(answer.message)
      if (options.json) return printJson({ ok: answer.ok, proposal, sentence: said })
      if (answer.ok) return print(said)
      complain(said)
      return
    }
    const result = await service.workflow.execute(proposal, given, person)
    await service.workflow.deliver()
    if (!result.ok) done(result.refusal.code === 'incomplete' ? 2 : 1)
    if (options.json) {
      const { ok } = result
      return printJson(ok ? { ok, proposal, status: result.state.status } : { ok, proposal, ...result.refusal })
    }
    if (result.ok) print(`${proposal} is ${statusWords(result.state)}.`)
    else complain(result.refusal.sentence)
  })
}
