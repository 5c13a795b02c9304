/** The simulated site as the contract suite of engines wants it. */

import type { SiteState } from '../../../src/integrations/simulated-configuration-manager/state.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import type { LateScene } from '../../contracts/delegating-engine.ts'
import { assetNamed, RHYTHM_HOURS, siteScene, update } from './scene.ts'

export const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
export const STRANGER = 'web99.corp.example'

export async function lateSceneOver(store: StateStore<SiteState>): Promise<LateScene> {
  const scene = await siteScene(store)
  const isOurs = ({ name }: { readonly name: string }) => name.startsWith('Patchwarden (test)')
  const idIn = (state: SiteState, name: string) => state.machines.find((one) => one.name === name)?.id ?? 0
  const inOurs = (name: string, edit: 'in' | 'out') =>
    scene.change((state) => {
      const machine = idIn(state, name)
      const collections = state.collections.map((one) => {
        if (!isOurs(one)) return one
        const others = one.rules.filter((rule) => rule.kind !== 'direct' || rule.machine !== machine)
        return { ...one, rules: edit === 'out' ? others : [...others, { kind: 'direct' as const, machine }] }
      })
      return { ...state, collections }
    })
  return {
    engine: scene.engine(),
    source: scene.source,
    restart: () => scene.engine(),
    dying: (nth, when) => scene.engine({ dies: { nth, when } }),
    assets: names.map(assetNamed),
    stranger: assetNamed(STRANGER),
    changes: [update],
    rhythmHours: RHYTHM_HOURS,
    workHours: 1,
    now: scene.now,
    pass: async (hours) => scene.pass(hours),
    async told() {
      const state = await scene.state()
      const rules = state.collections.filter(isOurs).flatMap((one) => one.rules)
      const ids = new Set(rules.flatMap((rule) => (rule.kind === 'direct' ? [rule.machine] : [])))
      const told = state.machines.filter(({ id }) => ids.has(id))
      return told.map(({ name }) => name).sort()
    },
    async things() {
      const { collections, groups, deployments } = await scene.state()
      return [...collections, ...groups, ...deployments].filter(isOurs).length
    },
    hasLearned: async ({ name }) => (await scene.machine(name)).told.length > 0,
    async hasBegun({ name }) {
      const machine = await scene.machine(name)
      return machine.working !== null || machine.attempts.length > 0
    },
    addByHand: ({ name }) => inOurs(name, 'in'),
    removeByHand: ({ name }) => inOurs(name, 'out'),
    approveElsewhere: ({ name }) =>
      scene.change((state) => {
        const at = `${scene.now().toISOString().slice(0, 19)}Z`
        const machine = idIn(state, name)
        const collection = {
          ...{ id: 'P0100099', name: 'Accounting', windows: [], changedAt: null, before: [] },
          rules: [{ kind: 'direct' as const, machine }],
        }
        const group = { id: 17_500_000, name: 'Accounting', updates: [16_800_001] }
        const deployment = {
          ...{
            id: 16_950_000,
            unique: '{other}',
            name: 'Accounting by hand',
            group: group.id,
            collection: collection.id,
          },
          ...{ enabled: true, availableAt: at, deadline: at, isUtc: true, suppressed: 0, ignoresWindows: false },
        }
        return {
          ...state,
          collections: [...state.collections, collection],
          groups: [...state.groups, group],
          deployments: [...state.deployments, deployment],
        }
      }),
    loseAnswer: () => scene.traps({ loseAnswers: 1 }),
    speaksNoMore: ({ name }) => scene.changeMachine(name, { fault: 'old words' }),
    breakInstallation: ({ name }) => scene.changeMachine(name, { fault: 'install fails' }),
  }
}
