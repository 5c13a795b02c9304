/** What is kept beside states says what the states say: of proposals in every state that one can be left in. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assetPageDetail, explainDetail, planDetail, planPictureOf, toldPlanDetail } from '../../src/chat/details.ts'
import { overviewOf } from '../../src/chat/overview.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { editionsOf, regressionsOf } from '../../src/core/follow-up.ts'
import { isOwn } from '../../src/core/hands.ts'
import { asksOf, isAsked } from '../../src/core/permission/asks.ts'
import type { Member } from '../../src/core/policy.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import { finalStatuses, type PatchSubject, type ProposalState } from '../../src/core/proposal/proposal.ts'
import { keepsBackUntil } from '../../src/core/rollback.ts'
import { tallyOf } from '../../src/core/rollout/tally.ts'
import { carryOver } from '../../src/store/carry-over.ts'
import type { Db } from '../../src/store/connection.ts'
import {
  assetsOfProposal,
  patchesOfProposal,
  patchOfProposal,
  planOfProposal,
  proposalWith,
} from '../../src/store/decision-pages.ts'
import { carriersOf, deferredOf, openPatchesOf, patchesAsked, standingRuleOf } from '../../src/store/precedents.ts'
import { badgesOf, findGlance, readGlances, waitingFor } from '../../src/store/proposal-pages.ts'
import { allProposals } from '../../src/store/proposals.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { exampleService, jonas, mara, tom } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'
import { manyProposals } from '../support/many-proposals.ts'

let database: TestDatabase
let db: Db
let states: readonly ProposalState[]
let removeService: () => Promise<void>
const TEAM = 'others'
const now = () => new Date().toISOString()

beforeAll(async () => {
  database = await createTestDatabase()
  db = database.db
  const service = await exampleService(db)
  removeService = service.remove
  const workflow = createWorkflow(service.parts, alwaysMine)
  await manyProposals({ db, workflow, hashOf: contentHash, hosts: { few: 12, many: 30 } })
  states = (await allProposals(db)).map(({ state }) => state)
})
afterAll(async () => {
  await removeService()
  await database.drop()
})

const patchesOf = (state: ProposalState) => (state.subject.kind === 'patches' ? state.subject.patches : [])
const isOpen = ({ status }: ProposalState) => !finalStatuses.includes(status)

describe('at a glance', () => {
  test('each proposal is as its state gives it', async () => {
    const glances = await readGlances(
      db,
      states.map(({ id }) => id),
    )
    expect(glances.map(({ id }) => id)).toEqual(states.map(({ id }) => id))
    for (const [index, state] of states.entries()) expect(glances[index], state.id).toEqual(glanceOf(state))
  })

  test('what is kept of another event than the last is not shown, and neither is another version read otherwise', async () => {
    const [one] = states.filter(({ rollout }) => rollout !== null)
    if (one === undefined) throw new Error('none')
    await database.sql`update proposals set tally = jsonb_set(tally, '{ends,good}', '999'), tally_seq = 1 where id = ${one.id}`
    expect((await findGlance(db, one.id))?.tally).toEqual(tallyOf(one))
    await database.sql`delete from proposal_briefs where proposal = ${one.id}`
    await database.sql`delete from open_patches where proposal = ${one.id}`
    const [live, over] = [await carryOver(db, 'live', now()), await carryOver(db, 'over', now())]
    expect([live.carried + over.carried, live.problems, over.problems]).toEqual([1, [], []])
    expect(await findGlance(db, one.id)).toEqual(glanceOf(one))
    const [row] = await database.sql`select tally, tally_seq, seq from proposals where id = ${one.id}`
    expect(row).toMatchObject({ tally: tallyOf(one), tally_seq: row?.seq })
  })

  test('nobody is called by name in what is kept', async () => {
    for (const table of [
      'proposals',
      'proposal_briefs',
      'asked',
      'open_patches',
      'deferrals',
      'standing_rules',
      'carried',
    ]) {
      const rows = await database.sql`select to_jsonb(t) - 'state' as row from ${database.sql(table)} t`
      expect(JSON.stringify(rows), table).not.toMatch(/mara|tom|jonas/i)
    }
  })
})

describe('whom they wait for', () => {
  const people: readonly Member[] = [
    mara,
    tom,
    jonas,
    { id: 'eva', name: 'Eva', roles: ['owner', 'on-call'] },
    { id: 'sven', name: 'Sven', roles: ['security'] },
  ]
  const membersOf = () => people

  test('badges and lists say what each state says, for people of the team and for others', async () => {
    for (const me of people) {
      const roles = new Map([[TEAM, me.roles]])
      const mine = states.filter((state) => asksOf(glanceOf(state)).some((ask) => isAsked(ask, me, people)))
      const badges = await badgesOf(db, [TEAM, 'nobody'], { id: me.id, roles, membersOf })
      expect(badges.get(TEAM), me.id).toEqual({ open: states.filter(isOpen).length, waiting: mine.length })
      expect(badges.get('nobody')).toEqual({ open: 0, waiting: 0 })
      const newest = mine.map(({ id }) => id).reverse()
      expect(await waitingFor(db, { id: me.id, roles, membersOf }, 5)).toEqual(newest.slice(0, 5))
      expect(await waitingFor(db, { id: me.id, roles: new Map(), membersOf }, 5)).toEqual([])
    }
  })

  test('where the place of a role is filled, nobody else who holds it is waited for', async () => {
    const approvedByTom = states.filter(
      ({ status, votes }) =>
        status === 'open' && votes.some((vote) => vote.person === tom.id && vote.choice === 'approve' && isOwn(vote)),
    )
    expect(approvedByTom.length).toBeGreaterThan(0)
    const of = (id: string, roles: readonly string[]) =>
      waitingFor(db, { id, roles: new Map([[TEAM, roles]]), membersOf }, 1_000)
    const [forSven, forMara] = [await of('sven', ['security']), await of(mara.id, mara.roles)]
    for (const { id } of approvedByTom) {
      expect(forSven).not.toContain(id)
      expect(forMara).toContain(id)
    }
  })

  test('every line of what waits is one that the overview has words for', async () => {
    const glances = states.map(glanceOf)
    for (const me of people) {
      const ids = await waitingFor(db, { id: me.id, roles: new Map([[TEAM, me.roles]]), membersOf }, 1_000)
      const waiting = glances.filter(({ id }) => ids.includes(id))
      const reader = { kind: 'person', id: me.id, name: me.name, via: 'console' } as const
      const overview = overviewOf(
        {
          waiting: waiting.map((glance) => ({ glance, members: people, now: now(), freezes: [] })),
          running: [],
          decided: [],
        },
        reader,
      )
      expect(overview.waiting).toHaveLength(Math.min(10, waiting.length))
    }
  })
})

describe('what they mean for what is proposed next', () => {
  test('patches that are asked for, deferred and carried are those of the states', async () => {
    const open = states.filter((state) => isOpen(state) && keepsBackUntil(state) === null)
    const asked = open.flatMap((state) => patchesOf(state).map((patch) => `${state.id} ${patch.id}`))
    const rows = await openPatchesOf(db, TEAM)
    expect(rows.map(({ proposal, patch }) => `${proposal} ${patch}`).sort()).toEqual([...asked].sort())
    expect((await patchesAsked(db, { ids: [], source: 'openssl' }, 1_000)).length).toBe(asked.length)
    expect(await openPatchesOf(db, 'nobody')).toEqual([])

    const deferred = states.filter(
      (state) => (keepsBackUntil(state) ?? '') > now() || (state.deferral?.until ?? '') > now(),
    )
    expect(deferred.length).toBeGreaterThan(1)
    const kept = await deferredOf(db, TEAM, now())
    expect(new Set(kept.map(({ proposal }) => proposal))).toEqual(new Set(deferred.map(({ id }) => id)))
    for (const { proposal, patch, priority } of kept) {
      const of = states.find(({ id }) => id === proposal)
      expect(of === undefined ? [] : patchesOf(of)).toContainEqual(expect.objectContaining({ id: patch, priority }))
    }
    expect(await deferredOf(db, TEAM, '2999-01-01T00:00:00.000Z')).toEqual([])
  })

  test('the standing approval is the one that was voted', async () => {
    const voted = states.find(({ subject, status }) => subject.kind === 'standing rule' && status === 'approved')
    if (voted?.subject.kind !== 'standing rule') throw new Error('none was voted')
    const { name, tags, types, expiresAt } = voted.subject.rule
    expect(await standingRuleOf(db, TEAM, name)).toEqual({ rule: name, proposal: voted.id, expiresAt, tags, types })
    expect(await standingRuleOf(db, TEAM, 'all else')).toBeNull()
    expect(await standingRuleOf(db, 'payments', name)).toBeNull()
  })

  test('editions of an advisory are found by what they have in common', async () => {
    const patch = patchesOf(states[0] as ProposalState)[0]
    if (patch === undefined) throw new Error('none')
    const with_ = (...advisories: string[]) => [{ ...patch, advisories }]
    const [before, after] = [with_('DSA-5356-1', 'RHSA-2026:1'), with_('DSA-5356-2', 'DLA-1-1')]
    expect(editionsOf(before)).toEqual([{ family: 'DSA-5356', edition: 1, advisory: 'DSA-5356-1' }])
    expect(regressionsOf(after, before)).toEqual([{ advisory: 'DSA-5356-2', mends: 'DSA-5356-1' }])
    expect(
      await carriersOf(
        db,
        TEAM,
        editionsOf(after).map(({ family }) => family),
      ),
    ).toEqual([])
  })
})

describe('parts of one decision', () => {
  const rowsOf = (state: ProposalState, subject: PatchSubject, total: number) =>
    assetPageDetail(state, subject, { total, only: null }).tables[0]?.rows.map((row) => row.map(plain)) ?? []

  test('page after page, its assets are all of them by id, each with what happened to it', async () => {
    for (const state of states) {
      const { subject } = state
      if (subject.kind !== 'patches') {
        expect(await assetsOfProposal(db, state.id, { after: null, only: null }, 5)).toBeNull()
        continue
      }
      const assets = subject.assets.toSorted((a, b) => (a.asset.id < b.asset.id ? -1 : 1))
      const read: string[][] = []
      for (let after: string | null = null; ; ) {
        const part = await assetsOfProposal(db, state.id, { after, only: null }, 7)
        if (part === null) throw new Error(`${state.id} has no assets`)
        expect(part.total).toBe(assets.length)
        read.push(...rowsOf(part.state, part.state.subject, part.total))
        if (!part.more) break
        after = part.state.subject.assets.at(-1)?.asset.id ?? null
      }
      expect(read, state.id).toEqual(rowsOf(state, { ...subject, assets }, assets.length))
    }
  })

  test('those that did not end well are found without the others', async () => {
    let found = 0
    for (const state of states) {
      const run = state.rollout ?? state.test
      const bad = Object.values(run?.deployments ?? {})
        .filter(({ verification }) => ['failed', 'unreachable'].includes(verification?.end ?? ''))
        .map(({ asset }) => asset)
        .sort()
      const part = await assetsOfProposal(db, state.id, { after: null, only: 'not well' }, 100)
      expect(part?.state.subject.assets.map(({ asset }) => asset.id) ?? []).toEqual(bad)
      found += bad.length
    }
    expect(found).toBeGreaterThan(5)
  })

  test('its patches are explained as voters see them, and of each the assets that miss it', async () => {
    for (const state of states) {
      const glance = await findGlance(db, state.id)
      if (glance === null || state.subject.kind !== 'patches') continue
      const { patches, total } = await patchesOfProposal(db, glance, 0, 10)
      expect(total).toBe(state.subject.patches.length)
      expect(explainDetail(glance, { patches })).toEqual(explainDetail(state, state.subject))
      const one = await patchOfProposal(db, glance, patches[0]?.id ?? '', 1_000)
      expect(one?.assets).toHaveLength(state.subject.assets.length)
      const some = state.subject.assets.slice(0, 2).map(({ asset }) => asset.id)
      const part = await proposalWith(db, state.id, some)
      expect(part?.subject.assets.map(({ asset }) => asset.id)).toEqual(some)
    }
    expect(await proposalWith(db, 'PW-999', [])).toBeNull()
  })

  test('its plan without any list of assets says what the whole one says, with what was expected when it was told', async () => {
    const at = now()
    for (const state of states) {
      const glance = await findGlance(db, state.id)
      if (glance?.subject.kind !== 'patches' || state.subject.kind !== 'patches') continue
      const found = await planOfProposal(db, glance)
      if (found === null) throw new Error(`${state.id} has no plan`)
      const sizes = glance.subject.rings.map(({ assets }) => assets)
      const rings = found.plan.rings.map((ring, index) => ({ ...ring, assets: sizes[index] ?? 0 }))
      const plan = { ...found.plan, rings, simulated: glance.subject.simulated }
      const whole = planDetail(state, state.subject, [], at)
      const told = planPictureOf(state, state.subject, { freezes: [], now: at })
      const shown = toldPlanDetail(glance, plan, { first: found.first, told, freezes: [], now: at })
      expect(shown.tables, state.id).toEqual(whole.tables)
      expect(shown.picture).toEqual(whole.picture)
      const kept = shown.lines.filter((line) => /^(Ring|All|Cluster|Around|The monitoring)/.test(line))
      expect(whole.lines).toEqual(expect.arrayContaining(kept))
    }
  })
})
