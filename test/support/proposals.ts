/** Small proposals for tests of the core. */

import { frozen } from '../../src/core/asset.ts'
import type { Patch } from '../../src/core/catalog.ts'
import type { Policy } from '../../src/core/policy.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import type { PatchSubject, Rollout } from '../../src/core/proposal/proposal.ts'
import type { WindowPlan } from '../../src/core/window.ts'
import { anAsset } from './asset.ts'
import { always } from './windows.ts'

export const policy: Policy = {
  name: 'standard',
  approval: {
    kind: 'quorum',
    needs: [
      { role: 'owner', count: 1 },
      { role: 'security', count: 1 },
    ],
  },
  selfApproval: 'forbidden',
  expiresAfterSeconds: 7 * 86_400,
  remindAfterSeconds: null,
  messageAfterSeconds: null,
  escalateAfterSeconds: null,
  escalateTo: [],
  stop: ['owner', 'on-call'],
  resume: [{ role: 'owner', count: 1 }],
  breakGlass: null,
  reboot: 'never',
  restartServices: 'never',
  testRing: 'never',
  inventoryMaxAgeSeconds: 30 * 86_400,
  acknowledgement: null,
  stepUpRings: [],
}

const patch: Patch = {
  id: 'debian:12/openssl/3.0.22',
  platform: 'debian:12',
  source: 'openssl',
  type: 'security',
  version: '3.0.22',
  packages: [{ name: 'openssl', architecture: 'amd64', to: '3.0.22' }],
  cves: [],
  advisories: [],
  origins: [],
  priority: 'scheduled',
  evidence: [],
  assumptions: [],
  dueAt: null,
}

/** A patch for `count` assets: one canary, then the rest two at a time. */
export function content(count: number, window: WindowPlan = always): Content {
  const assets = Array.from({ length: count }, (_, index) => anAsset(`web${index + 1}`))
  const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const
  const ids = assets.map((item) => item.id)
  const subject: PatchSubject = {
    kind: 'patches',
    patches: [patch],
    assets: assets.map((item) => ({
      asset: frozen(item),
      patches: [patch.id],
      changes: [{ name: 'openssl', architecture: 'amd64', from: '3.0.20', to: '3.0.22' }],
      transaction: [{ action: 'upgrade', name: 'openssl', architecture: 'amd64', from: '3.0.20', to: '3.0.22' }],
      previewProblem: null,
    })),
    rings: [
      { name: 'canary', assets: ids.slice(0, 1), batchSize: 1, soakSeconds: 60, gate },
      { name: 'broad', assets: ids.slice(1), batchSize: 2, soakSeconds: 0, gate },
    ],
    window,
    health: [],
    engine: 'ssh',
    inventoryAt: '2026-11-20T00:00:00.000Z',
  }
  return {
    title: 'openssl',
    subject,
    contentHash: contentHash(subject),
    priority: 'scheduled',
    whyNow: 'test',
    dueAt: null,
  }
}

/** The same with a test ring of the first `tested`, one after the other, that runs while people vote; then the rest. */
export function testedContent(count: number, tested: number, window: WindowPlan = always): Content {
  const base = content(count, window)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const
  const ids = base.subject.assets.map(({ asset }) => asset.id)
  const subject: PatchSubject = {
    ...base.subject,
    rings: [
      { name: 'test', assets: ids.slice(0, tested), batchSize: 1, beforeVote: true, soakSeconds: 0, gate },
      { name: 'broad', assets: ids.slice(tested), batchSize: 2, soakSeconds: 0, gate },
    ],
  }
  return { ...base, subject, contentHash: contentHash(subject) }
}

/** The same content, asked for because CISA lists it as exploited. */
export function exploited(base: Content): Content {
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const evidence = [
    { fact: 'Exploitation', value: 'CVE-2026-0001 is listed', source: 'CISA KEV', date: null, note: null },
  ]
  const patches = base.subject.patches.map((patch) => ({ ...patch, evidence }))
  const subject = { ...base.subject, patches }
  return { ...base, subject, contentHash: contentHash(subject) }
}

/** A rollout of which nothing has begun, of no ring. */
export const emptyRun: Rollout = {
  startedAt: '2026-11-21T02:00:00.000Z',
  verifyingSince: null,
  rings: [],
  deployments: {},
  starts: 0,
  retried: {},
  skipped: {},
  notBegun: {},
  extendedUntil: null,
}
