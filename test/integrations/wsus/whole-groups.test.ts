import fc from 'fast-check'
import { expect, it } from 'vitest'
import { groupsFor, type Wanted, type WholeGroup } from '../../../src/integrations/wsus/whole-groups.ts'

const machines = ['a', 'b', 'c', 'd', 'e'] as const

const group = fc
  .uniqueArray(fc.constantFrom(...machines), { maxLength: 4 })
  .map((members): Omit<WholeGroup, 'id' | 'name'> => ({ members: new Map(members.map((one) => [one, one])) }))
const groups = fc
  .array(group, { maxLength: 3 })
  .map((all) => all.map((one, index): WholeGroup => ({ ...one, id: `g${index}`, name: `Wave ${index}` })))
const wanted = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...machines), fc.constantFrom('KB1', 'KB2')), { selector: ([name]) => name })
  .map((all) => all.map(([name, changes]): Wanted => ({ asset: `wsus/${name}`, machine: name, name, changes })))

it('lets approvals reach exactly machines that are to be told, with exactly what they are to get', () => {
  fc.assert(
    fc.property(groups, wanted, (all, asked) => {
      const found = groupsFor(all, asked, 'this start')
      expect([...found.keys()]).toEqual(asked.map(({ asset }) => asset))
      const told = new Set([...found.values()].filter((one) => typeof one !== 'string'))
      for (const { members } of told)
        for (const machine of members.keys()) {
          const own = asked.find((one) => one.machine === machine)
          const mine = own === undefined ? undefined : found.get(own.asset)
          expect(typeof mine === 'string' ? mine : mine?.members).toBe(members)
        }
      for (const one of told) {
        const changes = asked.filter(({ asset }) => found.get(asset) === one).map((each) => each.changes)
        expect(new Set(changes).size).toBe(1)
      }
    }),
  )
})
