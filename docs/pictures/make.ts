/**
 * Makes docs/slack-card.png and docs/discord-card.png: what the running service posted, drawn by a renderer of our own.
 * It is not a screenshot of Slack or Discord, and says so. `node --import tsx docs/pictures/make.ts`, needs Chromium.
 */

import { fileURLToPath } from 'node:url'
import { createChatService, slackPeople } from '../../test/support/chat-service.ts'
import { findChromium, launchChromium } from '../../test/support/chromium.ts'
import { discordHtml } from './discord.ts'
import { page } from './page.ts'
import { slackHtml } from './slack.ts'

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 100))
}

const found = findChromium()
if ('missing' in found) throw new Error(found.missing)
const chat = await createChatService()
await chat.service.start()
await until(() => chat.slack.sockets() === 2 && chat.slackCards().length === 1 && chat.discordCards().length === 1)
await until(() => chat.thread('slack').length > 0 && chat.thread('discord').length > 0)
const [first] = chat.slackCards()
if (first) await chat.slack.click(slackPeople.mara, first, 'pw:approve')
await until(() => JSON.stringify(chat.slackCards()).includes('(owner) approved'))
await until(() => JSON.stringify(chat.discordCards()).includes('(owner) approved'))
await until(() => chat.thread('slack').length > 1 && chat.thread('discord').length > 1)
await until(() => JSON.stringify(chat.slackCards()).includes('slack_file'))
await until(() => JSON.stringify(chat.discordCards()).includes('attachment_id'))
const [slackCard] = chat.slackCards()
const [discordCard] = chat.discordCards()
const slackThread = chat.slack.messages.filter(({ thread }) => thread !== null)
const pictures: readonly (readonly [string, string])[] = [
  [
    'slack-card',
    page(
      'Slack',
      'slack',
      slackHtml(
        slackCard?.blocks ?? [],
        // A picture is a message without blocks; the same is on the card.
        slackThread.flatMap(({ blocks }) => (blocks.length > 0 ? [blocks] : [])),
        (id) => chat.slack.world.files.get(id)?.file.content,
      ),
    ),
  ],
  [
    'discord-card',
    page(
      'Discord',
      'discord',
      discordHtml(
        discordCard?.components ?? [],
        chat.thread('discord'),
        (wanted) => discordCard?.attachments.find(({ id }) => id === wanted)?.content,
      ),
    ),
  ],
]
const browser = await launchChromium(found.path)
for (const [name, html] of pictures) {
  const view = await browser.newPage({ viewport: { width: 720, height: 400 }, deviceScaleFactor: 2 })
  await view.setContent(html)
  await view.screenshot({ path: fileURLToPath(new URL(`../${name}.png`, import.meta.url)), fullPage: true })
}
await browser.close()
await chat.remove()
process.exit()
