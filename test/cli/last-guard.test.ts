import { DrizzleQueryError } from 'drizzle-orm/errors'
import { expect, test } from 'vitest'
import { guardProcess, originOf } from '../../src/cli/last-guard.ts'

test.each([
  ['at read (file:///opt/app/node_modules/@slack/bolt/dist/App.js:1:2)', 'the library @slack/bolt'],
  ['at node:internal/x:1:1\n    at go (/opt/app/node_modules/pg/lib/client.js:3:4)', 'the library pg'],
  ['at sweep (file:///opt/app/src/main.ts:12:3)\n at /opt/app/node_modules/pg/x.js:1', 'src/main.ts:12'],
  ['at node:internal/process/task_queues:95:5', 'a place that its stack does not name'],
])('an error says whose code it came from: %s', (stack, origin) => {
  expect(originOf(Object.assign(new Error('x'), { stack: `Error: x\n    ${stack}` }))).toBe(origin)
})

test('what no code caught is told with its stack, and without the parameters of a statement', () => {
  const told: string[] = []
  const before = process.listeners('unhandledRejection')
  const release = guardProcess({ warn: (text) => told.push(text) })
  const [guard] = process.listeners('unhandledRejection').filter((each) => !before.includes(each))
  const gone = Promise.resolve()
  guard?.(new DrizzleQueryError('select $1', ['s3cret\n    at node_modules/s3cret/x'], new Error('refused')), gone)
  release()
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/refused\n {4}at .*last-guard\.test/)
  expect(told[0]).not.toContain('s3cret')
})
