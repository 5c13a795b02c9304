import { isProposalId } from '../../core/proposal/proposal.ts'
import type { AuditRow, Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { instant } from '../rich-text.ts'
import { tableHtml } from './table.ts'

/** `known`: also show entries about feeds, assets and flaws. */
export function auditHtml(rows: readonly AuditRow[], known: boolean, viewer: Viewer): Html {
  const last = rows.at(-1)
  return html`${tableHtml(
    known ? 'Audit record, newest first' : 'Audit record: what was decided and done, newest first',
    ['When', 'Record', 'What', 'Who', 'Hash'],
    rows.map((row) => [
      row.at === '' ? '' : instant(row.at, 'date and time', viewer.timeZone),
      isProposalId(row.stream)
        ? html`<a href="/p/${row.stream}">${row.stream}</a> event ${row.seq}`
        : `${row.stream} event ${row.seq}`,
      row.what,
      row.who,
      html`<code>${row.hash.slice(0, 12)}</code>`,
    ]),
  )}
${last && last.position > 1 ? html`<p><a class="button" href="/audit?before=${last.position}${known ? '&known=1' : ''}">Older</a></p>` : ''}
<p>${known ? html`<a href="/audit">Only what was decided and done</a>` : html`<a href="/audit?known=1">Show what was known, too: feeds, servers, flaws</a>`}</p>
<p class="soft">Check the chain with <code>npx patchwarden audit verify</code>.</p>`
}
