import { expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { exampleService } from '../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
it('explore', async () => {
  const { db, sql } = database()
  const s = await exampleService(db)
  await s.workflow.syncFeeds(signal)
  await s.workflow.syncInventory(signal)
  await s.workflow.propose(signal)
  console.log(s.warnings)
  for (const r of await sql`select stream, seq, event, facts, beside from audit.facts where stream not like 'PW%' order by id`)
    console.log(JSON.stringify(r))
  await s.workflow.syncFeeds(signal)
  await s.workflow.syncInventory(signal)
  await s.workflow.propose(signal)
  console.log(s.warnings, await sql`select stream, count(*) from audit.facts group by 1`)
  for (const r of await sql`select text from audit.content where kind = 15`) console.log(r.text)
  await s.remove()
})
