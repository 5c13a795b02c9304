import { delegatingEngineContract } from '../../contracts/delegating-engine.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { lateSceneOver, names, STRANGER } from './late-scene.ts'
import { fresh, machineRecord, manageEngineScene, memoryStore } from './scene.ts'

delegatingEngineContract({
  name: 'ManageEngine, simulated, told when the window opens,',
  scene: () => lateSceneOver(memoryStore(fresh([...names, STRANGER])), 1 / 60),
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
