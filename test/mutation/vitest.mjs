/** What the tests of the core take from Vitest: it only collects them, so that they can be run again and again in one process. */

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  GLOBAL_EXPECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

export const expect = (value, message) => chai.expect(value, message)
Object.assign(expect, chai.expect, { getState: () => getState(expect), setState: (state) => setState(state, expect) })
Object.assign(expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT])
globalThis[GLOBAL_EXPECT] = expect
setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null }, expect)

/** Of the file that is being loaded. */
export const collected = []
const around = []

export function describe(name, make) {
  around.push(name)
  make()
  around.pop()
}
describe.each = each(describe)

export function test(name, run) {
  if (typeof run === 'function') collected.push({ name: [...around, name].join(' > '), run })
}
test.each = each(test)
test.skipIf = (skip) => (skip ? () => {} : test)
export const it = test

function each(one) {
  return (rows) => (name, run) => {
    rows.forEach((row, index) => {
      one(`${name} (${index + 1})`, () => run(...(Array.isArray(row) ? row : [row])))
    })
  }
}
