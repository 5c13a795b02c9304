import type { Answer, Detail, DetailPart, PartOfDetail } from '../../chat/desk.ts'
import { oneLine } from '../../chat/visible.ts'
import type { Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { richText } from '../rich-text.ts'
import { pictureHtml } from './picture.ts'
import { pagesHtml, rowsHtml } from './table.ts'

export function answerHtml(result: Answer, viewer: Viewer): Html {
  return html`<p class="only ${result.ok ? 'good' : 'warn'}"><small>Only to you</small> ${richText(result.message, viewer.timeZone)}</p>
${result.detail === undefined ? '' : detailHtml(result.detail, viewer)}`
}

/** `picture`: the path of the detail's picture; `null`: none. */
export function detailHtml(detail: Detail, viewer: Viewer, picture: string | null = null): Html {
  return html`<section class="detail"><h2>${detail.title}</h2>${contentHtml(detail, viewer, picture)}</section>`
}

function contentHtml(detail: Detail, viewer: Viewer, picture: string | null): Html {
  return html`<p>${richText(detail.lead, viewer.timeZone)}</p>
${detail.picture === undefined || picture === null ? '' : pictureHtml(detail.picture, picture, viewer)}
${detail.tables.map(({ caption, columns, rows }) =>
  rowsHtml(
    columns,
    rows.map((row) => row.map((cell) => richText(cell, viewer.timeZone))),
    caption,
  ),
)}
${detail.lines.length === 0 ? '' : preformatted(detail.lines)}`
}

/** The page for a detail or a part of it. `path`: the path of this page. */
export function detailPageHtml(detail: PartOfDetail, path: string, part: DetailPart, viewer: Viewer): Html {
  const only = part.only ?? ''
  const back = path.slice(0, path.lastIndexOf('/'))
  const isAssets = path.endsWith('/assets')
  return html`<p class="crumb"><a href="${back}">← ${back.slice(back.lastIndexOf('/') + 1)}</a>${isAssets ? html` · ${only === '' ? html`<a href="${path}?only=not+well">Only servers that did not end well</a>` : html`<a href="${path}">All servers</a>`}` : ''}</p>
<header class="pagehead"><h1>${detail.title}</h1><div class="do"><button type="button" data-print>Print</button></div></header>
<section class="detail">${contentHtml(detail, viewer, `${back}/pictures${path.slice(back.length)}`)}</section>
${pagesHtml(path, { only }, part.after, detail.next ?? null)}`
}

export function explainHtml(name: string, detail: Detail | null, viewer: Viewer): Html {
  return html`<h1>Explain</h1><form method="get" action="/explain" class="ask"><label for="name">CVE, advisory, KB or package</label>
<input id="name" name="name" value="${name}" placeholder="CVE-2026-12345" required maxlength="200" autocomplete="off"> <button>Explain</button></form>
${detail === null ? html`<p class="soft">Which feed said what and when, which rule decided, what would change the answer, and which servers it is about.</p>` : detailHtml(detail, viewer)}`
}

/** Each text on one line, whatever it contains. */
export function preformatted(lines: readonly string[]): Html {
  return html`<pre>${lines.map(oneLine).join('\n')}</pre>`
}
