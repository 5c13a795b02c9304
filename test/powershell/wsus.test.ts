import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ALL_COMPUTERS,
  type Asked,
  UNASSIGNED_COMPUTERS,
  WsusError,
  type WsusOp,
  type WsusServer,
  wireInstantOf,
} from '../../src/integrations/wsus/calls.ts'
import {
  app01,
  app02,
  before,
  clone,
  cumulative,
  driver,
  expired,
  licensed,
  office,
  pilot,
  smallSite,
} from './support/site.ts'
import { powershellHost, type StandIn, startStandIn } from './support/standin.ts'

const { signal } = new AbortController()
const NONE = '00000000-0000-0000-0000-000000000000'
const nowhere = '5f6a0000-0000-0000-0000-00000000dead'

describe.skipIf(powershellHost === null)('the script in PowerShell, over SSH', () => {
  let standin: StandIn
  beforeAll(async () => {
    standin = await startStandIn()
  })
  afterAll(() => standin?.stop())

  async function ask<Op extends WsusOp>(op: Op, data: Asked<Op>, server: WsusServer = standin.server) {
    return (await server.call(op, data, signal)).data
  }
  async function refusal<Op extends WsusOp>(op: Op, data: Asked<Op>, server: WsusServer = standin.server) {
    const error = await server.call(op, data, signal).then(
      () => null,
      (problem: unknown) => problem,
    )
    if (!(error instanceof WsusError)) throw new Error(`not refused: ${String(error)}`)
    return error
  }
  const asked = (member: string) => standin.queries().get(member) ?? 0

  describe('reads', () => {
    beforeAll(() => standin.load(smallSite()))

    it('groups with their parents, in any alphabet', async () => {
      const groups = await ask('groups', {})
      expect(groups).toHaveLength(4)
      expect(groups).toContainEqual({ id: ALL_COMPUTERS, name: 'All Computers', parent: null })
      expect(groups).toContainEqual({ id: UNASSIGNED_COMPUTERS, name: 'Unassigned Computers', parent: ALL_COMPUTERS })
      expect(groups).toContainEqual({ id: office, name: 'Büro – Nord', parent: pilot })
    })

    it('machines; what they never did is null, and instants are those of the server', async () => {
      const machines = await ask('machines', { from: null, to: null })
      expect(machines).toHaveLength(3)
      expect(machines[0]).toEqual({
        id: app01,
        name: 'app01.corp.example',
        address: '10.1.2.3',
        os: 'Windows Server 2022 Standard',
        version: '10.0.20348.2340',
        architecture: 'AMD64',
        role: 'Server',
        contactedAt: '2026-11-20T09:10:00.000Z',
        reportedAt: '2026-11-20T04:12:00.000Z',
        groups: [ALL_COMPUTERS, pilot],
        downstream: false,
      })
      expect(machines[1]).toMatchObject({ id: app02, address: null, version: null, os: 'Windows', reportedAt: null })
      expect(machines[2]).toMatchObject({ id: clone, groups: [ALL_COMPUTERS, UNASSIGNED_COMPUTERS], downstream: true })
    })

    it('machines that reported in a span, and some by their ids without those that are gone', async () => {
      const span = { from: wireInstantOf('2026-11-17T00:00:00Z'), to: wireInstantOf('2026-11-19T00:00:00Z') }
      expect((await ask('machines', span)).map(({ id }) => id)).toEqual([clone])
      const some = await ask('machines', { from: null, to: null, ids: [app02, nowhere] })
      expect(some.map(({ id }) => id)).toEqual([app02])
    })

    it('members of a group without those of the groups below', async () => {
      expect(await ask('members', { group: pilot })).toEqual([{ id: app01, name: 'app01.corp.example' }])
      expect((await refusal('members', { group: nowhere })).message).toBe(`WSUS01 has no group ${nowhere} any more.`)
    })

    it('updates in English, the latest revision of each', async () => {
      const updates = await ask('updates', { from: null, to: null })
      expect(updates.map(({ id }) => id).sort()).toEqual([before, cumulative, driver, licensed, expired].sort())
      expect(updates.find(({ id }) => id === cumulative)).toEqual({
        id: cumulative,
        revision: 201,
        title: '2026-11 Cumulative Update for Windows Server 2022 (KB5099999)',
        kbs: ['5099999'],
        severity: 'Critical',
        classification: 'Security Updates',
        products: ['Windows Server 2022'],
        kind: 'Software',
        releasedAt: '2026-11-10T18:00:00.000Z',
        arrivedAt: '2026-11-11T02:30:00.000Z',
        expired: false,
        declined: false,
        superseded: false,
        supersedes: [before],
        install: { supported: true, reboot: 'CanRequestReboot', asksUser: false },
        uninstall: { supported: true, reboot: 'AlwaysRequiresReboot', asksUser: false },
        licence: { required: false, title: null },
        content: 'NotReady',
        local: false,
      })
      expect(updates.find(({ id }) => id === before)).toMatchObject({
        superseded: true,
        kbs: ['5088888'],
        releasedAt: null,
      })
      expect(updates.find(({ id }) => id === driver)).toMatchObject({ kind: 'Driver', declined: true, kbs: [] })
      expect(updates.find(({ id }) => id === expired)).toMatchObject({ expired: true })
      expect(updates.find(({ id }) => id === licensed)).toMatchObject({
        kind: 'SoftwareApplication',
        licence: { required: true, title: 'LICENCE TERMS – Example' },
        install: { asksUser: true },
        local: true,
      })
    })

    it('all of a second at the end of a span, and machines that never reported in one without a beginning', async () => {
      standin.load(
        smallSite({
          updates: [{ id: before, arrived: '2026-11-01T10:00:00.9970000Z' }],
          computers: [
            { id: app01, names: ['a'], lastReported: '2026-11-01T10:00:00.9970000Z' },
            { id: app02, names: ['b'] },
            { id: clone, names: ['c'], lastReported: '2026-11-01T10:00:01Z' },
          ],
        }),
      )
      const [at, after] = ['2026-11-01T10:00:00Z', '2026-11-01T10:00:01Z'].map(wireInstantOf)
      expect(await ask('updates', { from: null, to: at ?? '' })).toHaveLength(1)
      expect(await ask('updates', { from: after ?? '', to: null })).toHaveLength(0)
      expect((await ask('machines', { from: null, to: at ?? '' })).map(({ name }) => name)).toEqual(['a', 'b'])
      expect((await ask('machines', { from: after ?? '', to: null })).map(({ name }) => name)).toEqual(['c'])
      standin.load(smallSite())
    })

    it('updates that arrived in a span, and some by their ids', async () => {
      const span = { from: wireInstantOf('2026-11-11T02:30:00Z'), to: wireInstantOf('2026-11-11T02:30:00Z') }
      expect((await ask('updates', span)).map(({ id }) => id)).toEqual([cumulative])
      const some = await ask('updates', { from: null, to: null, ids: [before, nowhere] })
      expect(some.map(({ id }) => id)).toEqual([before])
    })

    it('what machines last reported, and not what happened since', async () => {
      const all = await ask('installations', { machines: [app01, app02, clone, nowhere] })
      const of = (machine: string) => all.filter((one) => one.machine === machine)
      expect(of(app01)).toContainEqual({
        machine: app01,
        update: cumulative,
        state: 'NotInstalled',
        action: 'NotApproved',
        group: NONE,
      })
      expect(of(app01).map(({ update }) => update)).not.toContain(driver)
      // It never reported.
      expect(new Set(of(app02).map(({ state }) => state))).toEqual(new Set(['Unknown']))
      // Some machine has them as not applicable, which must not hide them from the others.
      expect(of(clone).find(({ update }) => update === before)?.state).toBe('Failed')
    })

    it('what machines said of some updates, by few questions', async () => {
      standin.load(smallSite())
      const some = await ask('installations', { machines: [app01, clone], updates: [before] })
      expect(some.map(({ machine, state }) => [machine, state])).toEqual([
        [app01, 'Installed'],
        [clone, 'Failed'],
      ])
      expect(asked('IUpdate.GetUpdateInstallationInfoPerComputerTarget')).toBe(1)
      expect(asked('IComputerTarget.GetUpdateInstallationInfoPerUpdate')).toBe(0)
    })

    it('what few machines of many said, without the states of all others', async () => {
      const many = Array.from({ length: 1_500 }, (_, index) => ({ id: `machine-${index}`, names: [`m${index}`] }))
      standin.load(smallSite({ computers: many }))
      const some = await ask('installations', { machines: ['machine-7'], updates: [before] })
      expect(some.map(({ machine, state }) => [machine, state])).toEqual([['machine-7', 'Unknown']])
      expect(asked('IUpdate.GetUpdateInstallationInfoPerComputerTarget')).toBe(0)
      expect(asked('IComputerTarget.GetUpdateInstallationInfoPerUpdate')).toBe(1)
      standin.load(smallSite())
    })

    it('lists as long as allowed, and says when they are cut', async () => {
      const server = standin.client({ rows: 2 })
      expect(await server.call('machines', { from: null, to: null }, signal)).toMatchObject({ truncated: true })
      expect(await server.call('members', { group: pilot }, signal)).toMatchObject({ truncated: false })
      const { data, truncated } = await server.call('installations', { machines: [app01, app02] }, signal)
      expect([data.length, truncated]).toEqual([2, true])
    })

    it('events, newest first', async () => {
      const at = (hour: string) => `2026-11-19T${hour}:00:00Z`
      const events = [
        { machine: app01, update: cumulative, at: at('02'), status: 'Started' },
        {
          machine: app01,
          update: cumulative,
          at: at('03'),
          status: 'Failed',
          code: -2145124329,
          message: 'Fehlgeschlagen – 0x80240017',
        },
        { machine: app01, update: before, at: at('04'), status: 'Succeeded' },
        { machine: app02, update: cumulative, at: at('05'), status: 'Failed', code: 1 },
      ]
      standin.load(smallSite({ events }))
      const found = await ask('events', { from: null, to: null, machine: app01, updates: [cumulative] })
      expect(found).toEqual([
        {
          machine: app01,
          update: cumulative,
          at: '2026-11-19T03:00:00.000Z',
          status: 'Failed',
          error: true,
          code: -2145124329,
          message: 'Fehlgeschlagen – 0x80240017',
        },
        {
          machine: app01,
          update: cumulative,
          at: '2026-11-19T02:00:00.000Z',
          status: 'Started',
          error: false,
          code: null,
          message: '',
        },
      ])
    })

    it('a hundred updates by no more questions for each than for one', async () => {
      const many = Array.from({ length: 100 }, (_, index) => ({
        id: `7b2c0000-0000-0000-0000-${String(index).padStart(12, '0')}`,
        arrived: '2026-11-01T00:00:00Z',
        supersedes: index === 0 ? [before] : [],
      }))
      standin.load({ updates: many })
      expect(await ask('updates', { from: null, to: null })).toHaveLength(100)
      expect(asked('IUpdateServer.GetUpdates')).toBe(1)
      expect(asked('IUpdateServer.GetUpdate')).toBe(0)
      expect(asked('IUpdate.Title')).toBe(100)
      expect(asked('IUpdate.GetRelatedUpdates')).toBe(1)
      expect(asked('IUpdate.GetLicenseAgreement')).toBe(0)
      expect(asked('IUpdate.GetUpdateApprovals')).toBe(0)
    })

    it('an answer of more than 64 KiB whole', async () => {
      const names = Array.from({ length: 400 }, (_, index) => ({
        id: `0c4f9d6e-1111-4a2b-9c1d-${String(index).padStart(12, '0')}`,
        names: [`${'ü'.repeat(200)}${index}`],
      }))
      standin.load({ computers: names })
      const machines = await ask('machines', { from: null, to: null })
      expect(machines.map(({ name }) => name)).toEqual(names.map((one) => one.names[0]))
    })
  })

  describe('too much at once', () => {
    it('is said, so that less is asked', async () => {
      standin.load(smallSite({ mostUpdates: 2 }))
      const error = await refusal('updates', { from: null, to: null })
      expect(error).toMatchObject({ sent: false, tooMuch: true })
      expect(error.message).toMatch(/did not answer in time: less must be asked/)
      const from = wireInstantOf('2026-11-13T00:00:00Z')
      expect((await ask('updates', { from, to: null })).map(({ id }) => id)).toEqual([expired])
    })

    it.each([
      ['timeout without number', true],
      ['html', true],
      ['deadlock', false],
      ['unreachable', false],
    ])('is told from other errors by type: %s', async (fault, tooMuch) => {
      standin.load(smallSite({ faults: { 'IUpdateServer.GetComputerTargets': fault } }))
      expect(await refusal('machines', { from: null, to: null })).toMatchObject({ sent: false, tooMuch })
    })
  })

  describe('changes', () => {
    it('make a group, fill it, approve, follow, take back and delete', async () => {
      standin.load(smallSite())
      const name = 'Patchwarden PW-14 ring 1'
      const group = await ask('create-group', { name })
      expect(group).toMatchObject({ name, parent: ALL_COMPUTERS })
      expect(await ask('create-group', { name })).toEqual(group)

      const deadline = wireInstantOf('2026-11-25T02:00:00Z')
      const approval = await ask('approve', { update: cumulative, group: group.id, action: 'Install', deadline })
      expect(approval).toMatchObject({
        update: cumulative,
        revision: 201,
        group: group.id,
        action: 'Install',
        deadline: '2026-11-25T02:00:00.000Z',
        by: 'CORP\\svc-patchwarden',
        createdAt: '2026-11-20T10:00:00.000Z',
        state: 'Pending',
      })

      await ask('add-member', { group: group.id, machine: app01 })
      await ask('add-member', { group: group.id, machine: app01 })
      expect(await ask('members', { group: group.id })).toEqual([{ id: app01, name: 'app01.corp.example' }])
      const [effective] = await ask('installations', { machines: [app01], updates: [cumulative] })
      expect(effective).toMatchObject({ action: 'Install', group: group.id, state: 'NotInstalled' })

      const again = await ask('approve', { update: cumulative, group: group.id, action: 'Install', deadline: null })
      expect(again.deadline).toBeNull()
      expect(await ask('approvals', { groups: [group.id], updates: [cumulative] })).toEqual([again])
      expect(await ask('approvals', { groups: null, updates: null })).toEqual([again])

      await ask('remove-member', { group: group.id, machine: app01 })
      await ask('remove-member', { group: group.id, machine: app01 })
      expect(await ask('members', { group: group.id })).toEqual([])
      expect(await ask('delete-group', { group: group.id, name })).toEqual({ deleted: true })
      expect(await ask('delete-group', { group: group.id, name })).toEqual({ deleted: false })
      expect(await ask('approvals', { groups: null, updates: null })).toEqual([])
    })

    it('take away an approval by its id, and none that was made in its place, where policies decide the groups, too', async () => {
      standin.load(smallSite({ targeting: 'Client' }))
      const install = { update: before, group: pilot, action: 'Install', deadline: null } as const
      const first = await ask('approve', install)
      const deadline = wireInstantOf('2026-11-25T02:00:00Z')
      const theirs = await ask('approve', { ...install, deadline })
      expect(theirs.id).not.toBe(first.id)
      const ours = { approval: first.id, update: before, group: pilot }
      expect(await ask('delete-approval', ours)).toEqual({ deleted: false })
      expect(await ask('delete-approval', { ...ours, approval: theirs.id, group: office })).toEqual({ deleted: false })
      expect(await ask('approvals', { groups: [pilot], updates: null })).toEqual([theirs])
      expect(await ask('delete-approval', { ...ours, approval: theirs.id })).toEqual({ deleted: true })
      expect(await ask('delete-approval', { ...ours, approval: theirs.id })).toEqual({ deleted: false })
      expect(await ask('approvals', { groups: null, updates: null })).toEqual([])
      const mark = await ask('create-group', { name: 'Patchwarden (test) PW-1.1 0123abcd-4567cdef' })
      expect(await ask('members', { group: mark.id })).toEqual([])
      expect(await ask('delete-group', { group: mark.id, name: mark.name })).toEqual({ deleted: true })
    })

    it('accept a licence, then approve; decline', async () => {
      standin.load(smallSite())
      const install = { update: licensed, group: pilot, action: 'Install', deadline: null } as const
      expect(await refusal('approve', install)).toMatchObject({
        message: expect.stringContaining('licence'),
        sent: false,
      })
      await ask('accept-licence', { update: licensed })
      await ask('accept-licence', { update: licensed })
      expect(await ask('approve', install)).toMatchObject({ state: 'Active', deadline: null })
      expect(await ask('decline', { update: licensed })).toEqual({ declined: true })
      expect(await ask('approvals', { groups: null, updates: [licensed] })).toEqual([])
    })

    it.each([
      ['a declined update', { update: driver, action: 'Install' }, /was declined/],
      ['an expired update', { update: expired, action: 'Install' }, /has expired/],
      ['an update that cannot be uninstalled', { update: before, action: 'Uninstall' }, /cannot be uninstalled/],
      ['an update that is gone', { update: nowhere, action: 'Install' }, /has no update/],
    ] as const)('are refused with a sentence: %s', async (_, { update, action }, sentence) => {
      standin.load(smallSite())
      const error = await refusal('approve', { update, action, group: pilot, deadline: null })
      expect(error.message).toMatch(sentence)
      expect(error.sent).toBe(false)
    })

    it('do not touch a group that is not ours', async () => {
      standin.load(smallSite())
      expect((await refusal('delete-group', { group: pilot, name: 'pilot' })).message).toMatch(
        /is not ours any more \(Pilot\)/,
      )
      expect((await refusal('delete-group', { group: ALL_COMPUTERS, name: 'All Computers' })).message).toMatch(
        /is not ours/,
      )
      expect((await refusal('create-group', { name: 'a/b' })).message).toMatch(
        /does not take "a\/b" as the name of a group/,
      )
      expect(await ask('groups', {})).toHaveLength(4)
    })

    it('take a hostile name as a name', async () => {
      standin.load(smallSite())
      const name = `$(Remove-Item x); "; & 'calc' #\` – ü %errorlevel%`
      expect((await refusal('create-group', { name })).message).toMatch(/as the name of a group/)
      const plain = name.replaceAll('"', '')
      expect(await ask('create-group', { name: plain })).toMatchObject({ name: plain })
    })

    it('that broke off in the middle may have happened', async () => {
      standin.load(smallSite({ faults: { 'IUpdate.Approve, afterwards': 'timeout' } }))
      const install = { update: before, group: pilot, action: 'Install', deadline: null } as const
      expect(await refusal('approve', install)).toMatchObject({ sent: true })
      expect(await ask('approvals', { groups: [pilot], updates: [before] })).toHaveLength(1)
    })
  })

  describe('says why it cannot', () => {
    it('nobody may read', async () => {
      standin.load(smallSite({ role: 'Unauthorized' }))
      expect((await refusal('groups', {})).message).toMatch(
        /no rights in WSUS: add it to the local group "WSUS Reporters"/,
      )
    })
    it('it may only read', async () => {
      standin.load(smallSite({ role: 'Reporter' }))
      expect((await refusal('create-group', { name: 'x' })).message).toMatch(/may only read: .* "WSUS Administrators"/)
      expect(await ask('groups', {})).toHaveLength(4)
    })
    it('it is a replica', async () => {
      standin.load(smallSite({ replica: true }))
      const install = { update: before, group: pilot, action: 'Install', deadline: null } as const
      expect((await refusal('approve', install)).message).toMatch(/is a replica/)
      const approval = { approval: nowhere, update: before, group: pilot }
      expect((await refusal('delete-approval', approval)).message).toMatch(/is a replica/)
    })
    it('a policy decides the groups', async () => {
      standin.load(smallSite({ targeting: 'Client' }))
      expect((await refusal('add-member', { group: pilot, machine: app02 })).message).toMatch(/client-side targeting/)
    })
    it('the web service of the server does not let it in', async () => {
      standin.load(smallSite({ faults: { 'AdminProxy.GetUpdateServer': 'forbidden' } }))
      expect((await refusal('groups', {})).message).toMatch(/no rights in WSUS/)
    })
    it('the service does not run', async () => {
      standin.load(smallSite({ faults: { 'IUpdateServer.GetComputerTargetGroups': 'unreachable' } }))
      expect((await refusal('groups', {})).message).toMatch(
        /System\.Net\.WebException.*Check there that the service WsusService/,
      )
    })
  })

  it('one call at a time works on the server, also when an earlier one lost its connection', async () => {
    standin.load(smallSite({ faults: { 'IUpdateServer.GetComputerTargetGroups': 'slow' } }))
    const slow = standin.client()
    const stopped = new AbortController()
    const lost = slow.call('groups', {}, stopped.signal).catch((error: unknown) => error)
    while (asked('IUpdateServer.GetComputerTargetGroups') === 0) await sleep(50)
    expect(await refusal('members', { group: pilot })).toMatchObject({
      sent: false,
      message: expect.stringContaining('still at work'),
    })
    expect(asked('IUpdateServer.GetComputerTargetGroup')).toBe(0)
    stopped.abort()
    expect(await lost).toBeInstanceOf(WsusError)
  })

  it('a change whose connection died is seen by the next look, which waits for its end', async () => {
    standin.load(smallSite({ faults: { 'IUpdate.Approve': 'slow' } }))
    const patient = standin.client({ waitSeconds: 100 })
    const stopped = new AbortController()
    const install = { update: before, group: pilot, action: 'Install', deadline: null } as const
    const lost = patient.call('approve', install, stopped.signal).catch((error: unknown) => error)
    while (asked('IUpdate.Approve') === 0) await sleep(50)
    stopped.abort()
    expect(await lost).toMatchObject({ sent: true })
    expect(await ask('approvals', { groups: [pilot], updates: [before] }, patient)).toHaveLength(1)
    expect(asked('IUpdate.Approve')).toBe(1)
  })

  it('probes what a person wants to know before anything is connected', async () => {
    standin.load(
      smallSite({
        rules: [{ name: 'Default', enabled: true, groups: [pilot] }],
        sync: { result: 'Failed', start: '2026-11-19T01:00:00Z', end: '2026-11-19T01:05:00Z', error: 'Proxy – nein' },
        nextSync: '2026-11-21T01:00:00Z',
        languages: ['de', 'en'],
        approvals: [
          {
            id: nowhere,
            update: before,
            revision: 200,
            group: pilot,
            action: 'Install',
            created: '2026-11-01T00:00:00Z',
            by: 'x',
          },
          {
            id: nowhere,
            update: cumulative,
            revision: 201,
            group: pilot,
            action: 'NotApproved',
            created: '2026-11-01T00:00:00Z',
            by: 'x',
          },
        ],
      }),
    )
    const probe = await ask('probe', {})
    expect(probe).toMatchObject({
      server: 'WSUS01',
      version: '10.0.20348.2849',
      role: 'Administrator',
      replica: false,
      targeting: 'Server',
      machines: 3,
      updates: 6,
      synchronised: {
        result: 'Failed',
        startedAt: '2026-11-19T01:00:00.000Z',
        endedAt: '2026-11-19T01:05:00.000Z',
        error: 'Proxy – nein',
      },
      nextSynchronisation: '2026-11-21T01:00:00.000Z',
      automatic: [{ name: 'Default', enabled: true, groups: ['Pilot'] }],
      approvals: 1,
      languages: ['de', 'en'],
      culture: 'de',
      powershell: '7.6.9',
      edition: 'Core',
      bits64: true,
      unknown: [],
    })
    expect(probe.open).toMatchObject({
      members: ['Approve with 2 parameters', 'Approve with 3 parameters', 'Decline with 0 parameters'],
      builtInGroups: true,
      machines: { all: 3, neverReported: 1, withBuild: 1, withGuid: 3, namedTwice: 0, instants: 'Unspecified' },
      ...{ renamed: 1, downstreamServers: 0, refreshesApprovals: true, staleApprovals: 0, otherPublishers: 1 },
      ...{ synchronising: 'NotProcessing', twoDeadlines: { updates: 0, earlier: 0, later: 0 } },
    })
    const brief = await ask('probe', { brief: true })
    expect(brief).toMatchObject({ machines: 3, updates: null, approvals: null, unknown: [] })
    expect(brief.open).toBeNull()
    expect(asked('IUpdateServer.GetUpdateApprovals')).toBe(2)
    expect(Math.abs(Date.parse(probe.clock) - Date.now())).toBeLessThan(60_000)
    expect(probe.executionPolicy.map(({ scope }) => scope)).toContain('MachinePolicy')
  })

  it('tells which of two deadlines counts for a machine in both groups', async () => {
    const [first, second] = [pilot, office].map((group, index) => ({
      ...{ id: nowhere, update: before, revision: 200, group, action: 'Install', created: '2026-11-01T00:00:00Z' },
      ...{ deadline: `2026-11-2${index + 1}T00:00:00Z`, by: 'x' },
    }))
    const computers = [{ id: app01, names: ['a'], lastReported: '2026-11-20T00:00:00Z', groups: [pilot, office] }]
    standin.load(smallSite({ computers, approvals: [first, second] }))
    const { open } = await ask('probe', {})
    expect(open?.twoDeadlines).toEqual({ updates: 1, earlier: 1, later: 0 })
  })

  it('probes the rest when some of it cannot be read, and says which', async () => {
    standin.load(
      smallSite({
        faults: { 'IUpdateServer.GetUpdateApprovals': 'timeout', 'IUpdateServer.GetInstallApprovalRules': 'denied' },
      }),
    )
    expect(await ask('probe', {})).toMatchObject({
      approvals: null,
      automatic: [],
      unknown: [
        'automatic rules: Patchwarden.NoRights',
        'approvals: Patchwarden.Timeout',
        'two deadlines: Patchwarden.Timeout',
      ],
    })
  })
})
