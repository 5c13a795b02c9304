/** Started as a process by the test beside it: starts a batch, polls it, and is killed without warning. */

import { readFileSync } from 'node:fs'
import type { Batch } from '../../../src/core/ports.ts'
import { createSimulatedEngine } from '../../../src/integrations/simulated/index.ts'

const [stateFile = '', batchFile = '', killAfterMs = '0'] = process.argv.slice(2)
const batch: Batch = JSON.parse(readFileSync(batchFile, 'utf8'))
const engine = createSimulatedEngine({ name: 'example', stateFile, pace: 0.02, clock: () => new Date() })
const { signal } = new AbortController()

setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(killAfterMs))
const handle = await engine.start(batch, signal)
for (;;) await engine.poll(handle, signal)
