/** Groups that policies fill: what may be told there, and what others do to it meanwhile. */

import { describe, expect, it } from 'vitest'
import type { Batch, DeployEngine, DeploymentRequest } from '../../../src/core/ports.ts'
import { stepsOf } from '../../../src/core/preview.ts'
import { simulatedId } from '../../../src/integrations/simulated-wsus/server.ts'
import type { WsusState } from '../../../src/integrations/simulated-wsus/state.ts'
import { ALL_COMPUTERS, type WsusOp } from '../../../src/integrations/wsus/calls.ts'
import {
  assetNamed,
  type Dies,
  framework,
  fresh,
  hoursFrom,
  idOf,
  inGroups,
  machineId,
  memoryStore,
  termsIn,
  update,
  wsusScene,
} from './scene.ts'

const { signal } = new AbortController()
const KEY = 'PW-1.1'
const handle = { key: KEY, data: {} }
const [a, b, c, stranger] = ['a.corp.example', 'b.corp.example', 'c.corp.example', 'web99.corp.example'] as const
const WAVE = 'Wave 1'
const wave = simulatedId(`group ${WAVE}`)
const other = simulatedId('group Wave 2')
const OURS = 'CORP\\svc-patchwarden'
type Whole = Required<DeployEngine>

async function scene(
  groups: Readonly<Record<string, readonly string[]>> = { [WAVE]: [a, b], 'Wave 2': [c] },
  more: { readonly proven?: boolean; readonly names?: readonly string[]; readonly named?: readonly string[] } = {},
) {
  const { proven = true, names = [a, b, c, stranger], named = Object.keys(groups) } = more
  const state = inGroups(fresh(names, { server: { targeting: 'Client' } }), groups)
  const one = await wsusScene(memoryStore(state), { named, proven })
  const engine = one.engine() as Whole
  return {
    ...one,
    engine,
    engineThat: (dies: Dies) => one.engine({ dies }) as Whole,
    engineNaming: (wholeGroups: readonly string[]) => one.engine({ wholeGroups }) as Whole,
    compare: () => engine.compare(handle, signal),
    async outcomes() {
      const reports = await engine.poll(handle, signal)
      return Object.fromEntries(reports.map(({ asset, outcome }) => [asset.slice('wsus/'.length), outcome]))
    },
    /** Who approved what for the group. */
    async approvedFor(group: string) {
      const { approvals } = await one.state()
      return approvals.filter((each) => each.group === group).map(({ update, action, by }) => ({ update, action, by }))
    },
    async marks() {
      return (await one.state()).groups.filter(({ name }) => name.startsWith('Patchwarden ('))
    },
    joins: (name: string, group = wave) => one.change((now) => withMember(now, name, group)),
  }
}

function withMember(state: WsusState, name: string, group: string): WsusState {
  const machines = state.machines.map((each) =>
    each.name === name ? { ...each, groups: [...each.groups, group] } : each,
  )
  return { ...state, machines }
}

function batchOf(one: { now(): Date }, names: readonly string[] = [a, b], changes = [update]): Batch {
  const times = { notBefore: hoursFrom(one.now(), 24), notAfter: hoursFrom(one.now(), 28) }
  const deployments = names.map(
    (name): DeploymentRequest => ({
      ...{ asset: assetNamed(name), changes, transaction: stepsOf(changes), reboot: 'if required', ...times },
      licences: ['A licence'],
    }),
  )
  return { key: KEY, deployments }
}

const theirs = { id: simulatedId('theirs'), update: idOf('9000001'), by: 'CORP\\admin', revision: 1, deadline: null }
const ofAdministrator = (action: 'Install' | 'NotApproved', group = wave) => ({
  ...theirs,
  ...{ action, group, createdAt: '2026-11-20T11:00:00.000Z' },
})

