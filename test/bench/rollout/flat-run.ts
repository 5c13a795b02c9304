/**
 * A part of a rollout in a process of its own, forked by flat.ts: `flat-run.ts <hosts> <folder> approve`, then the same with
 * `follow`. So what is measured is the rollout, as after a restart, and not what it took to propose it.
 */

import type { FlatRun } from './flat.ts'
import { approve, follow, inService } from './many-hosts.ts'

const [, , count = '', folder = '', part] = process.argv
const hosts = Number(count)
if (part === 'approve') await inService(hosts, folder, approve)
else {
  const { status, ends, seconds, rss, heap, commits } = await inService(hosts, folder, follow)
  const run: FlatRun = {
    hosts,
    status,
    installed: ends.get('installed') ?? 0,
    rolloutSeconds: seconds.find(([name]) => name === 'rollout')?.[1] ?? Number.NaN,
    rss: Math.max(...rss),
    heap: Math.max(...heap),
    commits,
  }
  process.send?.(run)
}
