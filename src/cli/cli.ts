import { Command, CommanderError } from 'commander'
import { databaseSentence } from '../core/database-problem.ts'
import { errorStack } from '../core/error-text.ts'
import { accountsCommand } from './accounts.ts'
import { assessCommand } from './assess.ts'
import { auditCommands } from './audit.ts'
import { checkCommand } from './check.ts'
import { completionCommand } from './completion.ts'
import { decideCommands } from './decide.ts'
import { decideTableCommand } from './decide-table.ts'
import { BadUse, fileSentence } from './failure.ts'
import { initCommand } from './init-command.ts'
import { loadCommand } from './load.ts'
import { lookCommands } from './look.ts'
import { mayCommand } from './may.ts'
import { overviewCommands } from './overview.ts'
import { complain, complainAsIs } from './print.ts'
import { signInCommand, signOutCommand, startCommand } from './start.ts'
import { unmanagedCommand } from './unmanaged.ts'
import { version } from './version.ts'
import { versionsCommand } from './versions.ts'
import { watchCommand } from './watch.ts'
import { windowsCommand } from './windows.ts'

/** All commands. A command calls `done` with its exit code if that is not 0. */
export function commandLine(done: (code: number) => void): Command {
  const program = new Command('patchwarden')
    .description(
      'Patch approvals where your team already talks: proposals, votes, off-peak rollouts, verified results.',
    )
    .version(version, '--version', 'print the version')
    .option('--config <file>', 'configuration to use (default: patchwarden.yaml here, else the built-in example)')
    .exitOverride()
    .configureOutput({ writeErr: (text) => complainAsIs(text.replace(/^error: /, '')) })
    .showHelpAfterError(false)
  for (const add of [
    startCommand,
    signInCommand,
    signOutCommand,
    accountsCommand,
    initCommand,
    checkCommand,
    lookCommands,
    watchCommand,
    assessCommand,
    overviewCommands,
    decideCommands,
    mayCommand,
    decideTableCommand,
    windowsCommand,
    loadCommand,
    unmanagedCommand,
    auditCommands,
    versionsCommand,
    completionCommand,
  ]) {
    add(program, done)
  }
  return program
}

/** Exit code for a fault in Patchwarden itself. */
const INTERNAL_ERROR = 70

/** Exit codes: 0 done, 1 the answer is no, 2 bad use or bad input, 70 a fault in Patchwarden. */
export async function main(argv: string[]): Promise<number> {
  let code = 0
  const program = commandLine((result) => {
    code = result
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof BadUse) {
      complain(error.lines)
      return 2
    }
    const sentence = databaseSentence(error) ?? fileSentence(error)
    if (sentence !== null) {
      complain(sentence)
      return 2
    }
    complain(errorStack(error).split('\n'))
    return INTERNAL_ERROR
  }
}
