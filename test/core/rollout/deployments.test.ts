import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Deployment, EndState, Rollout } from '../../../src/core/proposal/proposal.ts'
import {
  deploymentOf,
  deploymentsOf,
  failedDeployments,
  unverified,
  withChanges,
  withDeployments,
  withoutDeployments,
} from '../../../src/core/rollout/deployments.ts'
import { emptyRun } from '../../support/proposals.ts'

function deployment(asset: string, end: EndState | null): Deployment {
  const at = '2026-11-21T02:01:00.000Z'
  const verification = end === null ? null : { end, reason: 'as it says', packages: [], health: [], at }
  return { asset, ring: 0, batch: 0, key: 'PW-1.r1.1.1', startedAt: at, outcome: null, verification, doneAt: null }
}

const asset = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const end = fc.constantFrom<EndState | null>(null, 'installed', 'failed', 'unreachable', 'not touched')
const change = fc.record({
  /** Which of the states so far it changes: several may come out of one. */
  from: fc.nat(),
  set: fc.uniqueArray(fc.tuple(asset, end), { selector: ([name]) => name, maxLength: 3 }),
  remove: fc.uniqueArray(asset, { maxLength: 2 }),
})

test('whatever comes out of a state, it and all others are as if their records had been copied', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
      const states: { readonly run: Rollout; readonly record: Readonly<Record<string, Deployment>> }[] = [
        { run: emptyRun, record: {} },
      ]
      for (const { from, set, remove } of changes) {
        const before = states[from % states.length]
        if (before === undefined) continue
        const deployments = set.map(([name, how]) => deployment(name, how))
        const record: Record<string, Deployment> = { ...before.record }
        for (const item of deployments) record[item.asset] = item
        for (const name of remove) delete record[name]
        const added = withChanges(withDeployments(before.run, deployments), { starts: before.run.starts + 1 })
        states.push({ run: remove.length > 0 ? withoutDeployments(added, new Set(remove)) : added, record })
      }
      for (const { run, record } of states) {
        const all = Object.values(record)
        expect(deploymentsOf(run)).toEqual(all)
        expect(JSON.stringify(run.deployments)).toBe(JSON.stringify(record))
        for (const name of ['a', 'b', 'c', 'd', 'e']) expect(deploymentOf(run, name)).toBe(record[name])
        const names = (list: readonly Deployment[]) => list.map((item) => item.asset)
        expect(names(unverified(run)).sort()).toEqual(names(all.filter((item) => item.verification === null)).sort())
        const failed = all.filter(({ verification }) => /failed|unreachable/.test(verification?.end ?? ''))
        expect(names(failedDeployments(run))).toEqual(names(failed))
        // What was stored and read again is the same.
        const read: Rollout = JSON.parse(JSON.stringify(run))
        expect(read).toEqual(run)
        expect(deploymentsOf(read)).toEqual(all)
      }
    }),
  )
})
