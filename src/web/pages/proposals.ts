import { count } from '../../chat/words.ts'
import type { Priority } from '../../core/priority/priority.ts'
import type { ProposalRow, ProposalsQuery, ProposalsView, StateGroup, Viewer } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { instant, richText } from '../rich-text.ts'
import { icon, stateIcon, statusOf } from './icon.ts'
import { addressWith, pagesHtml } from './table.ts'

const tabs: readonly { readonly group: StateGroup | null; readonly name: string }[] = [
  { group: null, name: 'All, open first' },
  { group: 'votes', name: 'Wait for votes' },
  { group: 'planned', name: 'Planned' },
  { group: 'running', name: 'At work' },
  { group: 'stopped', name: 'Stopped' },
  { group: 'over', name: 'Over' },
]

export function proposalsHtml(view: ProposalsView, query: ProposalsQuery, viewer: Viewer): Html {
  const asked = {
    text: query.text,
    about: query.about ?? '',
    host: query.host ?? '',
    team: query.team ?? '',
    from: query.from ?? '',
    to: query.to ?? '',
    state: query.state ?? '',
  }
  const { about, host, team, from, to } = asked
  const isFiltered = [about, host, team, from, to].some((value) => value !== '')
  return html`<header class="pagehead"><h1>Proposals</h1></header>
<nav class="tabs" aria-label="States">${tabs.map(({ group, name }) => tabHtml(view, query, asked, group, name))}</nav>
<form method="get" action="/proposals" class="filter-line" role="search">${query.state === null ? '' : html`<input type="hidden" name="state" value="${query.state}">`}
${inputHtml('text', 'Title or id', asked.text)}<button>Find</button>
<details class="filters-more" ${isFiltered ? raw('open') : ''}><summary>Filter by server, CVE, team, date</summary><div>${inputHtml('host', 'Server, such as web-01', asked.host)}${inputHtml('about', 'CVE, advisory or package', asked.about)}
<select name="team" aria-label="Team"><option value="">Every team</option>${view.teams.map((team) => html`<option value="${team}" ${team === query.team ? raw('selected') : ''}>${team}</option>`)}</select>
<label>Asked from <input type="date" name="from" value="${asked.from}"></label><label>to <input type="date" name="to" value="${asked.to}"></label>
${isFiltered || query.text !== '' ? html`<a href="/proposals">Clear</a>` : ''}</div></details></form>
<div id="rows" hx-get="${addressWith('/fragment/proposals', { ...asked, after: query.after ?? '' })}" hx-trigger="patchwarden-changed from:body" hx-swap="morph:innerHTML">${proposalRowsHtml(view, viewer)}</div>
${pagesHtml('/proposals', asked, query.after, view.next)}`
}

export function proposalRowsHtml({ rows, problem }: ProposalsView, viewer: Viewer): Html {
  if (rows.length > 0) return rowListHtml(rows, viewer)
  return html`<p class="panel box">${problem ?? 'No proposal is like that.'}</p>`
}

function inputHtml(name: string, label: string, value: string): Html {
  return html`<input name="${name}" value="${value}" aria-label="${label}" placeholder="${label}" maxlength="200" autocomplete="off">`
}

function tabHtml(
  { counts }: ProposalsView,
  query: ProposalsQuery,
  asked: Readonly<Record<string, string>>,
  group: StateGroup | null,
  name: string,
): Html {
  const counted = group === null || group === 'over' ? '' : html`<span class="n">${counts[group]}</span>`
  const address = addressWith('/proposals', { ...asked, state: group ?? '' })
  return html`<a href="${address}" ${query.state === group ? raw('aria-current="true"') : ''}>${name}${counted}</a>`
}

/** Compact rows: state, title, and what belongs to it. */
export function rowListHtml(rows: readonly ProposalRow[], viewer: Viewer): Html {
  return html`<ul class="rows panel proposal-rows">${rows.map((row) => rowHtml(row, viewer))}</ul>`
}

function rowHtml(row: ProposalRow, viewer: Viewer): Html {
  const { id, team, title, status, tone, state, priority, servers, approved, openedAt } = row
  const meta = [
    team,
    ...(servers === null ? [] : [count(servers, 'server')]),
    ...(approved.length === 0 ? [] : [`approved by ${approved.join(', ')}`]),
  ]
  return html`<li id="row-${id}"><span class="status ${statusOf(tone)}">${stateIcon(status, tone)}<span>${richText(state, viewer.timeZone)}</span></span>
<span><a class="rowlink" href="/p/${id}">${id} ${title}</a><span class="sub">${meta.join(' · ')}</span></span>
<span class="end">${status === 'open' ? '' : priorityHtml(priority)}<span class="sub">${instant(openedAt, 'relative', viewer.timeZone)}</span></span></li>`
}

const priorities: Readonly<Record<Priority, readonly [status: string, symbol: string, words: string]>> = {
  immediate: ['stop', 'up2', 'Immediate'],
  'out-of-cycle': ['warn', 'up', 'Out of cycle'],
  scheduled: ['idle', 'flat', 'Regular'],
  defer: ['idle', 'flat', 'Can wait'],
}

export function priorityHtml(priority: Priority): Html {
  const [status, symbol, words] = priorities[priority]
  return html`<span class="status prio ${status}">${icon(symbol)}<span>${words}</span></span>`
}
