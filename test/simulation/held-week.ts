/** A decision over a fleet that changes for a week under those who vote, and the start at the end of that week. */

import { expect } from 'vitest'
import { GENESIS } from '../../src/core/audit.ts'
import { type Change, changeTarget, packageChanges } from '../../src/core/change.ts'
import { limits } from '../../src/core/limits.ts'
import { nextStep } from '../../src/core/proposal/next-step.ts'
import { finalStatuses, type PatchSubject } from '../../src/core/proposal/proposal.ts'
import { plannedNow } from '../../src/core/proposal/since.ts'
import { deploymentsOf } from '../../src/core/rollout/deployments.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { sealedEntry } from '../support/test-register.ts'
import { createWeek, type Host } from './week.ts'

type Week = ReturnType<typeof createWeek>

/** What is to become of an asset by what it needs: stated here anew, from what was voted and from the host alone. */
function due(voted: readonly Change[], host: Host | undefined): string | readonly string[] {
  if (host === undefined) return 'gone'
  if (host.platform !== 'debian:12') return 'another system'
  const wanted = Object.entries(host.misses)
  if (wanted.length === 0) return 'up to date'
  const asked = new Map(voted.map((change) => [change.name, changeTarget(change)]))
  if (wanted.some(([name, to]) => asked.has(name) && asked.get(name) !== to)) return 'another version'
  if (wanted.some(([name]) => !asked.has(name))) return 'more'
  return wanted.map(([name]) => name).sort()
}

/** Runs the rollout to its end. Every start is held against what the hosts need, and what was voted. */
function rollOut(week: Week, subject: PatchSubject): { readonly started: readonly string[]; readonly wrong: string[] } {
  const votedOf = new Map(subject.assets.map(({ asset, changes }) => [asset.id, changes]))
  const nameOf = new Map(subject.assets.map(({ asset }) => [asset.id, asset.name]))
  const started: string[] = []
  const wrong: string[] = []

  function deploy(): void {
    const state = week.state()
    const assets = unfinished(state)
    const given = assets.map((asset) => ({ asset, changes: plannedNow(state, asset)?.changes ?? [] }))
    for (const { asset, changes } of given) {
      const name = nameOf.get(asset) ?? ''
      const needs = due(votedOf.get(asset) ?? [], week.fleet.host(name))
      const gets = changes.map((change) => change.name).sort()
      const within = changes.every((change) => votedOf.get(asset)?.includes(change))
      if (!within || JSON.stringify(gets) !== JSON.stringify(needs))
        wrong.push(`${asset} gets ${gets}, and needs ${needs}`)
      week.fleet.install(name, packageChanges(changes, 'of the week'), week.now())
    }
    started.push(...assets)
    const outcomes = given.map(({ asset, changes }) => ({
      asset,
      outcome: { state: 'succeeded', changed: changes, rebooted: false, log: '' } as const,
    }))
    week.give({ type: 'record-outcomes', outcomes })
    verify(assets)
  }

  function verify(assets: readonly string[]): void {
    const at = week.now()
    const verification = { end: 'installed', reason: 'as promised', packages: [], health: [], at } as const
    week.give({ type: 'record-verifications', verifications: assets.map((asset) => ({ asset, verification })) })
  }

  for (let steps = 0; !finalStatuses.includes(week.state().status); steps++) {
    const step = nextStep(week.state(), week.now())
    if (steps > 10_000) throw new Error(`It does not end: ${JSON.stringify(step)}`)
    if (step.do === 'deploy') deploy()
    else if (step.do === 'look again') verify(step.assets)
    else if (step.do === 'wait') week.pass((Date.parse(step.until) - Date.parse(week.now())) / 1_000)
    else if (step.do === 'start') week.give({ type: 'start' })
    else if (step.do === 'start batch') week.give({ type: 'start-batch' })
    else if (step.do === 'end soak') week.give({ type: 'end-soak' })
    else if (step.do === 'complete') week.give({ type: 'complete' })
    else throw new Error(`Nobody expected: ${JSON.stringify(step)}`)
  }
  return { started, wrong }
}

