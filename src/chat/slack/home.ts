import type { HomeView, KnownBlock } from '@slack/types'
import { actions } from '../actions.ts'
import type { Overview, OverviewLine } from '../desk.ts'
import { buttons, type Surroundings, section } from './card-blocks.ts'
import { mrkdwn } from './mrkdwn.ts'

/** The app's home page for one person: what waits, what runs, what they decided. 100 blocks at most. */
export function homeView(overview: Overview, { consoleUrl }: Surroundings): HomeView {
  return {
    type: 'home',
    blocks: [
      ...part('Waiting for you', overview.waiting, 'Nothing waits for you.'),
      ...part('Running and scheduled', overview.running, 'Nothing is running or scheduled.'),
      ...part('Decided by you', overview.decided, 'Nothing yet.'),
      { type: 'divider' },
      section(`<${consoleUrl}/|Open the console>. \`/patch help\` lists what can be typed.`),
    ],
  }
}

/** The home page for somebody whom Patchwarden does not know, or who may not decide. */
export function homeNotice(text: string): HomeView {
  return { type: 'home', blocks: [section(mrkdwn([{ kind: 'text', text }], 1_000))] }
}

function part(title: string, lines: readonly OverviewLine[], nothing: string): KnownBlock[] {
  const blocks: KnownBlock[] = [{ type: 'header', text: { type: 'plain_text', text: title } }]
  if (lines.length === 0) blocks.push(section(nothing))
  for (const { proposal, revision, text, actions: names } of lines) {
    blocks.push(section(mrkdwn(text, 600)))
    if (names.length === 0) continue
    blocks.push(
      buttons(
        names.map((name) => ({ name, proposal, revision, label: actions[name].label })),
        `${title} ${proposal}`,
      ),
    )
  }
  return blocks
}
