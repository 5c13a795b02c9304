import { expect, test } from 'vitest'
import { originOf } from '../../src/cli/last-guard.ts'

test.each([
  ['at read (file:///opt/app/node_modules/@slack/bolt/dist/App.js:1:2)', 'the library @slack/bolt'],
  ['at node:internal/x:1:1\n    at go (/opt/app/node_modules/pg/lib/client.js:3:4)', 'the library pg'],
  ['at sweep (file:///opt/app/src/main.ts:12:3)\n at /opt/app/node_modules/pg/x.js:1', 'src/main.ts:12'],
  ['at node:internal/process/task_queues:95:5', 'a place that its stack does not name'],
])('an error says whose code it came from: %s', (stack, origin) => {
  expect(originOf(Object.assign(new Error('x'), { stack: `Error: x\n    ${stack}` }))).toBe(origin)
})