describe('before the vote', () => {
  const termsOf = async (one: Awaited<ReturnType<typeof scene>>, names: readonly string[]) =>
    one.engine.terms(
      names.map((name) => ({ asset: assetNamed(name), changes: [update] })),
      signal,
    )

  it('the terms name the group that is told as a whole', async () => {
    const one = await scene()
    const terms = (await termsOf(one, [a, b, c])).map(termsIn)
    expect(terms.map(({ wholeGroup }) => wholeGroup)).toEqual([WAVE, WAVE, 'Wave 2'])
    expect(terms.map(({ grain }) => grain)).toEqual(['group', 'group', 'group'])
  })

  it('a part of a group is refused with who is missing, and does not hinder another group', async () => {
    const [first, last] = await termsOf(await scene(), [a, c])
    expect(first).toBe(`An approval counts for the whole group "${WAVE}", and ${b} of it is not in this decision`)
    expect(termsIn(last).wholeGroup).toBe('Wave 2')
  })

  it('machines of groups below it count', async () => {
    const one = await scene()
    const child = { id: simulatedId('child'), name: 'Child', parent: wave }
    await one.change((state) => withMember({ ...state, groups: [...state.groups, child] }, stranger, child.id))
    expect((await termsOf(one, [a, b]))[0]).toMatch(/web99\.corp\.example of it is not in this decision/)
  })

  it('a machine in none of the groups, and one in several, are refused', async () => {
    const one = await scene()
    await one.joins(c)
    const [first, , third, last] = await termsOf(one, [a, b, c, stranger])
    expect(third).toMatch(/is in several of the groups .*"Wave 1", "Wave 2".*: let it be in one/)
    expect(last).toMatch(/web99\.corp\.example is in none of the groups that may be approved for/)
    expect(first).toMatch(/c\.corp\.example of it is not in this decision/)
    expect(await one.engine.preflight(batchOf(one, [a, b, c]), signal)).toMatchObject([
      { ready: false },
      { ready: false },
      { ready: false },
    ])
  })

  it('different updates for machines of one group are refused', async () => {
    const one = await scene()
    const answers = await one.engine.terms(
      [
        { asset: assetNamed(a), changes: [update] },
        { asset: assetNamed(b), changes: [update, framework] },
      ],
      signal,
    )
    expect(answers).toEqual([
      expect.stringContaining('different updates'),
      expect.stringContaining('different updates'),
    ])
  })

  it.each([
    ['no groups are named', null, 'Client', /client-side targeting.*name the groups/],
    ['the server decides', [WAVE], 'Server', /itself decides which computers.*Leave out/],
  ] as const)('%s: nothing is promised', async (_, wholeGroups, targeting, sentence) => {
    const one = await wsusScene(memoryStore(inGroups(fresh([a], { server: { targeting } }), { [WAVE]: [a] })))
    const engine = one.engine({ wholeGroups }) as Whole
    await expect(engine.terms([{ asset: assetNamed(a), changes: [update] }], signal)).rejects.toThrow(sentence)
    await expect(engine.stage(batchOf(one, [a]), signal)).rejects.toThrow(sentence)
    await expect(engine.check(signal)).rejects.toThrow(sentence)
  })

  it('a first start is a group of five at most', async () => {
    const many = [1, 2, 3, 4, 5, 6].map((n) => `m${n}.corp.example`)
    const one = await scene({ Large: many, Small: [a, b] }, { proven: false, names: [...many, a, b] })
    const [large] = await termsOf(one, [...many, a, b])
    expect(large).toMatch(/at most 5 servers, and the group "Large" has 6/)
    await one.engine.start(batchOf(one, [...many, a, b]), signal)
    expect(await one.approvedFor(simulatedId('group Large'))).toEqual([])
    expect(await one.approvedFor(simulatedId('group Small'))).toMatchObject([{ action: 'Install', by: OURS }])
    expect((await one.outcomes())['m1.corp.example']).toMatchObject({ state: 'held back' })
  })

  it('check names the groups, what is wrong with them, and nothing of ours as standing', async () => {
    const groups = { [WAVE]: [a, b], Empty: [], 'Team web': [a], 'Team shop': [b] }
    const one = await scene(groups, { named: [WAVE, 'Empty', 'Gone', 'All Computers'] })
    expect(await one.engine.check(signal)).toContain(
      'client-side targeting: approves for "Wave 1" (2, of several teams, so no decision has all of it: Team shop, Team web), "Empty" (empty) as a whole; WSUS has no group "Gone"; "All Computers" is a group that every WSUS has',
    )
    await one.engine.start(batchOf(one), signal)
    expect(await one.approvedFor(wave)).toHaveLength(1)
    expect(await one.engine.check(signal)).not.toContain('installs without a vote')
    const [terms] = await termsOf(one, [a, b])
    expect(termsIn(terms).alsoInstalls).toEqual([])
  })
})

