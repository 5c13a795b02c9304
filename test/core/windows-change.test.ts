import { describe, expect, test } from 'vitest'
import { type AssetSnapshot, frozen, type InstalledPackage } from '../../src/core/asset.ts'
import type { UpdateChange } from '../../src/core/change.ts'
import { driftOf } from '../../src/core/drift.ts'
import type { DeploymentOutcome } from '../../src/core/ports.ts'
import { contentHash, keepSubject } from '../../src/core/proposal/decision-content.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import type { PatchSubject, PlannedAsset } from '../../src/core/proposal/proposal.ts'
import { rollbackSubject } from '../../src/core/rollback.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { verify } from '../../src/core/verification.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

const asset = anAsset('file01', { platform: 'windows:server-2022', engine: 'wsus' })
/** March 2024: https://support.microsoft.com/help/5035857 says build 20348.2340. */
const march: UpdateChange = { kind: 'update', name: 'KB5035857', build: '10.0.20348.2340' }
const planned: PlannedAsset = {
  asset: frozen(asset),
  patches: ['windows:server-2022/KB5035857'],
  changes: [march],
  transaction: [],
  previewProblem: null,
}
const succeeded: DeploymentOutcome = { state: 'succeeded', changed: [march], rebooted: false, log: '' }
const now = '2026-11-21T03:00:00.000Z'

function saying(build: string, ...updates: readonly string[]): AssetSnapshot {
  const listed = (name: string, version: string): InstalledPackage => ({
    name,
    version,
    architecture: 'all',
    source: name,
    sourceVersion: version,
  })
  return aSnapshot(asset, {
    packages: [listed('Windows', build), ...updates.map((kb) => listed(kb, '1'))],
    observedAt: '2026-11-21T02:58:00.000Z',
  })
}

function verified(snapshot: AssetSnapshot, outcome: DeploymentOutcome = succeeded) {
  return verify(planned, outcome, { kind: 'seen', snapshot, warnings: [] }, { health: [], now })
}

describe('an update of Windows is verified', () => {
  test('as installed where it is listed, its build is reached, or a newer cumulative update is there', () => {
    for (const snapshot of [
      saying('10.0.20348.2340', 'KB5035857'),
      saying('10.0.20348.2340'),
      saying('10.0.20348.2402', 'KB5036909'),
    ])
      expect(verified(snapshot)).toMatchObject({ end: 'installed' })
  })

  test('as still missing where the build is before its own', () => {
    const verification = verified(saying('10.0.20348.2322', 'KB5034770'))
    expect(verification).toMatchObject({
      end: 'still missing',
      reason: 'The engine reported success, but KB5035857 is not installed (its build is 10.0.20348.2322)',
      packages: [{ name: 'KB5035857', promised: '10.0.20348.2340', version: '10.0.20348.2322', result: 'missing' }],
    })
  })

  test('as not known where it has said nothing since it was started', () => {
    const look = { kind: 'seen', snapshot: saying('10.0.20348.2340'), warnings: [] } as const
    const facts = { health: [], now, startedAt: '2026-11-21T02:59:00.000Z' }
    expect(verify(planned, succeeded, look, facts)).toMatchObject({
      end: 'not known',
      reason: 'It has said nothing since it was started: its last word is of 2026-11-21 02:58 UTC',
      packages: [{ name: 'KB5035857', version: null, result: 'not known' }],
    })
    expect(verify(planned, succeeded, look, { ...facts, startedAt: '2026-11-21T02:58:00.000Z' })).toMatchObject({
      end: 'installed',
    })
  })

  test('beside others, of which it is said how many are missing', () => {
    const both = { ...planned, changes: [march, { kind: 'update', name: 'KB5034439', build: null } as const] }
    const look = (snapshot: AssetSnapshot) => ({ kind: 'seen', snapshot, warnings: [] }) as const
    const facts = { health: [], now }
    expect(verify(both, succeeded, look(saying('10.0.20348.2322', 'KB5034770')), facts).reason).toBe(
      'The engine reported success, but 2 of 2 changes are not as promised',
    )
    // That one names no build, so that the build of the machine tells nothing.
    expect(verify(both, succeeded, look(saying('10.0.20348.2340', 'KB5035857')), facts).reason).toBe(
      'The engine reported success, but KB5034439 is not installed',
    )
    expect(verify(both, succeeded, look(saying('10.0.20348')), facts).reason).toMatch(
      /does not tell whether KB5035857, KB5034439 are there$/,
    )
  })

  test('as held back with what it said before, because nothing was begun on it', () => {
    const heldBack: DeploymentOutcome = { state: 'held back', reason: 'No room on the disk.', log: '' }
    const look = { kind: 'seen', snapshot: saying('10.0.20348.2322', 'KB5034770'), warnings: [] } as const
    const facts = { health: [], now, startedAt: now }
    expect(verify(planned, heldBack, look, facts)).toMatchObject({
      end: 'held back',
      packages: [{ name: 'KB5035857', result: 'missing' }],
    })
    const untold = { kind: 'seen', snapshot: saying('10.0.20348'), warnings: [] } as const
    expect(verify(planned, heldBack, untold, facts)).toMatchObject({
      end: 'held back',
      reason: expect.stringMatching(
        /^No room on the disk; what it said on .* does not tell whether KB5035857 is there$/,
      ),
    })
  })

  test('as not known, with the time of what it said, where it does not say its build', () => {
    expect(verified(saying('10.0.20348'))).toMatchObject({
      end: 'not known',
      reason: 'What it said on 2026-11-21 02:58 UTC does not tell whether KB5035857 is there',
      packages: [{ name: 'KB5035857', promised: '10.0.20348.2340', version: null, result: 'not known' }],
    })
    const failed: DeploymentOutcome = { state: 'failed', reason: 'It ended with 0x800f0922.', log: '' }
    expect(verified(saying('10.0.20348'), failed)).toMatchObject({
      end: 'failed',
      reason: expect.stringMatching(
        /^It ended with 0x800f0922; what it said on .* does not tell whether KB5035857 is there$/,
      ),
    })
  })
})

