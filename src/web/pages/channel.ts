import type { CardsQuery, ChannelView, ProposalView, ThreadItem, Viewer, WatchView } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { instant, richText } from '../rich-text.ts'
import { cardHtml } from './card.ts'
import { pagesHtml } from './table.ts'

export function channelHtml(view: ChannelView, query: CardsQuery, viewer: Viewer, selected: string | null): Html {
  const { channel } = view
  const status = query.status === 'open first' ? '' : query.status
  const isPlain = status === '' && query.text === ''
  const option = (value: string, text: string) =>
    html`<option value="${value}" ${value === status ? raw('selected') : ''}>${text}</option>`
  return html`<header class="head"><h1># ${channel.title}</h1>${channel.simulated ? html`<span class="tag neutral">Simulated hosts: nothing real is touched</span>` : ''}</header>
<form method="get" action="/c/${channel.id}" class="find" role="search"><input name="text" value="${query.text}" aria-label="In the title or the id" placeholder="In the title or the id" maxlength="200" autocomplete="off">
<select name="status" aria-label="Which">${option('', 'Open first')}${option('open', 'Open')}${option('over', 'Over')}</select> <button>Find</button></form>
<div id="cards" data-channel="${channel.id}" ${isPlain && query.after === null ? raw('data-live') : ''}>
${view.notices.map((notice) => noticeHtml(notice, viewer))}
${view.watch.map((watch) => watchHtml(watch, viewer))}
${view.cards.length === 0 && view.watch.length === 0 ? html`<p class="empty">${richText(view.empty, viewer.timeZone)}</p>` : ''}
${view.cards.map((card) => cardHtml(card, viewer, card.card.proposal === selected))}
</div>
${pagesHtml(`/c/${channel.id}`, { text: query.text, status }, query.after, view.next)}`
}

/** The page of one proposal. */
export function proposalHtml({ channel, card }: ProposalView, viewer: Viewer): Html {
  return html`<header class="head"><h1><a href="/c/${channel.id}"># ${channel.title}</a></h1>${channel.simulated ? html`<span class="tag neutral">Simulated hosts: nothing real is touched</span>` : ''}</header>
${cardHtml(card, viewer, true)}`
}

function noticeHtml({ at, entry }: ThreadItem, viewer: Viewer): Html {
  return html`<article class="card ${entry.tone}"><p class="lead">${richText(entry.text, viewer.timeZone)}</p><p class="note neutral">${instant(at, 'date and time', viewer.timeZone)}</p></article>`
}

function watchHtml(watch: WatchView, viewer: Viewer): Html {
  return html`<article class="card neutral"><p class="top"><span class="tag neutral">Watched</span></p><h3>${watch.title}</h3>
<p class="lead">${richText(watch.lead, viewer.timeZone)}</p>
${
  watch.rows.length === 0
    ? ''
    : html`<div class="scroll"><table><thead><tr><th>Patch</th><th>To</th><th>Type</th><th>Priority</th><th></th></tr></thead><tbody>
${watch.rows.map((row) => html`<tr><td>${row.patch}</td><td><code>${row.change}</code></td><td>${row.type}</td><td class="${row.tone}">${row.priority}</td><td>${row.note}</td></tr>`)}
</tbody></table></div>`
}
<p class="note neutral">${richText(watch.hint, viewer.timeZone)}</p></article>`
}
