/** A rollout of many hosts over a real database, without engines: what becomes of the hosts is said by the caller. */

import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { RecordedOutcome, RecordedVerification } from '../../src/core/proposal/event.ts'
import type { Db } from '../../src/store/connection.ts'
import { findProposal } from '../../src/store/proposals.ts'
import { starts } from '../../src/store/schema.ts'
import type { Workflow } from '../../src/workflow/workflow.ts'
import { approveAs, mara, standard, tom } from './example-service.ts'
import { machineFor } from './proposal-case.ts'
import { content } from './proposals.ts'
import { listSeen } from './seen-assets.ts'

/** Approved, with all its hosts started in one batch; its gate lets everything pass. The ids of the hosts. */
export async function startedOn(
  db: Db,
  { execute }: Pick<Workflow, 'execute'>,
  id: string,
  number: number,
  hosts: number,
): Promise<readonly string[]> {
  const base = content(hosts)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  // Two rollouts never work on the same host, and rings of one name share their room.
  const named = base.subject.assets.map((item) => ({
    ...item,
    asset: { ...item.asset, id: `${id}/${item.asset.name}.example.net`, name: `${item.asset.name}.example.net` },
  }))
  const assets = named.map(({ asset }) => asset.id)
  const gate = { minSuccessPercent: 0, maxFailures: hosts, unreachable: 'ignored' } as const
  const now = new Date().toISOString()
  const subject = {
    ...base.subject,
    assets: named,
    rings: [{ name: `all of ${id}`, assets, batchSize: hosts, soakSeconds: 0, gate }],
    inventoryAt: now,
  }
  await listSeen(db, named, now)
  const opened = { ...base, subject, contentHash: contentHash(subject) }
  async function must(what: Parameters<Workflow['execute']>[1]): Promise<void> {
    const done = await execute(id, what, machineFor(what))
    if (!done.ok) throw new Error(`${what.type}: ${done.refusal.sentence}`)
  }
  await must({ type: 'open', id, number, team: 'web-platform', content: opened, policy: standard })
  for (const who of [mara, tom]) await approveAs({ execute }, id, who)
  await must({ type: 'start' })
  for (;;) {
    await must({ type: 'start-batch' })
    const started = Object.values((await findProposal(db, id))?.rollout?.deployments ?? {})
    if (started.length < hosts) continue
    const keys = [...new Set(started.map(({ key }) => key))]
    const stage = { stage: 'started', handle: {} } as const
    await db.insert(starts).values(keys.map((key) => ({ key, proposal: id, engine: 'ssh', ...stage, startedAt: now })))
    return assets
  }
}

/** Every tenth fails; each has a log of its own. */
export function outcomeOf(asset: string, index: number): RecordedOutcome {
  const log = `Setting up openssl on ${asset} ...\n`.repeat(20)
  if (index % 10 === 9) return { asset, outcome: { state: 'failed', reason: 'dpkg failed', log } }
  const changed = [{ name: 'openssl', architecture: 'amd64', from: '3.0.20', to: '3.0.22' }]
  return { asset, outcome: { state: 'succeeded', changed, rebooted: false, log } }
}

export function verificationOf(asset: string, index: number): RecordedVerification {
  const well = index % 10 !== 9
  const packages = [{ name: 'openssl', promised: '3.0.22', version: well ? '3.0.22' : '3.0.20' }]
  const reason = well ? 'it reports every promised version' : 'openssl is 3.0.20 instead of 3.0.22'
  const end = well ? 'installed' : 'failed'
  return { asset, verification: { end, reason, packages, health: [], at: new Date().toISOString() } }
}
