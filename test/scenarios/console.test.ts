import { consoleStage } from './console-stage.ts'
import { playScenes } from './scenes.ts'

playScenes('the console', consoleStage)
