import type { KnownBlock } from '@slack/types'
import type { Answer } from '../desk.ts'
import { detailLines } from '../detail-lines.ts'
import { plain } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'
import type { SlackMessage, Surroundings } from './card-blocks.ts'
import { preformatted, section } from './card-blocks.ts'
import { escaped, mrkdwn } from './mrkdwn.ts'

/** Characters for a detail in the answer. The console shows the rest. */
const DETAIL = 2_600

/** An answer that only one person sees. */
export function answerMessage(answer: Answer, link: string | null, { consoleUrl }: Surroundings): SlackMessage {
  const said = mrkdwn(answer.message, 1_500)
  const blocks: KnownBlock[] = []
  let rest = 'In the console'
  if (said !== '') blocks.push(section(`${answer.ok ? '' : '⚠️ '}${said}`))
  if (answer.detail) {
    const lines = detailLines(answer.detail)
    const shown = fitting(lines)
    if (shown.length > 0) blocks.push(section(preformatted(shown)))
    const more = lines.length - shown.length
    rest = more > 0 ? `${more} more lines are in the console` : rest
  }
  if (link !== null || answer.detail) blocks.push(section(`<${consoleUrl}${link ?? '/'}|${rest}>`))
  return {
    text: escaped(shorten(oneLine(plain(answer.message)), 700)) || 'Done.',
    blocks: blocks.length > 0 ? blocks : [section('Done.')],
  }
}

/** The first lines that fit. */
function fitting(lines: readonly string[]): readonly string[] {
  let room = DETAIL
  const shown: string[] = []
  for (const line of lines.slice(0, 40)) {
    room -= Math.min(line.length, 200) + 1
    if (room < 0) break
    shown.push(line)
  }
  return shown
}
