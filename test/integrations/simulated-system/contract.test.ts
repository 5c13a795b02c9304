import type { Asset } from '../../../src/core/asset.ts'
import { isDone } from '../../../src/integrations/simulated-system/course.ts'
import type { SystemState } from '../../../src/integrations/simulated-system/state.ts'
import type { SystemStore } from '../../../src/integrations/simulated-system/store.ts'
import { delegatingEngineContract, type LateScene } from '../../contracts/delegating-engine.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { assetNamed, dyingStore, fileStore, fresh, memoryStore, systemScene, update } from './scene.ts'

const names = ['web91', 'web92', 'web93']
const STRANGER = 'web99'

function sceneOver(store: SystemStore): LateScene {
  const scene = systemScene(store)
  const ours = (state: SystemState) => state.groups.filter(({ name }) => name.startsWith('Patchwarden test/'))
  const withMembers = (edit: (members: readonly string[]) => readonly string[]) =>
    scene.change((state) => ({
      ...state,
      groups: state.groups.map((one) => ({ ...one, members: [...edit(one.members)] })),
    }))
  return {
    engine: scene.engine(),
    source: scene.source,
    restart: () => scene.engine(),
    dying: (call, when) => scene.engine(dyingStore(store, call, when)),
    assets: names.map(assetNamed),
    stranger: assetNamed(STRANGER),
    changes: [update],
    rhythmHours: 22,
    workHours: 1,
    now: scene.now,
    pass: async (hours) => scene.pass(hours),
    told: async () =>
      ours(await scene.state())
        .flatMap(({ members }) => members)
        .sort(),
    things: async () => ours(await scene.state()).length,
    hasLearned: async ({ name }) => (await scene.machine(name)).told.length > 0,
    async hasBegun({ name }) {
      const machine = await scene.machine(name)
      return machine.working !== null || machine.results.length > 0 || isDone(update, machine)
    },
    addByHand: ({ name }: Asset) => withMembers((members) => [...members, name]),
    removeByHand: ({ name }) => withMembers((members) => members.filter((one) => one !== name)),
    approveElsewhere: ({ name }) =>
      scene.change((state) => ({
        ...state,
        approvals: [
          {
            group: 'All machines',
            updates: [update.name],
            since: scene.now().toISOString(),
            deadline: null,
            machines: [name],
          },
        ],
      })),
    loseAnswer: () => scene.change((state) => ({ ...state, server: { ...state.server, loseAnswers: 1 } })),
    speaksNoMore: ({ name }) => scene.changeMachine(name, { fault: 'old words' }),
    breakInstallation: ({ name }) => scene.changeMachine(name, { fault: 'install fails' }),
  }
}

delegatingEngineContract({
  name: 'The simulated system, in memory',
  scene: async () => sceneOver(memoryStore(fresh([...names, STRANGER]))),
})

delegatingEngineContract({
  name: 'The simulated system, in its file',
  scene: async () => sceneOver(fileStore(fresh([...names, STRANGER]))),
})

inventorySourceContract({
  name: 'The simulated system',
  create(source) {
    const state = fresh(names, {})
    const incomplete = state.machines.map((one) => ({ ...one, name: 'no-team', team: undefined }))[0]
    const machines = incomplete === undefined ? state.machines : [...state.machines, incomplete]
    return systemScene(memoryStore({ ...state, machines })).sourceNamed(source)
  },
  seen: names,
  unreachable: ['no-team'],
})
