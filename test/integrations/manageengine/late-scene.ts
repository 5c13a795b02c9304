/** The simulated ManageEngine as the contract suite of engines wants it. */

import type { Asset } from '../../../src/core/asset.ts'
import type { ManageEngineState } from '../../../src/integrations/simulated-manageengine/state.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import type { LateScene } from '../../contracts/delegating-engine.ts'
import { assetNamed, manageEngineScene, RHYTHM_HOURS, update } from './scene.ts'

export const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
export const STRANGER = 'web99.corp.example'

export async function lateSceneOver(store: StateStore<ManageEngineState>, leadHours: number): Promise<LateScene> {
  const scene = await manageEngineScene(store)
  const ours = (state: ManageEngineState) =>
    state.configurations.filter(({ name, trashed }) => name.startsWith('Patchwarden (test)') && !trashed)
  const inOurs = (edit: (machines: readonly string[], id: string) => readonly string[], name: string) =>
    scene.change((state) => {
      const id = state.machines.find((one) => one.name === name)?.id ?? ''
      const configurations = state.configurations.map((one) =>
        ours(state).includes(one) && !one.suspended ? { ...one, machines: [...edit(one.machines, id)] } : one,
      )
      return { ...state, configurations }
    })
  return {
    engine: scene.engine({ leadHours }),
    source: scene.source,
    restart: () => scene.engine({ leadHours }),
    dying: (nth, when) => scene.engine({ leadHours, dies: { nth, when } }),
    stagesNothing: true,
    sendsOnce: true,
    assets: names.map(assetNamed),
    stranger: assetNamed(STRANGER),
    changes: [update],
    rhythmHours: RHYTHM_HOURS,
    workHours: 1,
    now: scene.now,
    pass: async (hours) => scene.pass(hours),
    async told() {
      const state = await scene.state()
      const ids = new Set(
        ours(state)
          .filter(({ suspended }) => !suspended)
          .flatMap(({ machines }) => machines),
      )
      return state.machines
        .filter(({ id }) => ids.has(id))
        .map(({ name }) => name)
        .sort()
    },
    things: async () => ours(await scene.state()).length,
    hasLearned: async ({ name }) => (await scene.machine(name)).told.length > 0,
    async hasBegun({ name }) {
      const machine = await scene.machine(name)
      return machine.working !== null || machine.attempts.length > 0
    },
    addByHand: ({ name }: Asset) => inOurs((machines, id) => [...machines, id], name),
    removeByHand: ({ name }) => inOurs((machines, own) => machines.filter((id) => id !== own), name),
    approveElsewhere: ({ name }) =>
      scene.change((state) => {
        const id = state.machines.find((one) => one.name === name)?.id ?? ''
        const at = scene.now().toISOString()
        const made = { id: '800001', name: 'Accounting by hand', patches: ['104001'], machines: [id], policy: '4' }
        const other = { ...made, undone: false, createdAt: at, shownAt: at, suspended: false, trashed: false }
        return { ...state, configurations: [...state.configurations, other] }
      }),
    loseAnswer: () => scene.traps({ loseAnswers: 1 }),
    speaksNoMore: ({ name }) => scene.changeMachine(name, { fault: 'old words' }),
    breakInstallation: ({ name }) => scene.changeMachine(name, { fault: 'install fails' }),
  }
}