describe('a start', () => {
  it('approves for the group last of all, with content ready, and notes what was read back', async () => {
    const one = await scene()
    expect(await one.engine.stage(batchOf(one, [a, b], [framework]), signal)).toMatchObject({
      ready: false,
      why: expect.stringContaining('KB9000002'),
    })
    await expect(one.engine.start(batchOf(one, [a, b], [framework]), signal)).rejects.toThrow(/still fetches/)
    expect(await one.approvedFor(wave)).toEqual([])
    one.pass(3)
    await one.engine.start(batchOf(one, [a, b], [framework]), signal)
    const [approval] = (await one.state()).approvals.filter(({ group }) => group === wave)
    const note = (await one.keeping.readNote('wsus', KEY)) as {
      groups: readonly { whole: unknown; deadline: string }[]
    }
    expect(note.groups[0]).toMatchObject({
      deadline: approval?.deadline,
      whole: {
        id: wave,
        by: OURS,
        machines: [a, b].map(machineId).sort(),
        approvals: [{ id: approval?.id, revision: 1 }],
      },
    })
    expect((await one.marks()).map(({ id }) => id)).toHaveLength(1)
    expect((await one.state()).machines.filter(({ groups }) => groups.length > 1)).toEqual([])
  })

  it('of a part of a group is refused, and nothing is approved', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one, [a, c]), signal)
    expect(await one.approvedFor(wave)).toEqual([])
    expect(await one.approvedFor(other)).toMatchObject([{ action: 'Install' }])
    expect((await one.outcomes())[a]).toMatchObject({
      state: 'held back',
      reason: expect.stringMatching(/whole group "Wave 1", and b\.corp\.example of it is not in what this start tells/),
    })
  })

  it('leaves an approval of an administrator as it is, and tells nobody', async () => {
    for (const action of ['Install', 'NotApproved'] as const) {
      const one = await scene()
      await one.change((state) => ({ ...state, approvals: [ofAdministrator(action)] }))
      await one.engine.start(batchOf(one), signal)
      expect(await one.approvedFor(wave)).toEqual([{ update: idOf('9000001'), action, by: 'CORP\\admin' }])
      expect((await one.outcomes())[a]).toMatchObject({
        state: 'held back',
        reason: expect.stringMatching(action === 'Install' ? /installs by itself/ : /somebody else's decision/),
      })
      await one.engine.tidy(KEY, signal)
      expect(await one.approvedFor(wave)).toHaveLength(1)
    }
  })

  it('that finds another approval counting for a machine takes the whole group back', async () => {
    const one = await scene()
    const child = { id: simulatedId('child'), name: 'Child', parent: wave }
    await one.change((state) => ({
      ...withMember({ ...state, groups: [...state.groups, child] }, a, child.id),
      approvals: [ofAdministrator('NotApproved', child.id)],
    }))
    await one.changeMachine(a, { groups: [child.id] })
    await one.engine.start(batchOf(one), signal)
    expect(await one.approvedFor(wave)).toEqual([])
    expect((await one.outcomes())[b]).toMatchObject({
      state: 'held back',
      reason: expect.stringMatching(/approval of another group than "Wave 1" counts for a\.corp\.example/),
    })
  })

  it('is planned as it is made', async () => {
    const one = await scene()
    const { stage, start, afterwards } = await one.engine.plannedCalls(batchOf(one), signal)
    await one.engine.start(batchOf(one), signal)
    const made = (await one.engine.calls.read(KEY)).map(({ what }) => what.replace(/, deadline .*/, ''))
    const planned = [...stage, ...start].map(({ what }) => what)
    expect(made.filter((what) => planned.includes(what))).toEqual(expect.arrayContaining(planned))
    expect(planned).toContain(`approve KB9000001 for "${WAVE}"`)
    const [mark] = await one.marks()
    await one.engine.tidy(KEY, signal)
    const after = (await one.engine.calls.read(KEY)).map(({ what }) => what)
    expect(afterwards.map(({ what }) => what)).toEqual([
      `take back the approval of KB9000001 for "${WAVE}"`,
      `delete the group "${mark?.name}", with its approvals`,
    ])
    expect(after).toEqual(expect.arrayContaining(afterwards.map(({ what }) => what)))
  })
})

