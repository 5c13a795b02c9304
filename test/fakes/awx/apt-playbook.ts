/**
 * What a playbook that keeps the contract does on hosts with apt, without ansible and without hosts. The shipped playbook
 * itself runs in test/fleet/awx-engine.test.ts, on real ones.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { FakeEvent, Played } from './fake-awx.ts'

interface Change {
  readonly name: string
  readonly architecture: string
  readonly from: string | null
  readonly to: string | null
}

export interface PlaybookHost {
  readonly offers: readonly { name: string; architecture: string; from: string; to: string }[]
  readonly versions: Map<string, string>
  /** What became of each key. */
  readonly journal: Map<string, unknown>
  transactions: number
  broken: boolean
  down: boolean
}

export function createPlaybookHost(offers: PlaybookHost['offers']): PlaybookHost {
  const versions = new Map(offers.map((one) => [one.name, one.from]))
  return { offers, versions, journal: new Map(), transactions: 0, broken: false, down: false }
}

/** Tasks of the playbook on hosts of these names. */
export function createAptPlaybook(hosts: ReadonlyMap<string, PlaybookHost>) {
  return async function play({ extraVars, hosts: names, check, signal }: Played): Promise<readonly FakeEvent[]> {
    const mode = String(extraVars.patchwarden_mode)
    const key = String(extraVars.patchwarden_key)
    const wanted = extraVars.patchwarden_changes as Record<string, Wanted>
    await sleep(3)
    return names.flatMap((name): FakeEvent[] => {
      const host = hosts.get(name)
      if (host === undefined || host.down || signal.aborted) {
        const res = { unreachable: true, changed: false, msg: 'Failed to connect to the host via ssh' }
        return [{ event: 'runner_on_unreachable', host_name: name, task: 'patchwarden reach', res }]
      }
      const asked = wanted[name] ?? { changes: [], transaction: [], not_after: null }
      const patchwarden = perform(host, check && mode !== 'preview' ? 'none' : mode, key, asked)
      const res = { changed: false, ansible_stats: { data: { patchwarden }, per_host: true, aggregate: true } }
      return [
        { event: 'runner_on_ok', host_name: name, task: 'patchwarden reach', res: { ping: 'pong' } },
        { event: 'runner_on_ok', host_name: name, task: 'patchwarden', res },
      ]
    })
  }
}

interface Wanted {
  readonly changes: Change[]
  readonly transaction: Change[]
  readonly not_after: number | null
}

function perform(host: PlaybookHost, mode: string, key: string, wanted: Wanted): unknown {
  const { changes, transaction, not_after } = wanted
  if (mode === 'preview') return preview(host, key, changes)
  const over = { state: 'not begun', reason: 'Its time was over before it could begin.', log: '' }
  const isOver = not_after !== null && Date.now() / 1_000 >= not_after
  if (mode === 'apply' && !host.journal.has(key))
    host.journal.set(key, isOver ? over : apply(host, changes, transaction))
  const never = { state: 'not begun', reason: 'The rollout was stopped before its turn came.', log: '' }
  if (mode === 'outcome' && !host.journal.has(key)) host.journal.set(key, never)
  return host.journal.get(key)
}

function preview(host: PlaybookHost, key: string, changes: Change[]): unknown {
  const steps: unknown[] = []
  for (const { name, architecture, to } of changes) {
    const from = host.versions.get(name)
    if (from === to) continue
    if (!host.offers.some((offer) => offer.name === name && offer.to === to))
      return { problem: `${name} ${to} is not on offer there any more.`, log: `E: Version '${to}' for '${name}'` }
    steps.push({ action: 'upgrade', name, architecture, from, to })
  }
  return { steps, begun: host.journal.has(key), notes: [] }
}

function apply(host: PlaybookHost, changes: Change[], transaction: Change[]): unknown {
  const seen = preview(host, '', changes) as { steps?: Change[]; problem?: string }
  if (seen.steps === undefined) return { state: 'held back', reason: seen.problem, log: '' }
  const text = (steps: Change[]) => steps.map(({ name, to }) => `${name} ${to}`).sort()
  const other = text(seen.steps).filter((one) => !text(transaction).includes(one))
  if (other.length > 0) return { state: 'held back', reason: `It would now install ${other.join(', ')}.`, log: '' }
  host.transactions++
  if (host.broken) {
    const log =
      'dpkg: error processing package openssl (--configure):\nE: Sub-process /usr/bin/dpkg returned an error code'
    return { state: 'failed', reason: 'dpkg could not set up openssl: it returned an error', log }
  }
  for (const { name, to } of seen.steps) if (to !== null) host.versions.set(name, to)
  const changed = seen.steps.map(({ name, architecture, from, to }) => ({ name, architecture, from, to }))
  return {
    state: 'succeeded',
    changed,
    rebooted: false,
    log: changed.map((one) => `Setting up ${one.name}`).join('\n'),
  }
}
