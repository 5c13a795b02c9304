import type { Command } from 'commander'
import { named } from '../config/named.ts'
import { acts, isAct } from '../core/permission/acts.ts'
import { permissionReference } from '../core/permission/reference.ts'
import { BadUse } from './failure.ts'
import { print, printDocument, printJson } from './print.ts'
import { theProposal } from './the-proposal.ts'
import { withService } from './with-service.ts'

interface Options {
  as?: string
  json?: boolean
  markdown?: boolean
}

/** Whether a person may do something to a proposal now, and why not: as if by an account of their own. */
export function mayCommand(program: Command, done: (code: number) => void): void {
  program
    .command('may [act] [proposal]')
    .description('say whether a person may do something to a proposal now, and why not')
    .option('--as <person>', 'the person who is asked about')
    .option('--json', 'print JSON')
    .option('--markdown', 'print the whole table of permissions instead')
    .action(async (act: string | undefined, id: string | undefined, options: Options) => {
      if (options.markdown === true) return printDocument(permissionReference().trimEnd())
      if (act === undefined || !isAct(act)) throw new BadUse(`Say what: one of ${acts.join(', ')}.`)
      if (id === undefined) throw new BadUse('Say of which proposal, e.g. PW-1.')
      await withService(program, async (service) => {
        const people = Object.keys(service.config.people).join(', ')
        const person = options.as === undefined ? null : named(service.config.people, options.as)
        if (options.as === undefined || person === null) throw new BadUse(`Say who: --as <person>, one of ${people}.`)
        const { id: proposal } = await theProposal(service, id)
        const asked = { kind: 'person', id: options.as, name: person.name, via: 'console' } as const
        const answer = await service.workflow.may(act, proposal, asked)
        if (answer === null) throw new BadUse(`There is no proposal ${id}.`)
        const { refusal, conditions } = answer
        if (refusal !== null) done(1)
        if (options.json)
          return printJson({ may: refusal === null, act, proposal, person: options.as, refusal, conditions })
        print(refusal ?? `${person.name} may: ${act} ${proposal}.`)
        for (const { what, holds, why } of conditions) print(`  ${holds ? 'yes' : 'no '}  ${what}. ${why}`)
      })
    })
}
