import { delegatingEngineContract } from '../../contracts/delegating-engine.ts'
import { inventorySourceContract } from '../../contracts/inventory-source.ts'
import { lateSceneOver, names, STRANGER } from './late-scene.ts'
import { fresh, machineRecord, memoryStore, siteScene } from './scene.ts'

delegatingEngineContract({
  name: 'Configuration Manager, simulated,',
  scene: () => lateSceneOver(memoryStore(fresh([...names, STRANGER]))),
})

for (const smallNames of [false, true])
  inventorySourceContract({
    name: `Configuration Manager, simulated, ${smallNames ? 'names in small letters' : 'names as documented'},`,
    async create(source) {
      const machines = [
        ...names.map(machineRecord),
        { ...machineRecord('old.corp.example', 10), os: 'Windows NT 4.0' },
        { ...machineRecord('new.corp.example', 11), fault: 'silent' },
        { ...machineRecord('bare.corp.example', 12), hasClient: false },
        // The record of a machine that was installed anew.
        { ...machineRecord(names[0] ?? '', 13), obsolete: true },
      ]
      const traps = { smallNames, wrapped: smallNames, pageRows: smallNames ? 2 : 1_000 }
      return (await siteScene(memoryStore(fresh([], { machines, traps })))).sourceNamed(source)
    },
    seen: names,
    unreachable: ['old.corp.example', 'new.corp.example', 'bare.corp.example'],
  })
