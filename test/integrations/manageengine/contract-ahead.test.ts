import { delegatingEngineContract } from '../../contracts/delegating-engine.ts'
import { lateSceneOver, names, STRANGER } from './late-scene.ts'
import { fresh, memoryStore, policy } from './scene.ts'

/** It is told two hours ahead, at 12:00, and only its deployment policy keeps agents from installing before 14:00. */
const policies = [{ ...policy, window: { opens: ['14:00'], minutes: 22 * 60 } }]

delegatingEngineContract({
  name: 'ManageEngine, simulated, told two hours ahead,',
  scene: () => lateSceneOver(memoryStore(fresh([...names, STRANGER], { policies })), 2),
})
