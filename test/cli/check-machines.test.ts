/** What `check` says about machines that several sources know, or seem to know. */

import { expect, test } from 'vitest'
import { machineAnswers, type Seen, unmanagedAnswers } from '../../src/cli/check-machines.ts'
import type { Asset } from '../../src/core/asset.ts'
import type { Identity } from '../../src/core/identity.ts'
import { type MachineRule, noMachineRule } from '../../src/core/witnesses.ts'
import { anAsset } from '../support/asset.ts'

const rule: MachineRule = { ...noMachineRule, order: ['ssh', 'wsus', 'cmdb'] }
const A = '11111111-2222-3333-4444-555555555555'
const B = '99999999-2222-3333-4444-555555555555'

function seen(id: string, identity: Identity = {}, other: Partial<Asset> = {}): Seen {
  const [source = '', name = ''] = id.split('/')
  const asset = anAsset(name, { source, engine: null, ...other })
  return {
    listed: { id, source, name, address: asset.address, identity },
    word: { asset, observedAt: '2026-11-20T12:00:00.000Z', problem: null },
  }
}

const said = (list: readonly Seen[], given: MachineRule = rule) =>
  machineAnswers(list, given).map(({ ok, name, what }) => `${ok ? 'ok' : 'FAIL'} ${name}: ${what.split('. ')[0]}`)

test('a match is told with what it was made by, who looks and who changes', () => {
  expect(
    said([
      seen('cmdb/x', { hardware: A }),
      seen('ssh/x', { hardware: A }),
      seen('wsus/x', { hardware: A }, { engine: 'wsus' }),
    ]),
  ).toEqual([
    'ok cmdb/x, ssh/x, wsus/x: are one machine, by hardware id; it is looked at as ssh/x, and the engine wsus changes it as wsus/x',
  ])
})

test('a clone, and ids that contradict each other, are told', () => {
  const clones = [seen('ssh/a', { hardware: A }), seen('wsus/b', { hardware: A })]
  expect(said(clones)).toEqual([
    `FAIL ssh/a, wsus/b: have the hardware id ${A} in common and do not count as one machine by it, because their names differ`,
  ])
  expect(said(clones, { ...rule, apart: [['ssh/a', 'wsus/b']] })).toEqual([])
  const fqdn = 'a.example.net'
  expect(said([seen('ssh/a', { fqdn, hardware: A }), seen('wsus/a', { fqdn, hardware: B })])).toEqual([
    'FAIL ssh/a, wsus/a: have the full name a.example.net in common and do not count as one machine by it, because their hardware ids differ',
  ])
})

test('what looks alike and could not be matched is told, with the sources and what to do', () => {
  const [double] = machineAnswers([seen('ssh/web01'), seen('wsus/WEB01.example.net'), seen('cmdb/other')], rule)
  expect(double).toMatchObject({ kind: 'machine', ok: false, name: 'ssh/web01, wsus/WEB01.example.net' })
  expect(double?.what).toContain('the same short name')
  expect(double?.what).toContain('"same"')
  const at = { address: '192.0.2.7' }
  expect(said([seen('ssh/a', {}, at), seen('cmdb/b', {}, at)])).toEqual([
    'FAIL cmdb/b, ssh/a: may be one machine: they have the same address, and no id in common',
  ])
})

test('nothing is told where something shows that they are two machines', () => {
  const named = (domain: string) => ({ fqdn: `web01.${domain}.example.net` })
  expect(said([seen('ssh/web01', named('a')), seen('wsus/web01', named('b'))])).toEqual([])
  expect(said([seen('ssh/web01', { hardware: A }), seen('wsus/web01', { hardware: B })])).toEqual([])
  expect(said([seen('ssh/web01'), seen('wsus/web01')], { ...rule, apart: [['ssh/web01', 'wsus/web01']] })).toEqual([])
  // The source itself tells them apart.
  expect(said([seen('ssh/web01.a'), seen('ssh/web01.b')])).toEqual([])
  const local = { address: '127.0.0.1' }
  expect(said([seen('ssh/a', {}, local), seen('cmdb/b', {}, local)])).toEqual([])
})

test('a fleet of doubles is counted, not listed', () => {
  const list = Array.from({ length: 100 }, (_, at) => [seen(`ssh/h${at}`), seen(`wsus/h${at}`)]).flat()
  const answers = machineAnswers(list, rule)
  expect(answers).toHaveLength(21)
  expect(answers.at(-1)).toMatchObject({ ok: false, what: '80 more names and addresses of possible doubles' })
})

test('a machine that no engine changes and no patching system lists is told, with whom to ask', () => {
  const machines = [
    seen('fleet/a', { hardware: A }, { team: 'web' }),
    seen('cmdb/a', { hardware: A }),
    seen('fleet/b', {}, { team: 'office' }),
    seen('wsus/c'),
    seen('ssh/d', {}, { engine: 'ssh' }),
  ]
  const answers = unmanagedAnswers(machines, rule, ['wsus'], (team) => `Mara (owner of ${team})`)
  expect(answers.map(({ ok, name, what }) => `${ok ? 'ok' : 'FAIL'} ${name}: ${what}`)).toEqual([
    'ok cmdb/a, fleet/a: nobody manages it: no engine changes it, and no patching system knows it. Ask Mara (owner of web).',
    'ok fleet/b: nobody manages it: no engine changes it, and no patching system knows it. Ask Mara (owner of office).',
  ])
})