describe('a machine that a policy puts into the group', () => {
  it('before it is told: nothing is approved', async () => {
    const one = await scene()
    for (let nth = 0; (await one.keeping.readNote('wsus', KEY)) === null; nth++)
      await one
        .engineThat({ nth, when: 'after' })
        .stage(batchOf(one), signal)
        .catch(() => undefined)
    await one.joins(stranger)
    await one.engine.start(batchOf(one), signal)
    expect(await one.approvedFor(wave)).toEqual([])
    expect((await one.outcomes())[a]).toMatchObject({ state: 'held back' })
  })

  it('right before the approval is made: it is taken back at once, and told', async () => {
    const one = await scene()
    const real = one.server.call
    Object.assign(one.server, {
      call: async (op: WsusOp, data: { readonly group?: string }, own: AbortSignal) => {
        if (op === 'approve' && data.group === wave) await one.joins(stranger)
        return real.call(one.server, op, data as never, own)
      },
    })
    await one.engine.start(batchOf(one), signal)
    expect(await one.approvedFor(wave)).toEqual([])
    const told = await one.compare()
    expect(told).toEqual([expect.stringMatching(/"Wave 1" has got machines in WSUS that nobody voted on: web99/)])
    expect(await one.compare()).toEqual([])
    expect((await one.outcomes())[b]).toMatchObject({ state: 'held back' })
  })

  it('afterwards: everything for the group is taken back, told once with what it may have learned, and nobody begins', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.joins(stranger)
    expect(await one.compare()).toEqual([
      expect.stringMatching(/web99\.corp\.example \(if it asked while it was in it .* it may install until .* UTC\)/),
    ])
    expect(await one.compare()).toEqual([])
    expect(await one.approvedFor(wave)).toEqual([])
    one.pass(72)
    for (const name of [a, b, stranger]) expect((await one.machine(name)).attempts).toEqual([])
    expect((await one.outcomes())[a]).toMatchObject({ state: 'held back', reason: expect.stringContaining('web99') })
    await one.engine.start(batchOf(one), signal)
    expect(await one.approvedFor(wave)).toEqual([])
  })
})

describe('what others change after it was told', () => {
  it('a machine leaves by its policy: it is told, ends, and the others go on', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.changeMachine(a, { groups: [] })
    expect(await one.compare()).toEqual([
      expect.stringMatching(/a\.corp\.example is not in the group "Wave 1" any more/),
    ])
    expect(await one.compare()).toEqual([])
    one.pass(48)
    const outcomes = await one.outcomes()
    expect(outcomes[a]).toMatchObject({ state: 'not begun' })
    expect(outcomes[b]).toMatchObject({ state: 'succeeded' })
  })

  it('the group is deleted', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.server.call('delete-group', { group: wave, name: WAVE }, signal)
    expect(await one.compare()).toEqual([expect.stringMatching(/Somebody deleted the group "Wave 1"/)])
    expect((await one.outcomes())[a]).toMatchObject({ state: 'held back' })
    await one.engine.tidy(KEY, signal)
    expect(await one.marks()).toEqual([])
  })

  it('the group gets another name: what was approved is taken back, and the group stays', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.change((state) => ({
      ...state,
      groups: state.groups.map((group) => (group.id === wave ? { ...group, name: 'Accounting' } : group)),
    }))
    expect(await one.compare()).toEqual([expect.stringMatching(/renamed the group "Wave 1".* called "Accounting" now/)])
    expect(await one.approvedFor(wave)).toEqual([])
    await one.engine.tidy(KEY, signal)
    expect((await one.state()).groups.map(({ name }) => name)).toEqual(['Accounting', 'Wave 2'])
  })

  it('the configuration does not name it any more', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    const later = one.engineNaming(['Wave 2'])
    expect(await later.compare(handle, signal)).toEqual([expect.stringMatching(/does not name the group "Wave 1"/)])
    expect(await one.approvedFor(wave)).toEqual([])
  })

  it('an administrator approves in place of ours: theirs stays, and people decide', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one, [a, b], [update]), signal)
    await one.change((state) => ({
      ...state,
      approvals: [...state.approvals.filter(({ group }) => group !== wave), ofAdministrator('Install')],
    }))
    expect(await one.compare()).toEqual([expect.stringMatching(/approval of KB9000001 is not the one of this start/)])
    expect(await one.compare()).toEqual([])
    await one.engine.cancel(handle, signal)
    await one.engine.tidy(KEY, signal)
    expect(await one.approvedFor(wave)).toEqual([{ update: idOf('9000001'), action: 'Install', by: 'CORP\\admin' }])
  })

  it('an administrator gives our approval another deadline: it is taken back', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    const deadline = hoursFrom(one.now(), 2)
    await one.change((state) => ({
      ...state,
      approvals: state.approvals.map((each) => (each.group === wave ? { ...each, deadline } : each)),
    }))
    expect(await one.compare()).toEqual([expect.stringMatching(/Somebody changed what is approved/)])
    expect(await one.approvedFor(wave)).toEqual([])
  })

  it('WSUS carries the approval over to a new revision: told once, and taken back all the same', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    const renewed = { id: simulatedId('renewed'), revision: 7, by: 'WSUS' }
    await one.change((state) => ({
      ...state,
      approvals: state.approvals.map((each) => (each.group === wave ? { ...each, ...renewed } : each)),
    }))
    expect(await one.compare()).toEqual([expect.stringMatching(/revised KB9000001 .*\(revision 1, now 7\)/)])
    expect(await one.compare()).toEqual([])
    await one.engine.cancel(handle, signal)
    expect(await one.approvedFor(wave)).toEqual([])
  })
})

