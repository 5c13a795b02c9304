import { delegatingEngineContract } from '../../contracts/delegating-engine.ts'
import { wholeScene } from './late-scene.ts'

delegatingEngineContract({ name: 'WSUS, simulated, with groups that policies fill', scene: wholeScene })
