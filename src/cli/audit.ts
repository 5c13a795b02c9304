import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Command } from 'commander'
import { count } from '../chat/story.ts'
import type { SealedEvent } from '../core/audit.ts'
import { verifyChains } from '../core/audit.ts'
import { exportLines, verifyExport } from '../core/audit-export.ts'
import { errorText } from '../core/error-text.ts'
import { replay } from '../core/proposal/evolve.ts'
import type { Service } from '../main.ts'
import { readAllEvents, readCheckpoints, readStream, writeCheckpoint } from '../store/events.ts'
import { allProposals } from '../store/proposals.ts'
import { BadUse } from './failure.ts'
import { print, withService } from './with-service.ts'

export function auditCommands(program: Command, done: (code: number) => void): void {
  const audit = program.command('audit').description('check or export the tamper-evident record')

  audit
    .command('verify [file]')
    .description('check every chain, of the database or of an export; names the first record that is wrong')
    .option('--rebuild', 'also rebuild every projection from its events and compare')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: { rebuild?: boolean; json?: boolean }) => {
      const verdict =
        file === undefined
          ? await withService(program, (service) => verifyDatabase(service, options.rebuild ?? false))
          : verifyExport(read(file))
      if (!verdict.ok) done(1)
      if (options.json) return print(JSON.stringify(verdict))
      if (verdict.ok) {
        const { events, streams, checkpoints } = verdict
        const where = `${count(events, 'event')} in ${count(streams, 'chain')}, ${count(checkpoints, 'checkpoint')}`
        print(`The record holds: ${where}.`)
      } else print(`The record is broken: ${verdict.record} ${verdict.problem}.`)
    })

  audit
    .command('export')
    .description('print the whole record as JSON Lines')
    .action(async () => {
      await withService(program, async ({ database: { db } }) => {
        const now = new Date().toISOString()
        await writeCheckpoint(db, now)
        const events: SealedEvent[] = []
        for await (const event of readAllEvents(db)) events.push(event)
        for (const line of exportLines(events, await readCheckpoints(db), now)) process.stdout.write(line)
      })
    })
}

/** latin1 keeps bytes that are not UTF-8 apart from each other, so that no change of a byte can hide. */
function read(file: string): string {
  try {
    const bytes = readFileSync(file)
    const text = bytes.toString('utf8')
    return Buffer.from(text, 'utf8').equals(bytes) ? text : bytes.toString('latin1')
  } catch (error) {
    throw new BadUse(`${file} cannot be read: ${errorText(error)}.`)
  }
}

async function verifyDatabase({ database: { db } }: Service, rebuild: boolean) {
  const events: SealedEvent[] = []
  const streams = new Set<string>()
  for await (const event of readAllEvents(db)) {
    events.push(event)
    streams.add(event.stream)
  }
  const checkpoints = await readCheckpoints(db)
  const problem = verifyChains(events, checkpoints)
  if (problem) return { ok: false, ...problem } as const
  if (rebuild) {
    for (const stored of await allProposals(db)) {
      if (isDeepStrictEqual(replay(await readStream(db, stored.id)), stored.state)) continue
      return { ok: false, record: stored.id, problem: 'differs from what its events rebuild' } as const
    }
  }
  return { ok: true, events: events.length, streams: streams.size, checkpoints: checkpoints.length } as const
}
