import type { Asset } from '../../../src/core/asset.ts'
import type { ManageEngineState } from '../../../src/integrations/simulated-manageengine/state.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import { delegatingEngineContract, type LateScene } from '../../contracts/delegating-engine.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { assetNamed, fresh, machineRecord, manageEngineScene, memoryStore, RHYTHM_HOURS, update } from './scene.ts'

const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
const STRANGER = 'web99.corp.example'

async function sceneOver(store: StateStore<ManageEngineState>, leadHours: number): Promise<LateScene> {
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

delegatingEngineContract({
  name: 'ManageEngine, simulated, told when the window opens,',
  scene: () => sceneOver(memoryStore(fresh([...names, STRANGER])), 0),
})

for (const onlyLegacy of [false, true])
  inventorySourceContract({
    name: `ManageEngine, simulated, ${onlyLegacy ? 'older' : 'newer'} API,`,
    async create(source) {
      const machines = [
        ...names.map(machineRecord),
        { ...machineRecord('old.corp.example', 10), os: 'Windows NT 4.0' },
        { ...machineRecord('new.corp.example', 11), fault: 'silent' },
        { ...machineRecord('bare.corp.example', 12), hasAgent: false },
        // Left out: only Windows is patched by this kind.
        { ...machineRecord('tux.corp.example', 13), os: 'Ubuntu 24.04', platform: 3 },
      ]
      return (await manageEngineScene(memoryStore(fresh([], { machines, traps: { onlyLegacy } })))).sourceNamed(source)
    },
    seen: names,
    unreachable: ['old.corp.example', 'new.corp.example', 'bare.corp.example'],
  })
