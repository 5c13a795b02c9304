import { expect, test } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { exampleService, jonas, mara, tom } from '../support/example-service.ts'
import { content, policy } from '../support/proposals.ts'

const database = useDatabase()

test('ten clicks at once on one proposal each get their answer, and each counts once', async () => {
  const service = await exampleService(database().db)
  const { workflow } = service
  const opened = await workflow.open('web-platform', content(2), policy, { kind: 'system', part: 'assessment' })
  expect(opened.ok).toBe(true)
  const request = { reason: null, owner: null, until: null, asset: null, revision: 1, action: 'approve' } as const
  const people = [mara, tom, jonas, mara, tom, mara, tom, jonas, mara, tom]
  const answers = await Promise.all(
    people.map(({ id, name }) =>
      workflow.desk.act({ ...request, proposal: 'PW-1' }, { kind: 'person', id, name, via: 'console' }),
    ),
  )
  expect(answers).toHaveLength(10)
  const cast = await database().sql`select 1 from audit.facts where event = 'vote-cast'`
  expect(cast).toHaveLength(2)
  await service.remove()
})
