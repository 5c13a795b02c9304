import { delegatingEngineContract } from '../../contracts/delegating-engine.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { lateSceneOver, names, STRANGER } from './late-scene.ts'
import { consoleScene, fresh, machineRecord, memoryStore } from './scene.ts'

delegatingEngineContract({
  name: 'Security Controls, simulated,',
  scene: () => lateSceneOver(memoryStore(fresh([...names, STRANGER]))),
})

inventorySourceContract({
  name: 'Security Controls, simulated,',
  async create(source) {
    const machines = [
      ...names.map(machineRecord),
      { ...machineRecord('old.corp.example', 10), products: ['Windows NT 4.0'] },
      { ...machineRecord('new.corp.example', 11), fault: 'silent' },
    ]
    return (await consoleScene(memoryStore(fresh([], { machines })))).sourceNamed(source)
  },
  seen: names,
  unreachable: ['old.corp.example', 'new.corp.example'],
})
