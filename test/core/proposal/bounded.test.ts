/** What an event says of assets has a bound, however many there are. */

import { expect, test } from 'vitest'
import { GENESIS } from '../../../src/core/audit.ts'
import { limits } from '../../../src/core/limits.ts'
import type { ProposalEvent, RecordedEvent } from '../../../src/core/proposal/event.ts'
import { entryProblem } from '../../../src/core/proposal/event-size.ts'
import { portions } from '../../../src/core/proposal/portions.ts'
import { withContent } from '../../../src/core/proposal/written.ts'
import { machine, person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { sealedEntry } from '../../support/test-register.ts'

const sealed = (event: ProposalEvent) => sealedEntry({ stream: 'PW-1', seq: 1, at: '', actor: machine, event }, GENESIS)

const HOSTS = 2_000
const named = (count: number) => Array.from({ length: count }, (_, index) => `web/host-${index}`)

/** Of so many hosts all but the canary are one batch; the gate lets everything pass. */
function manyHosts(hosts = HOSTS, concurrency?: number) {
  const base = content(hosts)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const gate = { minSuccessPercent: 0, maxFailures: hosts, unreachable: 'ignored' } as const
  const ids = base.subject.assets.map(({ asset }) => asset.id)
  const rings = [
    { name: 'canary', assets: ids.slice(0, 1), batchSize: 1, soakSeconds: 0, gate },
    {
      name: 'broad',
      assets: ids.slice(1),
      batchSize: hosts,
      soakSeconds: 0,
      gate,
      ...(concurrency === undefined ? {} : { concurrency }),
    },
  ]
  const one = proposalCase({ content: { ...base, subject: { ...base.subject, rings } } })
  one.vote('mara', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  return one
}

type Case = ReturnType<typeof manyHosts>

function started(one: Case): readonly string[] {
  return Object.values(one.state().rollout?.deployments ?? {}).flatMap(({ asset, verification }) =>
    verification === null ? [asset] : [],
  )
}

const log = 'E: it went wrong\n'.repeat(40)

function end(one: Case, assets: readonly string[]): void {
  one.give({
    type: 'record-outcomes',
    outcomes: assets.map((asset) => ({ asset, outcome: { state: 'failed', reason: 'dpkg failed', log } })),
  })
  const verification = { end: 'failed', reason: 'it says so', packages: [], health: [], at: one.now() } as const
  one.give({ type: 'record-verifications', verifications: assets.map((asset) => ({ asset, verification })) })
}

/** Assets that an event lists. */
function assetsOf(event: ProposalEvent): number {
  switch (event.type) {
    case 'batch-started':
      return event.assets.length + (event.waiting?.length ?? 0)
    case 'assets-started':
    case 'batch-queued':
    case 'retry-asked':
      return event.assets.length
    case 'outcomes-recorded':
      return event.outcomes.length
    case 'verifications-recorded':
      return event.verifications.length
    default:
      return 0
  }
}

function recordedOf(one: Case): readonly RecordedEvent[] {
  return one.recorded().filter(({ event }) => event.type !== 'opened')
}

test.each([
  ['all at once', undefined],
  ['forty at a time', 40],
])('2,000 hosts in one batch, %s: no event tells of more than 500 assets, or is larger than any may be', (_, few) => {
  const one = manyHosts(HOSTS, few)
  one.give({ type: 'start-batch' })
  end(one, started(one))
  while (Object.keys(one.state().rollout?.deployments ?? {}).length < HOSTS) {
    const refused = one.give({ type: 'start-batch' })
    expect(refused).toBeInstanceOf(Array)
    if (few !== undefined) end(one, started(one))
  }
  end(one, started(one))
  for (const { event } of recordedOf(one)) {
    expect(assetsOf(event), event.type).toBeLessThanOrEqual(limits.assetsPerEvent)
    expect(entryProblem(event.type, sealed(event))).toBeNull()
  }
  const run = one.state().rollout
  expect(Object.keys(run?.deployments ?? {})).toHaveLength(HOSTS)
  expect(Object.values(run?.deployments ?? {}).every(({ verification }) => verification?.end === 'failed')).toBe(true)
  expect(new Set(Object.values(run?.deployments ?? {}).map(({ batch }) => batch))).toEqual(new Set([0]))
})

test('all that failed are tried again, in the order in which they failed, however many events say so', () => {
  const one = manyHosts()
  one.give({ type: 'start-batch' })
  end(one, started(one))
  // The first start of the batch; the rest of it waits.
  one.give({ type: 'start-batch' })
  const failed = started(one)
  end(one, failed)
  const waiting = one.state().rollout?.rings[1]?.waiting ?? []
  expect(one.give({ type: 'retry', asset: null }, person('mara'))).toEqual(['retry-asked', 'retry-asked'])
  expect(one.state().rollout?.rings[1]?.waiting).toEqual([...failed, ...waiting])
})

test('a list is cut by number and by bytes, and what is larger than both stands alone', () => {
  expect(portions(named(1_001)).map((part) => part.length)).toEqual([500, 500, 1])
  expect(portions([])).toEqual([])
  const long = named(3).map((name) => name + 'x'.repeat(300))
  expect(portions(long, 700)).toEqual([long.slice(0, 2), long.slice(2)])
  expect(portions(long, 10)).toEqual(long.map((name) => [name]))
})

test('an event that is too large is named with its size; what is voted on is no part of it', () => {
  const text = 'ü'.repeat(limits.eventBytes / 2)
  expect(entryProblem('noted', sealed({ type: 'noted', text }))).toBe(
    'This cannot be recorded: "noted" would take 65 KB, and an event has 64 KB at most.',
  )
  const { contents, content: large } = withContent(content(5_000))
  const revised = {
    type: 'revised',
    revision: 2,
    reason: 'r',
    votesKept: false,
    expiresAt: '',
    noticeEndsAt: null,
    ...large,
  } as const
  expect(contents.length).toBeGreaterThan(5)
  expect(sealed(revised).text.length).toBeLessThan(1_000)
})

test('what a check of a gate says is cut, so that the answers of all fit into their event', () => {
  const base = content(2)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const checks = [{ kind: 'health', check: { kind: 'tcp', port: 80, host: 'web', timeoutSeconds: 1 } }] as never
  const rings = base.subject.rings.map((ring) => ({ ...ring, gate: { ...ring.gate, checks } }))
  const one = proposalCase({ content: { ...base, subject: { ...base.subject, rings } } })
  one.vote('mara', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.give({ type: 'record-gate', results: [{ check: 'tcp', healthy: false, detail: 'x'.repeat(100_000) }] })
  const checked = recordedOf(one).find(({ event }) => event.type === 'gate-checked')
  expect(checked && entryProblem('gate-checked', sealed(checked.event))).toBeNull()
  expect(one.state().status).toBe('halted')
})
