import type { SourceRow, Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { instant } from '../rich-text.ts'
import { tableHtml } from './table.ts'

export function sourcesHtml(rows: readonly SourceRow[], viewer: Viewer): Html {
  return tableHtml(
    'Sources, feeds and engines',
    ['Name', 'Kind', 'What', 'Last good'],
    rows.map((row) => [
      row.name,
      row.kind,
      html`${row.describe}${row.problem === null ? '' : html`<br><span class="ink warn">${row.problem}${row.problemSince === null ? '' : html` Since ${instant(row.problemSince, 'date and time', viewer.timeZone)}.`}</span>`}${(row.more ?? []).map((line) => html`<br><span class="ink warn">${line}</span>`)}`,
      row.lastGoodAt === null ? '' : instant(row.lastGoodAt, 'relative', viewer.timeZone),
    ]),
  )
}
