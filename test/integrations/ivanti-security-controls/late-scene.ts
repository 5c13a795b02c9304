/** The simulated console as the contract suite of engines wants it. */

import { advance, resultOf } from '../../../src/integrations/simulated-security-controls/course.ts'
import type { ConsoleState, SimulatedScan } from '../../../src/integrations/simulated-security-controls/state.ts'
import type { StateStore } from '../../../src/integrations/simulated-system/store.ts'
import type { LateScene } from '../../contracts/delegating-engine.ts'
import { ACCOUNT_OF_OTHERS, assetNamed, consoleScene, guid, pace, RHYTHM_HOURS, update } from './scene.ts'

export const names = ['web91.corp.example', 'web92.corp.example', 'web93.corp.example']
export const STRANGER = 'web99.corp.example'
const OURS = 'Patchwarden (test)'
const isStarting = ({ name }: SimulatedScan) => name.startsWith(OURS) && !/look\.\d+$/.test(name)

export async function lateSceneOver(store: StateStore<ConsoleState>): Promise<LateScene> {
  const scene = await consoleScene(store)
  const idOf = (state: ConsoleState, name: string) => state.machines.find((one) => one.dnsName === name)?.id ?? 0

  /** Somebody changes which machines a scan of ours has, once it is over. */
  async function inScan(edit: (state: ConsoleState, scan: SimulatedScan) => SimulatedScan): Promise<void> {
    scene.pass(0.1)
    await scene.change((state) => ({
      ...state,
      scans: state.scans.map((scan) => (isStarting(scan) ? edit(state, scan) : scan)),
    }))
  }
  const working = (name: string) => async (is: 'sentAt' | 'begunAt') => {
    const state = await scene.state()
    return state.deployments.some(({ targets }) =>
      targets.some((one) => one.machine === idOf(state, name) && one[is] !== null),
    )
  }
  return {
    engine: scene.engine(),
    source: scene.source,
    restart: () => scene.engine(),
    dying: (nth, when) => scene.engine({ dies: { nth, when } }),
    shownAfterHours: 0.1,
    assets: names.map(assetNamed),
    stranger: assetNamed(STRANGER),
    changes: [update],
    rhythmHours: RHYTHM_HOURS,
    workHours: 2,
    now: scene.now,
    pass: async (hours) => scene.pass(hours),
    async told() {
      const state = await scene.state()
      const over = new Set(
        state.deployments
          .filter(({ targets }) => targets.every(({ endedAt }) => endedAt !== null))
          .map(({ scan }) => scan),
      )
      const ids = new Set(
        state.scans.filter((scan) => isStarting(scan) && !over.has(scan.id)).flatMap(({ machines }) => machines),
      )
      return state.machines
        .filter(({ id }) => ids.has(id))
        .map(({ dnsName }) => dnsName ?? '')
        .sort()
    },
    async things() {
      const { groups, scanTemplates } = await scene.state()
      return [...groups, ...scanTemplates].filter(({ name }) => name.startsWith(OURS)).length
    },
    hasLearned: ({ name }) => working(name)('sentAt'),
    hasBegun: ({ name }) => working(name)('begunAt'),
    addByHand: ({ name }) =>
      inScan((state, scan) => {
        const machine = state.machines.find(({ id }) => id === idOf(state, name))
        if (machine === undefined) return scan
        const results = scan.results === null ? null : [...scan.results, resultOf(state, scan, machine)]
        return { ...scan, machines: [...scan.machines, machine.id], results }
      }),
    removeByHand: ({ name }) =>
      inScan((state, scan) => {
        const without = (ids: readonly number[]) => ids.filter((id) => id !== idOf(state, name))
        const results = scan.results?.filter(({ machine }) => machine !== idOf(state, name)) ?? null
        return { ...scan, machines: [...without(scan.machines)], results }
      }),
    approveElsewhere: ({ name }) =>
      scene.change((state) => {
        const row = { vulnerability: 40_001, patch: guid(2), product: 'Windows Server 2022', word: 'MissingPatch' }
        const at = scene.now().toISOString()
        const target = {
          machine: idOf(state, name),
          patches: [row],
          sentAt: at,
          begunAt: null,
          endedAt: null,
          problem: null,
          codes: {},
          isSaid: false,
        }
        const other = {
          ...{
            id: guid(900),
            scan: guid(901),
            template: state.deployTemplates[0]?.id ?? '',
            creator: ACCOUNT_OF_OTHERS,
          },
          ...{ startedAt: at, shownAt: at, cancelledAt: null, downloadFailed: false, targets: [target] },
        }
        return advance({ ...state, deployments: [...state.deployments, other] }, pace, scene.now())
      }),
    loseAnswer: () => scene.traps({ loseAnswers: 1 }),
    speaksNoMore: ({ name }) => scene.changeMachine(name, { fault: 'old words' }),
    breakInstallation: ({ name }) => scene.changeMachine(name, { fault: 'install fails' }),
  }
}