it('a machine that left and comes back is not told again: all is taken back', async () => {
  const one = await scene()
  await one.engine.start(batchOf(one), signal)
  await one.changeMachine(a, { groups: [] })
  await one.compare()
  await one.joins(a)
  expect(await one.compare()).toEqual([expect.stringMatching(/nobody voted on: a\.corp\.example/)])
  expect(await one.approvedFor(wave)).toEqual([])
})

it('an update that WSUS does not take any more after another was approved takes the group back', async () => {
  const one = await scene()
  await one.change((state) => ({
    ...state,
    updates: state.updates.map((each) => ({ ...each, contentHours: 0 })),
  }))
  const real = one.server.call
  let approvals = 0
  Object.assign(one.server, {
    call: async (op: WsusOp, data: { readonly group?: string; readonly update?: string }, own: AbortSignal) => {
      if (op === 'approve' && data.group === wave && ++approvals === 2)
        await real.call(one.server, 'decline', { update: data.update ?? '' }, own)
      return real.call(one.server, op, data as never, own)
    },
  })
  await one.engine.start(batchOf(one, [a, b], [update, framework]), signal)
  expect(approvals).toBe(2)
  expect(await one.approvedFor(wave)).toEqual([])
  expect((await one.outcomes())[a]).toMatchObject({ state: 'held back', reason: expect.stringContaining('declined') })
})

