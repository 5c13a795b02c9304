import { playScenes } from './scenes.ts'
import { slackStage } from './slack-stage.ts'

playScenes('Slack over sockets', (log) => slackStage('socket', log))
