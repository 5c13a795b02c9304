import { expect, test } from 'vitest'
import { verifyExport } from '../../src/core/audit-export.ts'
import { writeCheckpoint } from '../../src/store/events.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { exportRecord, verifyRecord } from '../../src/workflow/audit.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, mara } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
const person = { kind: 'person', id: mara.id, name: mara.name, via: 'console' } as const

test('an export and a check beside writers and checkpoints see one moment of the record', {
  timeout: 90_000,
}, async () => {
  const { db, url } = database()
  const service = await exampleService(db)
  await service.workflow.syncFeeds(signal)
  await service.workflow.syncInventory(signal)
  await service.workflow.propose(signal)
  const ids = (await openProposals(db)).map(({ id }) => id)
  expect(ids).toHaveLength(2)

  let writing = true
  let written = 0
  const writers = [...ids, ...ids].map(async (id) => {
    while (writing) {
      const done = await service.workflow.execute(id, { type: 'comment', text: `line ${written++}` }, person)
      expect(done.ok).toBe(true)
    }
  })
  const checkpoints = (async () => {
    while (writing) await writeCheckpoint(db, new Date().toISOString())
  })()
  try {
    for (let round = 0; round < 6; round++) {
      const before = written
      let text = ''
      await exportRecord({ db, url }, new Date().toISOString(), async (line) => {
        text += line
        // Like a slow pipe: others write on while it waits.
        if (text.length === line.length) while (written < before + 5) await new Promise(setImmediate)
      })
      expect(verifyExport(text)).toMatchObject({ ok: true, streams: 3 })
      const verdict = await verifyRecord(url, {
        rebuild: true,
        membersOf: () => [mara],
        now: new Date().toISOString(),
      })
      expect(verdict).toMatchObject({ ok: true, streams: 3 })
    }
  } finally {
    writing = false
    await Promise.all([...writers, checkpoints])
    await service.remove()
  }
})

test('an export that waits longer than the server lets a transaction idle goes on', async () => {
  const { db, url, sql } = database()
  const service = await exampleService(db)
  await service.workflow.syncFeeds(signal)
  await service.workflow.syncInventory(signal)
  await service.workflow.propose(signal)
  const [row] = await sql`select current_database() as name`
  await sql.unsafe(`alter database ${row?.name} set idle_in_transaction_session_timeout = '50ms'`)
  let text = ''
  await exportRecord({ db, url }, new Date().toISOString(), async (line) => {
    if (text === '') await sql`select pg_sleep(0.3)`
    text += line
  })
  expect(verifyExport(text)).toMatchObject({ ok: true, streams: 3 })
  await service.remove()
})