describe('taking back', () => {
  it('that fails is ended by the next look, and told then', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one), signal)
    await one.joins(stranger)
    const away = [{ from: one.now().toISOString(), until: hoursFrom(one.now(), 1) }]
    const real = one.server.call
    Object.assign(one.server, {
      call: async (op: WsusOp, data: object, own: AbortSignal) => {
        if (op === 'delete-approval') await one.change((state) => ({ ...state, server: { ...state.server, away } }))
        return real.call(one.server, op, data as never, own)
      },
    })
    await expect(one.compare()).rejects.toThrow(/away/)
    Object.assign(one.server, { call: real })
    one.pass(1)
    expect(await one.approvedFor(wave)).toHaveLength(1)
    expect(await one.compare()).toEqual([expect.stringContaining('web99')])
    expect(await one.compare()).toEqual([])
    expect(await one.approvedFor(wave)).toEqual([])
  })

  it('tidying a start that was taken back leaves what a later one approved for the same window', async () => {
    const one = await scene()
    const first = batchOf(one)
    await one.engine.start(first, signal)
    await one.engine.cancel(handle, signal)
    await one.engine.start({ ...first, key: 'PW-1.2' }, signal)
    expect(await one.approvedFor(wave)).toHaveLength(1)
    await one.engine.cancel(handle, signal)
    expect(await one.compare()).toEqual([])
    await one.engine.tidy(KEY, signal)
    expect(await one.approvedFor(wave)).toHaveLength(1)
    expect(await one.engine.compare({ key: 'PW-1.2', data: {} }, signal)).toEqual([])
    await one.engine.tidy('PW-1.2', signal)
    expect(await one.approvedFor(wave)).toEqual([])
  })

  it('one machine takes its whole group back and names the others', async () => {
    const one = await scene()
    await one.engine.start(batchOf(one, [a, b, c]), signal)
    const only = [assetNamed(a).id]
    expect(await one.engine.cancel(handle, signal, only)).toEqual([{ asset: only[0], state: 'stopped' }])
    expect(await one.approvedFor(wave)).toEqual([])
    expect(await one.approvedFor(other)).toHaveLength(1)
    expect(await one.compare()).toEqual([
      `With ${a}, ${b} was taken back, too: an approval counts for the whole group "${WAVE}" in WSUS.`,
    ])
    expect(await one.compare()).toEqual([])
    expect((await one.outcomes())[b]).toMatchObject({
      state: 'not begun',
      reason: expect.stringMatching(/taken back with a\.corp\.example/),
    })
    expect(await one.engine.cancel(handle, signal, only)).toEqual([{ asset: only[0], state: 'stopped' }])
  })

  it('at the end leaves what was there before: no approval, the group, and what is approved for those above', async () => {
    const one = await scene()
    const before = await one.state()
    await one.engine.start(batchOf(one), signal)
    one.pass(48)
    expect((await one.outcomes())[a]).toMatchObject({ state: 'succeeded' })
    await one.engine.cancel(handle, signal)
    expect((await one.outcomes())[a]).toMatchObject({ state: 'succeeded' })
    await one.engine.tidy(KEY, signal)
    const after = await one.state()
    expect(after.groups).toEqual(before.groups)
    expect(after.approvals).toEqual([])
    expect(await one.keeping.readNote('wsus', KEY)).toBeNull()
  })

  it('finds what was approved although the database is that of yesterday', async () => {
    const one = await scene()
    await one.engine.stage(batchOf(one), signal)
    const yesterday = (await one.keeping.readNote('wsus', KEY)) as Record<string, unknown>
    for (const note of [yesterday, null]) {
      await one.engine.start(batchOf(one), signal)
      expect(await one.approvedFor(wave)).toHaveLength(1)
      if (note === null) await one.keeping.removeNote('wsus', KEY)
      else await one.keeping.saveNote('wsus', KEY, note)
      await one.engine.tidy(KEY, signal)
      expect(await one.approvedFor(wave)).toEqual([])
      expect(await one.marks()).toEqual([])
    }
  })

  it('of an unknown start leaves what a known one approved for the same group, and what administrators did', async () => {
    const one = await scene()
    await one.change((state) => ({ ...state, approvals: [{ ...ofAdministrator('Install'), update: idOf('9000000') }] }))
    await one.engine.start(batchOf(one), signal)
    const unknown = async (keys: readonly string[]) => keys.filter((key) => key === KEY)
    expect(await one.engine.reclaim(async () => [], signal)).toEqual([])
    expect(await one.approvedFor(wave)).toHaveLength(2)
    expect(await one.engine.reclaim(unknown, signal)).toEqual([
      expect.stringMatching(
        /approved for the group "Wave 1" belongs to no rollout .* taken back \(a\.corp\.example, b\.corp/,
      ),
    ])
    expect(await one.approvedFor(wave)).toEqual([{ update: idOf('9000000'), action: 'Install', by: 'CORP\\admin' }])
    expect(await one.marks()).toHaveLength(1)
  })
})

it('nobody is approved for in All Computers, whatever is named', async () => {
  const one = await scene({ [WAVE]: [a, b, c, stranger] }, { named: ['All Computers', 'Unassigned Computers'] })
  await one.engine.start(batchOf(one, [a, b, c, stranger]), signal)
  expect(await one.approvedFor(ALL_COMPUTERS)).toEqual([])
  expect((await one.outcomes())[a]).toMatchObject({
    state: 'held back',
    reason: expect.stringContaining('none is there'),
  })
})
