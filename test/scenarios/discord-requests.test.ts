import { discordStage } from './discord-stage.ts'
import { playScenes } from './scenes.ts'

playScenes('Discord by requests', (log) => discordStage('http', log), 'the first')