/** 0.3 % of so many servers change each hour of the week. */
export function playHeldWeek(size: number, seed: number): void {
  const week = createWeek(size, 0.003, seed)
  const opened = week.state()
  // Nobody has voted in the first hours: what it asks for follows the fleet, and each asset keeps its ring all the same.
  for (let hour = 1; hour <= 6; hour++) week.hour()
  const asked = week.state()
  expect(asked.revision).toBeGreaterThan(opened.revision)
  for (const [index, ring] of asked.subject.rings.entries()) {
    const known = new Set(opened.subject.assets.map(({ asset }) => asset.id))
    const before = new Set(opened.subject.rings[index]?.assets)
    expect(ring.assets.filter((asset) => known.has(asset) && !before.has(asset))).toEqual([])
  }

  week.vote('noor')
  let raised = 0
  for (let hour = 7; hour <= 72; hour++) if (week.hour().raised) raised++
  expect(week.state()).toMatchObject({ status: 'open', revision: asked.revision, votes: [{ person: 'noor' }] })
  week.vote('tom')
  const approved = week.state()
  expect(approved).toMatchObject({ status: 'scheduled', approvedBy: { how: 'quorum' } })
  for (let hour = 73; hour <= 167; hour++) if (week.hour().raised) raised++
  expect(raised).toBe(0)
  // One more look, which is in the window.
  week.hour()
  const held = week.state()
  expect(Date.parse(week.now())).toBeGreaterThanOrEqual(Date.parse(held.schedule?.start ?? ''))

  const { subject } = asked
  expect(held).toMatchObject({
    status: 'scheduled',
    revision: asked.revision,
    contentHash: asked.contentHash,
    votes: approved.votes,
    approvedBy: approved.approvedBy,
    approvedAt: approved.approvedAt,
    schedule: approved.schedule,
  })
  expect(held.subject).toEqual(subject)
  expect(held.subject.rings).toEqual(subject.rings)

  // What stands on record is what the fleet is like: counted anew, from the fleet alone.
  const needs = new Map(
    subject.assets.map(({ asset, changes }) => [asset.id, due(changes, week.fleet.host(asset.name))] as const),
  )
  const out = [...needs].filter(([, need]) => typeof need === 'string')
  const reasons = new Map(Object.entries(held.since?.leftOut ?? {}).map(([asset, { reason }]) => [asset, reason]))
  expect(new Map([...reasons].sort())).toEqual(new Map(out.sort()))
  expect(new Set(reasons.values())).toEqual(
    new Set(['up to date', 'gone', 'another system', 'another version', 'more']),
  )
  expect(out.length).toBeGreaterThan(size / 5)
  const voted = new Set(subject.assets.map(({ asset }) => asset.name))
  const fresh = week.fleet
    .all()
    .filter(({ name, misses }) => !voted.has(name) && Object.keys(misses).length > 0)
    .map(({ name }) => name)
  expect(Object.values(held.since?.waiting ?? {}).sort()).toEqual(fresh.sort())
  expect(fresh.length).toBeGreaterThan(size / 50)

  // In the window each that is left gets what it needs, in its ring, and nobody else gets anything.
  const { started, wrong } = rollOut(week, subject)
  expect(wrong).toEqual([])
  const left = subject.rings.map(({ assets }) => assets.filter((asset) => typeof needs.get(asset) !== 'string'))
  expect(started).toEqual(left.flat())
  const done = week.state()
  expect(done).toMatchObject({ status: 'completed', revision: asked.revision, votes: approved.votes })
  const rings = deploymentsOf(done.rollout ?? expect.fail('no rollout')).map(({ asset, ring }) => `${ring} ${asset}`)
  expect(rings).toEqual(left.flatMap((assets, ring) => assets.map((asset) => `${ring} ${asset}`)))

  const sizes = week
    .events()
    .filter(({ event }) => event.type !== 'opened' && event.type !== 'revised')
    .map((recorded) => sealedEntry(recorded, GENESIS))
    .map(({ text, beside }) => Buffer.byteLength(text) + Buffer.byteLength(beside?.text ?? ''))
  expect(Math.max(...sizes)).toBeLessThan(limits.eventBytes)
}
