import type { Command } from 'commander'
import { aligned } from '../chat/aligned.ts'
import { type AccountEntry, accountWords, linkedWords } from '../chat/linked-accounts.ts'
import { plain } from '../chat/rich-text.ts'
import type { Config } from '../config/schema.ts'
import { chatPlatformNames, isChatPlatform } from '../core/chat-platforms.ts'
import { BadUse } from './failure.ts'
import { complain, print, printJson, printJsonLines } from './print.ts'
import type { Shape } from './shapes.ts'
import { knownPerson } from './start.ts'
import { withService } from './with-service.ts'

interface Options {
  readonly person?: string
  readonly json?: boolean
}

/** Commands for the chat accounts that speak for people. Accounts in the configuration can be changed only there. */
export function accountsCommand(program: Command, done: (code: number) => void): void {
  const accounts = program
    .command('accounts')
    .description('list the chat accounts that speak and vote for people, and since when')
    .option('--person <person>', 'only those of this person')
    .option('--json', 'print JSON')
    .action(list)

  accounts
    .command('revoke <platform> <account>')
    .description('end a link: from then on the account speaks for nobody, and its person is told')
    .option('--json', 'print JSON')
    .action(revoke)

  async function list({ person, json }: Options): Promise<void> {
    await withService(program, async ({ config, workflow }) => {
      const found = await workflow.linking.accountsOf(null)
      const shown = found.filter((entry) => person === undefined || entry.person === person)
      // A person who has left the configuration may still have accounts.
      if (shown.length === 0 && person !== undefined) knownPerson(config, person)
      if (json) return printJsonLines(shown.map(asJson))
      if (shown.length === 0)
        return print(`No account is named or linked${person === undefined ? '' : ` for ${person}`}.`)
      print(aligned(shown.map((entry) => row(entry, config))))
    })
  }

  async function revoke(platform: string, account: string, _: Options, command: Command): Promise<void> {
    // The options of the parent command may also stand after this one.
    const { person = null, json = false } = command.optsWithGlobals<Options>()
    if (!isChatPlatform(platform))
      throw new BadUse(`There is no platform "${platform}"; use ${chatPlatformNames.join(' or ')}.`)
    if (account.trim() === '') throw new BadUse('Name the account; "patchwarden accounts" lists them.')
    await withService(program, async ({ workflow }) => {
      const { ok, message } = await workflow.linking.revoke({ platform, account, person }, null)
      await workflow.deliver()
      if (!ok) done(1)
      if (json) return printJson({ ok, platform, account, sentence: plain(message) } satisfies Shape<'accounts revoke'>)
      if (ok) print(plain(message))
      else complain(plain(message))
    })
  }
}

function row(entry: AccountEntry, { people }: Config): readonly string[] {
  const gone = Object.hasOwn(people, entry.person) ? '' : '; not in the configuration, so it speaks for nobody'
  return [entry.person, accountWords(entry), `${plain(linkedWords(entry))}${gone}`]
}

function asJson({ person, platform, account, label, linked }: AccountEntry): Shape<'accounts'> {
  return { person, platform, account, label, linkedAt: linked?.at ?? null, confirmedIn: linked?.via ?? null }
}
