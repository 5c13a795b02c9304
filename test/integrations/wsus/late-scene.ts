/** A simulated WSUS for the contract of engines with terms, in both modes. */

import type { Asset } from '../../../src/core/asset.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import type { WsusState } from '../../../src/integrations/simulated-wsus/state.ts'
import { ALL_COMPUTERS } from '../../../src/integrations/wsus/calls.ts'
import type { LateScene } from '../../contracts/delegating-engine.ts'
import { assetNamed, fresh, idOf, inGroups, memoryStore, update, wsusScene } from './scene.ts'

export const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
const STRANGER = 'web99.corp.example'

async function sceneOver(
  store: StateStore<WsusState>,
  wholeGroups: readonly string[] | null = null,
): Promise<LateScene> {
  const scene = await wsusScene(store, { named: wholeGroups })
  const ours = (state: WsusState) => state.groups.filter(({ name }) => name.startsWith('Patchwarden (test)'))
  // The groups that are told as a whole, or those that we made.
  const toldGroups = (state: WsusState) =>
    wholeGroups === null ? ours(state) : state.groups.filter(({ name }) => wholeGroups.includes(name))
  const isApproved = ({ approvals }: WsusState, group: string) =>
    wholeGroups === null || approvals.some((one) => one.group === group && one.by === 'CORP\\svc-patchwarden')
  const inOurs = (edit: (groups: readonly string[], ours: readonly string[]) => readonly string[], name: string) =>
    scene.change((state) => {
      const mine = toldGroups(state).map(({ id }) => id)
      const machines = state.machines.map((one) =>
        one.name === name ? { ...one, groups: [...edit(one.groups, mine)] } : one,
      )
      return { ...state, machines }
    })
  return {
    engine: scene.engine(),
    source: scene.source,
    restart: () => scene.engine(),
    dying: (nth, when) => scene.engine({ dies: { nth, when } }),
    assets: names.map(assetNamed),
    stranger: assetNamed(STRANGER),
    changes: [update],
    rhythmHours: 22,
    workHours: 1,
    now: scene.now,
    pass: async (hours) => scene.pass(hours),
    async told() {
      const state = await scene.state()
      const mine = new Set(toldGroups(state).flatMap(({ id }) => (isApproved(state, id) ? [id] : [])))
      return state.machines
        .filter(({ groups }) => groups.some((id) => mine.has(id)))
        .map(({ name }) => name)
        .sort()
    },
    things: async () => ours(await scene.state()).length,
    hasLearned: async ({ name }) => (await scene.machine(name)).told.length > 0,
    async hasBegun({ name }) {
      const machine = await scene.machine(name)
      return machine.working !== null || machine.attempts.length > 0
    },
    addByHand: ({ name }: Asset) => inOurs((groups, mine) => [...groups, ...mine.slice(-1)], name),
    removeByHand: ({ name }) => inOurs((groups, mine) => groups.filter((id) => !mine.includes(id)), name),
    approveElsewhere: ({ name }) =>
      scene.change((state) => {
        const id = '11111111-1111-1111-1111-111111111111'
        const group = { id, name: 'Accounting', parent: ALL_COMPUTERS }
        const approval = {
          ...{ id: '22222222-2222-2222-2222-222222222222', update: idOf('9000001'), group: id, revision: 1 },
          ...{ action: 'Install' as const, deadline: null, by: 'CORP\\admin', createdAt: scene.now().toISOString() },
        }
        const machines = state.machines.map((one) =>
          one.name === name ? { ...one, groups: [...one.groups, id] } : one,
        )
        return { ...state, groups: [...state.groups, group], approvals: [...state.approvals, approval], machines }
      }),
    loseAnswer: () => scene.change((state) => ({ ...state, server: { ...state.server, loseAnswers: 1 } })),
    speaksNoMore: ({ name }) => scene.changeMachine(name, { fault: 'old words' }),
    breakInstallation: ({ name }) => scene.changeMachine(name, { fault: 'install fails' }),
  }
}

/** Each start has a group of its own. */
export function ownScene(): Promise<LateScene> {
  return sceneOver(memoryStore(fresh([...names, STRANGER])))
}

/** Where policies decide the groups: what is ours there are approvals, and empty groups that mark them. */
export async function wholeScene(): Promise<LateScene> {
  const [first = '', ...others] = names
  const groups = { 'Wave 1': [first], 'Wave 2': others }
  const state = inGroups(fresh([...names, STRANGER], { server: { targeting: 'Client' } }), groups)
  return { ...(await sceneOver(memoryStore(state), Object.keys(groups))), keptBesideStranger: [assetNamed(first)] }
}
