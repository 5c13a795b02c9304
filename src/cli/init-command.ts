import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { init } from './init.ts'
import { complain, print } from './print.ts'

export function initCommand(program: Command, done: (code: number) => void): void {
  program
    .command('init')
    .description('ask a few questions, write patchwarden.yaml and .env')
    .action(async () => {
      const terminal = createInterface({ input: process.stdin, output: process.stdout })
      try {
        const result = await init({ ask: (question) => terminal.question(question), write: print, cwd: process.cwd() })
        if (result.ok) return
        complain(result.reason.split('\n'))
        done(1)
      } finally {
        terminal.close()
      }
    })
}
