import type { Asset } from '../../../src/core/asset.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import type { WsusState } from '../../../src/integrations/simulated-wsus/state.ts'
import { ALL_COMPUTERS } from '../../../src/integrations/wsus/calls.ts'
import { delegatingEngineContract, type LateScene } from '../../contracts/delegating-engine.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { assetNamed, fresh, idOf, machineRecord, memoryStore, update, wsusScene } from './scene.ts'

const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
const STRANGER = 'web99.corp.example'

async function sceneOver(store: StateStore<WsusState>): Promise<LateScene> {
  const scene = await wsusScene(store)
  const ours = (state: WsusState) => state.groups.filter(({ name }) => name.startsWith('Patchwarden (test)'))
  const inOurs = (edit: (groups: readonly string[], ours: readonly string[]) => readonly string[], name: string) =>
    scene.change((state) => {
      const mine = ours(state).map(({ id }) => id)
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
      const mine = new Set(ours(state).map(({ id }) => id))
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
    addByHand: ({ name }: Asset) => inOurs((groups, mine) => [...groups, ...mine], name),
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

delegatingEngineContract({
  name: 'WSUS, simulated',
  scene: () => sceneOver(memoryStore(fresh([...names, STRANGER]))),
})

inventorySourceContract({
  name: 'WSUS, simulated',
  async create(source) {
    const machines = [
      ...names.map(machineRecord),
      { ...machineRecord('old.corp.example'), os: 'Windows NT 4.0' },
      { ...machineRecord('new.corp.example'), fault: 'silent' },
    ]
    return (await wsusScene(memoryStore(fresh([], { machines })))).sourceNamed(source)
  },
  seen: names,
  unreachable: ['old.corp.example', 'new.corp.example'],
})
