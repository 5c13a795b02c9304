/** One rollout in a process of its own: `flat-run.ts <hosts>`, forked by flat.ts. */

import type { FlatRun } from './flat.ts'
import { playRollout } from './many-hosts.ts'

const hosts = Number(process.argv[2])
const { status, ends, seconds, rss, heap, commits } = await playRollout(hosts)
const run: FlatRun = {
  hosts,
  status,
  installed: ends.get('installed') ?? 0,
  rolloutSeconds: seconds.find(([part]) => part === 'rollout')?.[1] ?? Number.NaN,
  rss: Math.max(...rss),
  heap: Math.max(...heap),
  commits,
}
process.send?.(run)
