/** Compares the previewed transaction with the changes that were asked for. */

import { architectureOf, type Change, changeTarget, versionBefore } from './change.ts'
import { memoizeByIdentity } from './memoize-by-identity.ts'
import type { TransactionStep } from './ports.ts'

/** The steps of a transaction that makes exactly these changes. The same list of changes gives the same object. */
export const stepsOf = memoizeByIdentity((changes: readonly Change[]): readonly TransactionStep[] =>
  changes.map(stepOf),
)

/** Kept per change, because very many assets share few changes. */
const stepOf = memoizeByIdentity((change: Change): TransactionStep => {
  const off = change.kind === 'update' && change.undone === true
  const from = versionBefore(change)
  return {
    action: off ? 'remove' : from === null ? 'install' : 'upgrade',
    architecture: architectureOf(change),
    from,
    name: change.name,
    to: off ? null : changeTarget(change),
  }
})

/** Whether the transaction makes each of the changes as asked for, and nothing else. */
export function addsNothing(changes: readonly Change[], steps: readonly TransactionStep[]): boolean {
  if (steps.length !== changes.length) return false
  if (saysAsMuch(changes, steps)) return true
  const names = new Set(stepsOf(changes).map(nameOf))
  return steps.every((step) => names.has(nameOf(step)))
}

/** Whether the steps are exactly those of the changes, in the same order. */
export function saysAsMuch(changes: readonly Change[], steps: readonly TransactionStep[]): boolean {
  const asked = stepsOf(changes)
  return asked === steps || (asked.length === steps.length && steps.every((step, index) => isSame(step, asked[index])))
}

function isSame(a: TransactionStep, b: TransactionStep | undefined): boolean {
  return (
    b !== undefined &&
    a.name === b.name &&
    a.to === b.to &&
    a.from === b.from &&
    a.action === b.action &&
    a.architecture === b.architecture
  )
}

function nameOf({ action, name, architecture, from, to }: TransactionStep): string {
  return `${action} ${name} ${architecture} ${from} ${to}`
}
