/** Rollouts of a few servers, web1 and on, that have begun. */

import type { Policy } from '../../src/core/policy.ts'
import type { PatchSubject, PlannedRing } from '../../src/core/proposal/proposal.ts'
import { unfinished } from '../../src/core/rollout/run.ts'
import { proposalCase } from './proposal-case.ts'
import { content } from './proposals.ts'

export const lenient = { minSuccessPercent: 0, maxFailures: 99, unreachable: 'ignored' } as const

type Change = (subject: PatchSubject) => Partial<PatchSubject>
type Case = ReturnType<typeof proposalCase>

/** An approved rollout that has begun: of one ring of all, in one batch, unless changed. */
export function begun(count: number, change: Change, policy: Partial<Policy> = {}) {
  const one = proposalCase({ content: changed(count, change), policy })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  return one
}

export function changed(count: number, change: Change) {
  const all = content(count)
  if (all.subject.kind !== 'patches') throw new Error('not patches')
  const names = all.subject.assets.map(({ asset }) => asset.name)
  const subject: PatchSubject = { ...all.subject, rings: [ringOf('all', names, { batchSize: count })] }
  return { ...all, subject: { ...subject, ...change(subject) } }
}

/** A ring of these servers, one after the other, that goes on whatever fails. */
export function ringOf(name: string, assets: readonly string[], more: Partial<PlannedRing> = {}): PlannedRing {
  return { name, assets: assets.map(idOf), batchSize: 1, soakSeconds: 0, gate: lenient, ...more }
}

export function idOf(asset: string): string {
  return `lab/${asset}`
}

/** Brings one asset to its end. */
export function end(one: Case, asset: string, state: 'installed' | 'failed' = 'installed') {
  const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  const id = idOf(asset)
  one.give({ type: 'record-outcomes', outcomes: [{ asset: id, outcome }] })
  const verification = { end: state, reason: 'r', packages: [], health: [], at: one.now() }
  return one.give({ type: 'record-verifications', verifications: [{ asset: id, verification }] })
}

/** The names of the servers that are worked on. */
export function working(one: Case): readonly string[] {
  return unfinished(one.state()).map((asset) => asset.replace('lab/', ''))
}
