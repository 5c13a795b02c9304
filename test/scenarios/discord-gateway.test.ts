import { discordStage } from './discord-stage.ts'
import { playScenes } from './scenes.ts'

playScenes('Discord over its gateway', (log) => discordStage('gateway', log))
