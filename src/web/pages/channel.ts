import type { CardsQuery, ChannelView, ProposalView, ThreadItem, Viewer, WatchView } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { instant, richText } from '../rich-text.ts'
import { cardHtml, caseHtml } from './card.ts'
import { icon, statusOf } from './icon.ts'
import { pagesHtml, rowsHtml } from './table.ts'

export function channelHtml(view: ChannelView, query: CardsQuery, viewer: Viewer): Html {
  const { channel } = view
  const status = query.status === 'open first' ? '' : query.status
  const isPlain = status === '' && query.text === ''
  const option = (value: string, text: string) =>
    html`<option value="${value}" ${value === status ? raw('selected') : ''}>${text}</option>`
  return html`<header class="pagehead"><h1># ${channel.title}</h1>${channel.simulated ? html`<span class="tag">Simulated hosts: nothing real is touched</span>` : ''}</header>
<form method="get" action="/c/${channel.id}" class="filter-line" role="search"><input name="text" value="${query.text}" aria-label="In the title or the id" placeholder="In the title or the id" maxlength="200" autocomplete="off">
<select name="status" aria-label="Which">${option('', 'Open first')}${option('open', 'Open')}${option('over', 'Over')}</select> <button>Find</button></form>
<div id="cards" class="asks" data-channel="${channel.id}" ${isPlain && query.after === null ? raw('data-live') : ''}>
${view.notices.map((notice) => noticeHtml(notice, viewer))}
${view.watch.map((watch) => watchHtml(watch, viewer))}
${view.cards.length === 0 && view.watch.length === 0 ? html`<p class="soft">${richText(view.empty, viewer.timeZone)}</p>` : ''}
${view.cards.map((card) => cardHtml(card, viewer))}
</div>
${pagesHtml(`/c/${channel.id}`, { text: query.text, status }, query.after, view.next)}`
}

/** The page of one proposal. `asked`: the dialog that stands open. */
export function proposalHtml({ channel, card, thread }: ProposalView, viewer: Viewer, asked: string | null): Html {
  return html`<nav class="crumb" aria-label="Where you are"><a href="/proposals">Proposals</a><span aria-hidden="true">/</span><a href="/c/${channel.id}">${channel.title}</a>
<a class="jump" href="#thread">${icon('chat')}${thread.length} in the thread</a></nav>
${caseHtml(card, viewer, asked)}`
}

function noticeHtml({ at, entry }: ThreadItem, viewer: Viewer): Html {
  return html`<article class="card panel notice ${statusOf(entry.tone)}"><p>${richText(entry.text, viewer.timeZone)}</p><p class="soft small">${instant(at, 'date and time', viewer.timeZone)}</p></article>`
}

function watchHtml(watch: WatchView, viewer: Viewer): Html {
  return html`<article class="card panel notice"><p><span class="tag">Watched</span></p><h2>${watch.title}</h2>
<p>${richText(watch.lead, viewer.timeZone)}</p>
${
  watch.rows.length === 0
    ? ''
    : rowsHtml(
        ['Patch', 'To', 'Type', 'Priority', 'About'],
        watch.rows.map((row) => [
          row.patch,
          html`<code>${row.change}</code>`,
          row.type,
          html`<span class="ink ${statusOf(row.tone)}">${row.priority}</span>`,
          row.note,
        ]),
      )
}
<p class="soft small">${richText(watch.hint, viewer.timeZone)}</p></article>`
}
