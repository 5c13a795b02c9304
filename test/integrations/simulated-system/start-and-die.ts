/** Started as a process by a test beside it: stages and starts a batch again and again, and is killed without warning. */

import { readFileSync } from 'node:fs'
import type { Batch } from '../../../src/core/ports.ts'
import { createSystemEngine } from '../../../src/integrations/simulated-system/engine.ts'
import { createFileStore } from '../../../src/integrations/simulated-system/store.ts'
import { pace } from './scene.ts'

const [stateFile = '', batchFile = '', killAfterMs = '0'] = process.argv.slice(2)
const batch: Batch = JSON.parse(readFileSync(batchFile, 'utf8'))
const terms = { leadSeconds: 60, reportsWithinSeconds: 60, reboots: [], licences: [] }
const store = createFileStore(stateFile, null)
const engine = createSystemEngine({ name: 'late', store, pace, terms, installation: 'test', clock: () => new Date() })
const { signal } = new AbortController()

setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(killAfterMs))
for (;;) {
  await engine.stage?.(batch, signal)
  const handle = await engine.start(batch, signal)
  await engine.compare?.(handle, signal)
  await engine.tidy?.(batch.key, signal)
}
