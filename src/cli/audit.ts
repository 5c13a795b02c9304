import { once } from 'node:events'
import type { Command } from 'commander'
import { count } from '../chat/story.ts'
import { visibleJson } from '../chat/visible.ts'
import type { AuditProblem } from '../core/audit.ts'
import { createExportCheck } from '../core/audit-export.ts'
import { errorText } from '../core/error-text.ts'
import { limits } from '../core/limits.ts'
import { fileLines } from '../integrations/file-lines.ts'
import type { Service } from '../main.ts'
import type { RecordVerdict } from '../workflow/audit.ts'
import { BadUse } from './failure.ts'
import { print, printJson } from './print.ts'
import { withService } from './with-service.ts'

interface VerifyOptions {
  readonly rebuild?: boolean
  readonly json?: boolean
}

export function auditCommands(program: Command, done: (code: number) => void): void {
  const audit = program.command('audit').description('check or export the tamper-evident record')

  audit
    .command('verify [file]')
    .description('check every chain, of the database or of an export; names each record that is wrong')
    .option('--rebuild', 'also rebuild every table of current state from the events and compare')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: VerifyOptions) => {
      if (file !== undefined && options.rebuild)
        throw new BadUse('--rebuild compares the database with its record; leave out the file.')
      const verdict =
        file === undefined
          ? await withService(program, (service) => verifyDatabase(service, options.rebuild ?? false))
          : await verifyFile(file)
      if (!verdict.ok) done(1)
      if (options.json) return printJson(verdict)
      if (verdict.ok) {
        const { events, streams, checkpoints, contents, expiredLogs } = verdict
        const where = `${count(events, 'event')} in ${count(streams, 'chain')}, ${count(checkpoints, 'checkpoint')}`
        const beside = contents === 0 ? '' : `, ${count(contents, 'piece of content', 'pieces of content')} beside them`
        print(`The record holds: ${where}${beside}.`)
        if (expiredLogs > 0)
          print(
            `${count(expiredLogs, 'log')} of package managers expired and are not kept: after ${limits.logDays} days that is as it should be.`,
          )
        if (verdict.notCompared > 0)
          print(
            `What stood beside ${count(verdict.notCompared, 'entry', 'entries')} was erased: of these, words that were told are not compared.`,
          )
        return
      }
      for (const { record, problem } of verdict.findings) print(`The record is broken: ${record} ${problem}.`)
      if (verdict.more > 0) print(`There are ${verdict.more} more.`)
    })

  audit
    .command('export')
    .description('print the whole record as JSON Lines')
    .action(async () => {
      const { exportRecord } = await import('../workflow/audit.ts')
      await withService(program, ({ database }) => exportRecord(database, new Date().toISOString(), writeOut))
    })
}

/** Byte for byte what is hashed, but in a terminal, which would obey some of it. Waits where whoever reads is slower. */
async function writeOut(line: string): Promise<void> {
  if (!process.stdout.write(process.stdout.isTTY ? visibleJson(line) : line)) await once(process.stdout, 'drain')
}

async function verifyFile(file: string): Promise<RecordVerdict> {
  const check = createExportCheck()
  try {
    for await (const { bytes, whole } of fileLines(file, limits.auditLineBytes)) {
      const bad = check.line(bytes, whole)
      if (bad !== null) return named(bad)
    }
  } catch (error) {
    throw new BadUse(`${errorText(error)}.`)
  }
  const verdict = check.end()
  return verdict.ok ? { ...verdict, notCompared: 0 } : named(verdict)
}

function named({ record, problem }: AuditProblem): RecordVerdict {
  return { ok: false, record, problem, findings: [{ record, problem }], more: 0 }
}

async function verifyDatabase({ database, parts }: Service, rebuild: boolean) {
  const { verifyRecord } = await import('../workflow/audit.ts')
  const { membersOf } = parts.teams
  return verifyRecord(database.url, { rebuild, membersOf, now: new Date().toISOString() })
}
