import { delegatingEngineContract } from '../../contracts/delegating-engine.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { names, ownScene } from './late-scene.ts'
import { fresh, machineRecord, memoryStore, wsusScene } from './scene.ts'

delegatingEngineContract({ name: 'WSUS, simulated', scene: ownScene })

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
