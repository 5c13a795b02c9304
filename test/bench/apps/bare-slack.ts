/** The floor: a Bolt app that acknowledges every click, and does nothing else. Arguments: API address and both tokens. */

import { App, LogLevel } from '@slack/bolt'

const [slackApiUrl = '', token = '', appToken = ''] = process.argv.slice(2)
const clientOptions = { slackApiUrl, retryConfig: { retries: 0 } }
const app = new App({ token, appToken, socketMode: true, logLevel: LogLevel.ERROR, clientOptions })
app.action(/.*/, async ({ ack }) => {
  await ack()
})
await app.start()
console.log('ready')
