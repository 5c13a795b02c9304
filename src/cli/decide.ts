import type { Command } from 'commander'
import type { Service } from '../app/open.ts'
import { type ActionName, actionNames, actions, numberNamedAlone, questionsOf } from '../chat/actions.ts'
import type { Answer, Person } from '../chat/desk.ts'
import { plain } from '../chat/rich-text.ts'
import { named } from '../config/named.ts'
import type { Through } from '../core/hands.ts'
import { proposeRefusal } from '../core/permission/team.ts'
import { BadUse } from './failure.ts'
import { complain, print, printJson } from './print.ts'
import type { Shape } from './shapes.ts'
import { type Standing, standingOf } from './standing.ts'
import { theProposal } from './the-proposal.ts'
import { whereFrom } from './where-from.ts'
import { withService } from './with-service.ts'

interface As {
  as?: string
  team?: string
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

/** Throws a sentence if the configuration has no such team. */
export function knownTeam({ config }: Pick<Service, 'config'>, team: string): void {
  if (Object.hasOwn(config.teams, team)) return
  throw new BadUse(`There is no team "${team}": use ${Object.keys(config.teams).join(', ')}.`)
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
    .action(async (options: As) => {
      await withService(program, async (service) => {
        const by = actorFrom(service, options.as)
        if (options.team !== undefined) knownTeam(service, options.team)
        const { plans, membersOf } = service.parts.teams
        const asked = options.team === undefined ? plans.map(({ team }) => team) : [options.team]
        const refusals = asked.map((team) => proposeRefusal(team, by, membersOf(team)))
        const [refusal] = refusals
        if (refusal !== undefined && refusal !== null && !refusals.includes(null)) {
          done(1)
          return options.json
            ? printJson({ opened: [], revised: [], refusal } satisfies Shape<'propose'>)
            : complain(refusal)
        }
        const { signal } = new AbortController()
        const team = options.team === undefined ? {} : { team: options.team }
        const { opened, revised } = await service.workflow.propose(signal, { by, ...team })
        await service.workflow.deliver()
        if (options.json) return printJson({ opened, revised, refusal: null } satisfies Shape<'propose'>)
        print(`Opened ${opened.join(', ') || 'nothing'}; revised ${revised.join(', ') || 'nothing'}.`)
      })
    })
}

/** A command for each action that decides something. */
function actionCommands(commands: Commands): void {
  for (const name of actionNames) {
    const { command, commandLine, summary } = actions[name]
    if (command === null || commandLine === null) continue
    const ofTeam = name === 'freeze' || name === 'unfreeze'
    const own = commands.program
      .command(`${commandLine ?? name} ${ofTeam ? '[proposal]' : '<proposal>'}`)
      .description(summary)
    if (ofTeam) own.option('--team <team>', 'instead of a proposal: the team')
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
      .action((id: string | undefined, options: As) => (ofTeam ? freeze : act)(commands, name, id, options))
  }
}

/** Every act goes through the desk, as a click in chat does, and is answered in the same words. */
async function act({ program, done }: Commands, name: ActionName, id: string | undefined, options: As): Promise<void> {
  const { because = null, owner = null, until = null, asset = null, person: whom = null } = options
  await withService(program, async (service) => {
    const { id: proposal, revision: current } = await theProposal(service, id ?? '')
    const person = actorFrom(service, options.as)
    const revision = numberNamedAlone(name, current)
    const request = { proposal, action: name, revision, reason: because, owner, until, asset, person: whom }
    const answer = await service.workflow.desk.act(request, person)
    await service.workflow.deliver()
    tell(answer, { proposal, team: null, standing: await standingOf(service, proposal) }, { done, json: options.json })
  })
}

/** Of a team, or of the team of a proposal. */
async function freeze(commands: Commands, name: ActionName, id: string | undefined, options: As): Promise<void> {
  const { team, because: reason = null, until = null } = options
  if ((id === undefined) === (team === undefined))
    throw new BadUse(`Say what to ${name}: a proposal, such as PW-1, whose team is meant, or --team <team>.`)
  if (team === undefined) return act(commands, name, id, options)
  const { program, done } = commands
  await withService(program, async (service) => {
    knownTeam(service, team)
    const person = actorFrom(service, options.as)
    const action = name === 'freeze' ? name : 'unfreeze'
    const answer = await service.workflow.desk.freezeTeam({ team, action, until, reason }, person)
    await service.workflow.deliver()
    tell(answer, { proposal: null, team, standing: null }, { done, json: options.json })
  })
}

/** What an act was about, and where that stands now. */
interface About {
  readonly proposal: string | null
  readonly team: string | null
  readonly standing: Standing | null
}

function tell(
  { ok, refused, message }: Answer,
  { proposal, team, standing }: About,
  { done, json = false }: { readonly done: Commands['done']; readonly json: boolean | undefined },
): void {
  const isDone = ok && refused === undefined
  const sentence = plain(message)
  if (!isDone) done(refused === 'incomplete' ? 2 : 1)
  if (json) {
    const { status = null, missing = [] } = standing ?? {}
    printJson({ ok: isDone, proposal, team, code: refused ?? null, sentence, status, missing } satisfies Shape<'act'>)
  } else if (!isDone) complain(sentence)
  else print(standing === null ? sentence : [sentence, `${proposal} is ${standing.status}. ${standing.says}`])
}
