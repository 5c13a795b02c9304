import { once } from 'node:events'
import type { Command } from 'commander'
import type { Service } from '../app/open.ts'
import { visibleJson } from '../chat/visible.ts'
import { count } from '../chat/words.ts'
import type { AuditProblem, LostBesides } from '../core/audit.ts'
import { createExportCheck } from '../core/audit-export.ts'
import { errorText } from '../core/error-text.ts'
import { limits } from '../core/limits.ts'
import { fileLines } from '../integrations/file-lines.ts'
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
            `What stood beside ${count(verdict.notCompared, 'entry', 'entries')} was erased: words from them that were told are not compared.`,
          )
        return
      }
      for (const { record, problem } of verdict.findings) print(`The record is broken: ${record} ${problem}.`)
      if (verdict.more > 0) print(`There are ${verdict.more} more.`)
      if (verdict.erased > 0)
        print(
          verdict.erased === 1
            ? '1 entry has lost what stood beside it, and no entry says that it was erased.'
            : `${verdict.erased} entries have lost what stood beside them, and no entry says that it was erased.`,
        )
    })

  audit
    .command('export')
    .description('print the whole record as JSON Lines')
    .action(async () => {
      const { exportRecord } = await import('../workflow/audit.ts')
      await withService(program, ({ database }) => exportRecord(database, new Date().toISOString(), writeOut))
    })
}

/**
 * Writes the hashed text byte for byte. On a terminal it is escaped, because a terminal obeys control characters. Waits
 * for a slow reader.
 */
async function writeOut(line: string): Promise<void> {
  if (!process.stdout.write(process.stdout.isTTY ? visibleJson(line) : line)) await once(process.stdout, 'drain')
}

async function verifyFile(file: string): Promise<RecordVerdict> {
  const check = createExportCheck()
  try {
    for await (const { bytes, whole } of fileLines(file, limits.auditLineBytes)) {
      const bad = check.line(bytes, whole)
      if (bad !== null) return broken([bad], check.lost())
    }
  } catch (error) {
    throw new BadUse(`${errorText(error)}.`)
  }
  const verdict = check.end()
  const lost = check.lost()
  if (!verdict.ok) return broken([verdict], lost)
  return lost.count === 0 ? { ...verdict, notCompared: 0 } : broken([], lost)
}

function broken(problems: readonly AuditProblem[], { count, first }: LostBesides): RecordVerdict {
  const findings = [...problems, ...first].map(({ record, problem }) => ({ record, problem }))
  const { record, problem } = findings[0] ?? { record: 'the record', problem: 'does not hold' }
  return { ok: false, record, problem, findings, more: count - first.length, erased: count }
}

async function verifyDatabase({ database, parts }: Service, rebuild: boolean) {
  const { verifyRecord } = await import('../workflow/audit.ts')
  const { membersOf } = parts.teams
  return verifyRecord(database.url, { rebuild, membersOf, now: new Date().toISOString() })
}
