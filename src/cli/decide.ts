import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { ProposalCommand } from '../core/proposal/command.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import type { Service } from '../main.ts'
import { BadUse } from './failure.ts'
import { theProposal } from './look.ts'
import { print, withService } from './with-service.ts'

interface As {
  as?: string
  because?: string
  until?: string
  owner?: string
}

/** The person a command speaks for. Whoever may run this already has the database; the record says it came from here. */
function actorFrom({ config }: Service, id: string | undefined): Actor {
  const people = Object.keys(config.people).join(', ')
  if (id === undefined) throw new BadUse(`Say who you are: --as <person>, one of ${people}.`)
  const person = config.people[id]
  if (!person) throw new BadUse(`There is no person "${id}" in the configuration; it knows ${people}.`)
  return { kind: 'person', id, name: person.name, via: 'cli' }
}

/** Commands that decide something, for scripts and for the day chat is down. Each takes `--as <person>`. */
export function decideCommands(program: Command, done: (code: number) => void): void {
  async function run(id: string, options: As, command: (revision: number) => ProposalCommand): Promise<void> {
    await withService(program, async (service) => {
      const state = await theProposal(service, id)
      const result = await service.workflow.execute(state.id, command(state.revision), actorFrom(service, options.as))
      await service.workflow.deliver()
      if (result.ok) return print(`${state.id} is ${result.state.status}.`)
      process.stderr.write(`${result.refusal.sentence}\n`)
      done(result.refusal.code === 'incomplete' ? 2 : 1)
    })
  }
  const as = `speak for this person of the configuration (run by ${userInfo().username})`

  program
    .command('vote <proposal> <choice>')
    .description('approve, reject, abstain or withdraw a vote')
    .option('--as <person>', as)
    .option('--because <reason>', 'reason; needed to reject')
    .option('--until <date>', 'until when a rejection holds, e.g. 2026-12-31')
    .option('--owner <person>', 'who looks at a rejection again')
    .action(async (id: string, choice: string, options: As) => {
      if (choice === 'withdraw') return run(id, options, () => ({ type: 'withdraw-vote' }))
      if (choice !== 'approve' && choice !== 'reject' && choice !== 'abstain') {
        throw new BadUse(`There is no choice "${choice}"; use approve, reject, abstain or withdraw.`)
      }
      return run(id, options, (revision) => ({
        type: 'vote',
        choice,
        revision,
        reason: options.because ?? null,
        owner: options.owner ?? null,
        until: options.until ?? null,
      }))
    })

  program
    .command('propose')
    .description("assess now and open proposals in a person's name, who then cannot approve them")
    .option('--team <team>', 'only for this team')
    .option('--as <person>', as)
    .action(async (options: As & { team?: string }) => {
      await withService(program, async (service) => {
        const by = actorFrom(service, options.as)
        const { signal } = new AbortController()
        const team = options.team === undefined ? {} : { team: options.team }
        const { opened, revised } = await service.workflow.propose(signal, { by, ...team })
        await service.workflow.deliver()
        print(`Opened ${opened.join(', ') || 'nothing'}; revised ${revised.join(', ') || 'nothing'}.`)
      })
    })

  const plain = [
    {
      name: 'pause',
      what: 'start no further batch until it is resumed',
      command: (because: string | null): ProposalCommand => ({ type: 'pause', reason: because }),
    },
    {
      name: 'halt',
      what: 'stop a rollout',
      command: (because: string | null): ProposalCommand => ({ type: 'halt', reason: because }),
    },
    { name: 'resume', what: 'agree to resume a stopped rollout', command: (): ProposalCommand => ({ type: 'resume' }) },
    {
      name: 'withdraw',
      what: 'end a proposal for good, with a reason',
      command: (because: string | null): ProposalCommand => ({ type: 'withdraw', reason: because }),
    },
    {
      name: 'ack',
      what: 'acknowledge a rollout as the one on call',
      command: (): ProposalCommand => ({ type: 'acknowledge' }),
    },
    {
      name: 'break-glass',
      what: 'approve at once and outside the window, on a written reason',
      command: (because: string | null): ProposalCommand => ({ type: 'break-glass', reason: because }),
    },
  ]
  for (const { name, what, command } of plain) {
    program
      .command(`${name} <proposal>`)
      .description(what)
      .option('--as <person>', as)
      .option('--because <reason>', 'reason')
      .action((id: string, options: As) => run(id, options, () => command(options.because ?? null)))
  }
}
