import { playScenes } from './scenes.ts'
import { slackStage } from './slack-stage.ts'

playScenes('Slack by requests', (log) => slackStage('http', log), 'the first')
