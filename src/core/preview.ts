/** What a preview says of changes. */

import { architectureOf, type Change, changeTarget } from './change.ts'
import { memoizeByIdentity } from './memoize-by-identity.ts'
import type { TransactionStep } from './ports.ts'

/** The steps of a transaction that does these changes and nothing else. The same list for the same changes. */
export const stepsOf = memoizeByIdentity((changes: readonly Change[]): readonly TransactionStep[] =>
  changes.map(stepOf),
)

/** Very many assets share few changes. */
const stepOf = memoizeByIdentity(
  (change: Change): TransactionStep =>
    change.kind === 'update'
      ? {
          action: change.undone === true ? 'remove' : 'install',
          architecture: architectureOf(change),
          from: null,
          name: change.name,
          to: change.undone === true ? null : changeTarget(change),
        }
      : {
          action: change.from === null ? 'install' : 'upgrade',
          architecture: change.architecture,
          from: change.from,
          name: change.name,
          to: change.to,
        },
)

/** Would it do each of the changes as it was asked for, and nothing else? */
export function addsNothing(changes: readonly Change[], steps: readonly TransactionStep[]): boolean {
  if (steps.length !== changes.length) return false
  const asked = stepsOf(changes)
  if (steps.every((step, index) => isSame(step, asked[index]))) return true
  const names = new Set(asked.map(nameOf))
  return steps.every((step) => names.has(nameOf(step)))
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
