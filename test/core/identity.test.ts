/** Which assets are the same machine: by example, and what holds for any sources. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cloudId,
  type Declared,
  fullName,
  hardwareId,
  type Identity,
  idKinds,
  knownIdentity,
  machinesOf,
  type Sighting,
} from '../../src/core/identity.ts'

const A = '11111111-2222-3333-4444-555555555555'
const B = '99999999-2222-3333-4444-555555555555'

function seen(id: string, identity: Identity = {}): Sighting {
  const [source = '', name = ''] = id.split('/')
  return { id, source, name, identity }
}

const groups = (sightings: readonly Sighting[], declared?: Declared) =>
  machinesOf(sightings, declared).machines.map(({ members }) => members.join(' '))
const reasons = (sightings: readonly Sighting[]) =>
  machinesOf(sightings).disputes.map(({ kind, why, members }) => `${kind}: ${why}: ${members.join(' ')}`)

describe('ids in one form', () => {
  it('takes a system UUID in either byte order, as SMBIOS before 2.6 and Windows write it', () => {
    // The example of RFC 4122 and of the SMBIOS reference specification (DSP0134, 7.2.1).
    const id = hardwareId('00112233-4455-6677-8899-AABBCCDDEEFF')
    expect(hardwareId('33221100-5544-7766-8899-aabbccddeeff')).toBe(id)
    expect(hardwareId('{00112233-4455-6677-8899-AABBCCDDEEFF}\n')).toBe(id)
    expect(hardwareId('00112233445566778899aabbccddeeff')).toBe(id)
  })

  it.each([
    '',
    'Not Settable',
    'Default string',
    '00000000-0000-0000-0000-000000000000',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
  ])('takes no placeholder of a maker for an id: %j', (text) => expect(hardwareId(text)).toBeNull())

  it('takes ids of clouds that give none twice', () => {
    expect(cloudId('aws:i-0123456789abcdef0')).toBe('aws:i-0123456789abcdef0')
    expect(cloudId('gce:1234567890')).toBe('gce:1234567890')
    expect(cloudId('azure:33221100-5544-7766-8899-AABBCCDDEEFF')).toBe(
      cloudId('azure:00112233-4455-6677-8899-aabbccddeeff'),
    )
    for (const none of ['aws:iid-local01', 'nocloud:iid-local01', 'none:iid-datasource-none', 'i-0123456789abcdef0'])
      expect(cloudId(none)).toBeNull()
  })

  it('takes names with a domain', () => {
    expect(fullName('Web01.Example.NET.')).toBe('web01.example.net')
    for (const none of ['web01', '', 'localhost', 'localhost.localdomain', 'web01.localdomain', '10.0.0.7', 'a b.c'])
      expect(fullName(none)).toBeNull()
    expect(fullName('ip-10-0-0-7.ec2.internal')).toBeNull()
  })

  it('keeps what a look could not read, and forgets what a source says is not there', () => {
    expect(knownIdentity({ hardware: A, fqdn: 'a.example.net' }, { fqdn: null })).toEqual({ hardware: A })
    expect(knownIdentity({ hardware: A }, { hardware: B })).toEqual({ hardware: B })
  })
})

describe('one machine', () => {
  it('is matched by hardware id, cloud id or full name, never by a short name alone', () => {
    expect(groups([seen('ssh/web01', { hardware: A }), seen('wsus/web01', { hardware: A })])).toEqual([
      'ssh/web01 wsus/web01',
    ])
    const cloud = { cloud: 'aws:i-0123456789abcdef0' }
    expect(groups([seen('ssh/shop', cloud), seen('ssm/i-0123456789abcdef0', cloud)])).toEqual([
      'ssh/shop ssm/i-0123456789abcdef0',
    ])
    const fqdn = { fqdn: 'web01.example.net' }
    expect(groups([seen('ssh/web01', fqdn), seen('wsus/WEB01', fqdn)])).toEqual(['ssh/web01 wsus/WEB01'])
    expect(groups([seen('ssh/web01'), seen('wsus/web01'), seen('file/web01')])).toHaveLength(3)
  })

  it('is matched over several ids', () => {
    const sightings = [
      seen('file/web01', { fqdn: 'web01.example.net' }),
      seen('ssh/web01', { fqdn: 'web01.example.net', hardware: A }),
      seen('wsus/web01', { hardware: A }),
    ]
    expect(machinesOf(sightings).machines).toEqual([
      { members: ['file/web01', 'ssh/web01', 'wsus/web01'], by: ['hardware', 'fqdn'] },
    ])
  })

  it('is not matched where its ids contradict each other', () => {
    const fqdn = 'web01.example.net'
    const two = [seen('ssh/web01', { fqdn, hardware: A }), seen('wsus/web01', { fqdn, hardware: B })]
    expect(groups(two)).toHaveLength(2)
    expect(reasons(two)).toEqual(['fqdn: other hardware ids: ssh/web01 wsus/web01'])
    // Whom the third one belongs to is not known.
    expect(groups([...two, seen('file/web01', { fqdn })])).toHaveLength(3)
  })

  it('is not matched with its clone, which has the same hardware id and another name', () => {
    const clones = [
      seen('ssh/web01', { hardware: A, fqdn: 'web01.example.net' }),
      seen('wsus/web02', { hardware: A, fqdn: 'web02.example.net' }),
    ]
    expect(groups(clones)).toHaveLength(2)
    expect(reasons(clones)).toEqual(['hardware: other names: ssh/web01 wsus/web02'])
    expect(reasons([seen('ssh/web01', { hardware: A }), seen('wsus/web02', { hardware: A })])).toEqual([
      'hardware: other names: ssh/web01 wsus/web02',
    ])
    // The full name still tells which of them a third source means.
    expect(groups([...clones, seen('file/x', { fqdn: 'web02.example.net' })])).toEqual([
      'file/x wsus/web02',
      'ssh/web01',
    ])
  })

  it('counts the weakest id least where ids lead to a contradiction only together', () => {
    const cloud = 'gce:7'
    const chain = [
      seen('a/x', { hardware: A, fqdn: 'x.example.net' }),
      seen('b/x', { fqdn: 'x.example.net', cloud }),
      seen('c/x', { hardware: B, cloud }),
    ]
    expect(groups(chain)).toEqual(['a/x', 'b/x c/x'])
    expect(reasons(chain)).toEqual(['fqdn: contradiction: a/x b/x'])
  })

  it('is never two assets of one source', () => {
    const two = [seen('ssh/a', { hardware: A }), seen('ssh/b', { hardware: A }), seen('file/a', { hardware: A })]
    expect(groups(two)).toHaveLength(3)
  })

  it('is what the operator says', () => {
    const same = [['ssh/db', 'wsus/SRV12']]
    const two = [seen('ssh/db', { hardware: A }), seen('wsus/SRV12', { hardware: B })]
    expect(groups(two, { same, apart: [] })).toEqual(['ssh/db wsus/SRV12'])
    expect(machinesOf(two, { same, apart: [] }).machines[0]?.by).toEqual(['configuration'])
    const third = seen('file/srv12', { hardware: B })
    expect(groups([...two, third], { same, apart: [] })).toEqual(['file/srv12 ssh/db wsus/SRV12'])
    const match = [seen('ssh/a', { hardware: A }), seen('file/a', { hardware: A })]
    expect(groups(match, { same: [], apart: [['ssh/a', 'file/a']] })).toHaveLength(2)
  })
})

describe('whatever sources say', () => {
  const identities = fc.record({
    hardware: fc.constantFrom(undefined, A, B),
    cloud: fc.constantFrom(undefined, undefined, 'gce:1', 'gce:2'),
    fqdn: fc.constantFrom(undefined, 'x.example.net', 'y.example.net'),
  })
  const some = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y', 'z'), identities)
      .map(([source, name, identity]) =>
        seen(
          `${source}/${name}`,
          Object.fromEntries(Object.entries(identity).filter(([, value]) => value !== undefined)),
        ),
      ),
    { selector: ({ id }) => id, maxLength: 9 },
  )

  it('the order does not matter, and each asset is in exactly one machine', () =>
    fc.assert(
      fc.property(
        some.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const found = machinesOf(list)
          expect(machinesOf(shuffled)).toEqual(found)
          expect(found.machines.flatMap(({ members }) => members).sort()).toEqual(list.map(({ id }) => id).sort())
        },
      ),
      { numRuns: 1_000 },
    ))

  it('no machine contradicts itself, and each has ids that connect all of it', () =>
    fc.assert(
      fc.property(some, (list) => {
        const byId = new Map(list.map((one) => [one.id, one]))
        for (const { members } of machinesOf(list).machines) {
          const own = members.flatMap((id) => byId.get(id) ?? [])
          const values = (kind: (typeof idKinds)[number]) =>
            new Set(own.flatMap(({ identity }) => identity[kind] ?? []))
          expect(values('hardware').size).toBeLessThan(2)
          expect(values('cloud').size).toBeLessThan(2)
          expect(new Set(own.map(({ source }) => source)).size).toBe(own.length)
          const reached = new Set(own.slice(0, 1))
          for (let before = -1; before !== reached.size; ) {
            before = reached.size
            for (const one of own)
              for (const other of [...reached])
                if (
                  idKinds.some(
                    (kind) => one.identity[kind] !== undefined && one.identity[kind] === other.identity[kind],
                  )
                )
                  reached.add(one)
          }
          expect(reached.size).toBe(own.length)
        }
      }),
      { numRuns: 1_000 },
    ))

  it('what has no id is alone, and one more asset without ids changes nothing', () =>
    fc.assert(
      fc.property(some, fc.constantFrom('x', 'y'), (list, name) => {
        const found = machinesOf([...list, seen(`e/${name}`)])
        expect(found.machines.filter(({ members }) => !members.includes(`e/${name}`))).toEqual(
          machinesOf(list).machines,
        )
        for (const { members } of found.machines) if (members.includes(`e/${name}`)) expect(members).toHaveLength(1)
      }),
    ))

  it('where two assets have an id in common and are not one machine, it is told', () =>
    fc.assert(
      fc.property(some, (list) => {
        const { machines, disputes } = machinesOf(list)
        for (const one of list)
          for (const other of list)
            for (const kind of idKinds) {
              const value = one.identity[kind]
              if (one.id >= other.id || value == null || other.identity[kind] !== value) continue
              const together = machines.some(({ members }) => members.includes(one.id) && members.includes(other.id))
              const told = disputes.some(
                (dispute) =>
                  dispute.kind === kind && dispute.members.includes(one.id) && dispute.members.includes(other.id),
              )
              expect(together || told).toBe(true)
            }
      }),
    ))
})