describe('a decision about an update of Windows', () => {
  function ofWindows(): Content {
    const base = content(1)
    if (base.subject.kind !== 'patches') throw new Error('It asks for no patches.')
    const ids = [asset.id]
    const subject: PatchSubject = {
      ...base.subject,
      assets: [{ ...planned, patches: base.subject.patches.map(({ id }) => id) }],
      rings: base.subject.rings.map((ring, index) => ({ ...ring, assets: index === 0 ? ids : [] })),
    }
    return { ...base, subject, contentHash: contentHash(subject) }
  }

  function completed() {
    const one = proposalCase({ content: ofWindows() })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    for (const id of unfinished(one.state())) {
      one.give({ type: 'record-outcomes', outcomes: [{ asset: id, outcome: succeeded }] })
      const verification = { ...verified(saying('10.0.20348.2340', 'KB5035857')), at: one.now() }
      one.give({ type: 'record-verifications', verifications: [{ asset: id, verification }] })
    }
    return one.state()
  }

  test('is kept by its number and build, and read again as it was', () => {
    const { subject, contents } = keepSubject(ofWindows().subject)
    expect(subject.kind === 'patches' && subject.assets[0]?.changes).toEqual([march])
    const kept = contents.map(({ text }) => JSON.parse(text) as unknown)
    const change = { kind: 'update', update: 'KB5035857', build: '10.0.20348.2340' }
    expect(kept).toContainEqual(expect.objectContaining({ changes: [change] }))
  })

  test('drifts when the build goes back, and not when nobody can tell', () => {
    const state = completed()
    const later = (snapshot: AssetSnapshot) => ({ ...snapshot, observedAt: '2030-01-01T00:00:00.000Z' })
    expect(driftOf(state, [later(saying('10.0.20348.2402'))])).toEqual([])
    expect(driftOf(state, [later(saying('10.0.20348'))])).toEqual([])
    expect(driftOf(state, [later(saying('10.0.20348.2322'))])).toEqual([
      { asset: asset.id, what: 'KB5035857 is not installed any more' },
    ])
  })

  test('is rolled back by taking the update off, and only where the rollout installed it', () => {
    const state = completed()
    if (state.subject.kind !== 'patches') throw new Error('It asks for no patches.')
    expect(rollbackSubject(state, state.subject, null).assets).toMatchObject([
      { asset: { id: asset.id }, changes: [{ ...march, undone: true }] },
    ])
    const off = rollbackSubject(state, state.subject, null).assets[0]
    if (off === undefined) throw new Error('Nothing is rolled back.')
    const facts = { health: [], now, rollsBack: true }
    const look = (build: string) => ({ kind: 'seen', snapshot: saying(build), warnings: [] }) as const
    expect(verify(off, succeeded, look('10.0.20348.2322'), facts)).toMatchObject({ end: 'rolled back' })
    expect(verify(off, succeeded, look('10.0.20348.2340'), facts)).toMatchObject({
      end: 'still missing',
      reason: 'The engine reported success, but KB5035857 is still installed, and it was to be taken off',
    })
  })
})
