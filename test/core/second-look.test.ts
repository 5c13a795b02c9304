import { describe, expect, it } from 'vitest'
import { frozen, type InstalledPackage } from '../../src/core/asset.ts'
import type { DeploymentOutcome } from '../../src/core/ports.ts'
import type { PlannedAsset } from '../../src/core/proposal/proposal.ts'
import { verifyWithOthers } from '../../src/core/second-look.ts'
import type { Look } from '../../src/core/verification.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'

const since = '2026-11-22T02:00:00.000Z'
const after = '2026-11-22T03:00:00.000Z'
const before = '2026-11-22T01:00:00.000Z'
const now = '2026-11-22T05:00:00.000Z'
const windows = anAsset('app01', { platform: 'windows:server-2022', source: 'wsus' })
const change = { kind: 'update', name: 'KB9000001', build: '10.0.20348.9001' } as const
const planned: PlannedAsset = {
  ...{ asset: frozen(windows), patches: ['p'], changes: [change], transaction: [], previewProblem: null },
}
const succeeded: DeploymentOutcome = { state: 'succeeded', changed: [], rebooted: false, log: '' }
const silent: DeploymentOutcome = { state: 'silent', reason: 'It said nothing.', log: '' }

const build = (version: string): InstalledPackage => ({
  ...{ name: 'Windows', version, architecture: 'all', source: 'Windows', sourceVersion: version },
})
const done = [build('10.0.20348.9001')]
const missing = [build('10.0.20348.9000')]

const snapshotOf = (packages: readonly InstalledPackage[], observedAt: string, source = 'wsus') =>
  aSnapshot({ ...windows, source }, { packages, observedAt })
const look = (packages: readonly InstalledPackage[], observedAt = after): Look => ({
  ...{ kind: 'seen', snapshot: snapshotOf(packages, observedAt), warnings: [] },
})
const second = (packages: readonly InstalledPackage[], observedAt = after) => ({
  ...{ source: 'winrm', snapshot: snapshotOf(packages, observedAt, 'winrm') },
})
const verified = (own: Look, others: readonly ReturnType<typeof second>[], outcome: DeploymentOutcome = succeeded) =>
  verifyWithOthers(planned, outcome, own, { health: [], now, startedAt: since }, others)

describe('another source that looked after the asset could act', () => {
  it('that saw the same is named', () => {
    const { end, reason, witnesses } = verified(look(done), [second(done)])
    expect(end).toBe('installed')
    expect(reason).toMatch(/; seen the same by winrm \(2026-11-22 03:00 UTC\)$/)
    expect(witnesses).toEqual([{ source: 'winrm', saidAt: after, agrees: true }])
  })

  it.each([
    ['the other one does not see it', look(done), second(missing)],
    ['only the other one sees it', look(missing), second(done)],
  ])('that contradicts is told, and the asset is not verified: %s', (_, own, other) => {
    const { end, reason, packages, witnesses } = verified(own, [other])
    expect(end).toBe('not known')
    expect(reason).toMatch(/^wsus and winrm do not agree about KB9000001\. By wsus: /)
    expect(packages[0]?.result).toBe('not known')
    expect(witnesses).toEqual([{ source: 'winrm', saidAt: after, agrees: false }])
  })

  it('that did not see it yet, before the source that verified did, contradicts nothing', () => {
    const between = '2026-11-22T02:30:00.000Z'
    const { end, reason, witnesses } = verified(look(done), [second(missing, between)])
    expect([end, witnesses]).toEqual(['installed', undefined])
    expect(reason).not.toMatch(/winrm/)
    // It saw it, and the later one does not: that is no delay.
    expect(verified(look(missing), [second(done, between)]).end).toBe('not known')
  })

  it.each([
    ['has said nothing since', look(missing, before), succeeded],
    ['is silent', look(missing, before), silent],
    ['does not answer', { kind: 'unreachable', asset: windows, reason: 'no route', at: after } as const, succeeded],
  ])('verifies where the source of the asset %s', (_, own, outcome) => {
    const found = verified(own, [second(done)], outcome)
    expect(found).toMatchObject({ end: 'installed', witnesses: [{ source: 'winrm', agrees: true }] })
    expect(found.reason).toMatch(/, as winrm saw on 2026-11-22 03:00 UTC$/)
    expect(verified(own, [second(missing)], outcome).end).toBe('still missing')
  })
})

describe('another source counts for nothing', () => {
  it.each([
    ['that looked before the asset could act', second(missing, before)],
    ['that lists no software', second([])],
    [
      'that has another platform in mind',
      { source: 'cmdb', snapshot: aSnapshot(anAsset('app01'), { packages: missing, observedAt: after }) },
    ],
  ])('%s', (_, other) => {
    const alone = verified(look(done), [])
    expect(verified(look(done), [other])).toEqual(alone)
    expect(alone.witnesses).toBeUndefined()
  })

  it('where nothing was started', () => {
    const held: DeploymentOutcome = { state: 'held back', reason: 'It is locked.', log: '' }
    expect(verified(look(missing), [second(done)], held).end).toBe('held back')
  })
})
