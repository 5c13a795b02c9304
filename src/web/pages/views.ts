import type { Answer, Detail, DetailPart, PartOfDetail } from '../../chat/desk.ts'
import { type AccountEntry, accountWords, linkedWords } from '../../chat/linked-accounts.ts'
import { oneLine } from '../../chat/visible.ts'
import { isOwn } from '../../core/hands.ts'
import { isProposalId } from '../../core/proposal/proposal.ts'
import type {
  AssetsQuery,
  AssetsView,
  AuditRow,
  CardsQuery,
  ChannelView,
  PersonRow,
  ProposalView,
  SourceRow,
  ThreadItem,
  Viewer,
  WatchView,
} from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { instant, richText } from '../rich-text.ts'
import { cardHtml } from './card.ts'
import { pictureHtml } from './picture.ts'

/** Where a list goes on, and where it began. */
function pagesHtml(
  path: string,
  asked: Readonly<Record<string, string>>,
  after: string | null,
  next: string | null,
): Html {
  const address = (more: Readonly<Record<string, string>>) => {
    const given = Object.entries({ ...asked, ...more }).filter(([, value]) => value !== '')
    return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
  }
  if (after === null && next === null) return html``
  return html`<p class="pages">${after === null ? '' : html`<a class="button" href="${address({})}">From the beginning</a> `}${next === null ? '' : html`<a class="button" rel="next" href="${address({ after: next })}">Next</a>`}</p>`
}

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

/** One proposal alone. */
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

/** `before`: the entry before which this part of it ends; `null`: it is the end. */
export function threadHtml(view: ProposalView, before: number | null, viewer: Viewer): Html {
  const { card } = view.card
  return html`<header><strong>${card.proposal} thread</strong><small># ${view.channel.id}</small></header>
${entriesHtml(view, before, viewer)}
<form class="say" method="post" action="/c/${view.channel.id}/say" hx-post="/c/${view.channel.id}/say" hx-target="#said" hx-swap="innerHTML">
<input type="hidden" name="proposal" value="${card.proposal}">
<input name="text" aria-label="Comment or command" placeholder="Comment, or /patch help" maxlength="2100" autocomplete="off" required>
<div id="said" class="answer" aria-live="polite"></div></form>`
}

export function entriesHtml(view: ProposalView, before: number | null, viewer: Viewer): Html {
  const { proposal } = view.card.card
  // What came earlier does not change.
  const live =
    before === null
      ? html`hx-get="/fragment/thread/${proposal}" hx-trigger="changed-${proposal} from:body, changed-all from:body" hx-swap="outerHTML"`
      : ''
  return html`<ol id="entries" ${live}>
${view.older === null ? '' : html`<li class="pages"><a class="button" href="/p/${proposal}?before=${view.older}">Earlier</a>${before === null ? '' : html` <a class="button" href="/p/${proposal}">The end</a>`}</li>`}
${view.older === null && before !== null ? html`<li class="pages"><a class="button" href="/p/${proposal}">The end</a></li>` : ''}
${view.thread.map(
  ({
    id,
    at,
    entry,
  }) => html`<li id="m${id}" class="${entry.tone}"><span class="who ${entry.author === null ? 'bot' : ''}" aria-hidden="true">${initials(entry.author?.name ?? 'Patch Warden')}</span>
<div><b>${entry.author?.name ?? 'Patchwarden'}</b>${entry.author === null ? '' : html` <span class="via">in ${entry.author.via}</span>`} ${instant(at, 'time', viewer.timeZone)}
<div>${richText(entry.text, viewer.timeZone)}</div>
${entry.detail.length === 0 ? '' : preformatted(entry.detail)}
${entry.picture === undefined ? '' : pictureHtml(entry.picture, `/p/${proposal}/pictures/${id}`, viewer)}</div></li>`,
)}</ol>`
}

/** A line each, whatever is in them. */
function preformatted(lines: readonly string[]): Html {
  return html`<pre>${lines.map(oneLine).join('\n')}</pre>`
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return `${words[0]?.[0] ?? ''}${words[1]?.[0] ?? ''}`.toUpperCase()
}

export function answerHtml(result: Answer, viewer: Viewer): Html {
  return html`<p class="only ${result.ok ? 'good' : 'warning'}"><small>Only to you</small> ${richText(result.message, viewer.timeZone)}</p>
${result.detail === undefined ? '' : detailHtml(result.detail, viewer)}`
}

/** `picture`: where the picture of the detail is. */
export function detailHtml(detail: Detail, viewer: Viewer, picture: string | null = null): Html {
  return html`<section class="detail"><h2>${detail.title}</h2><p>${richText(detail.lead, viewer.timeZone)}</p>
${detail.picture === undefined || picture === null ? '' : pictureHtml(detail.picture, picture, viewer)}
${detail.tables.map(
  (
    table,
  ) => html`<div class="scroll"><table><caption>${table.caption}</caption><thead><tr>${table.columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
<tbody>${table.rows.map((row) => html`<tr>${row.map((cell) => html`<td>${richText(cell, viewer.timeZone)}</td>`)}</tr>`)}</tbody></table></div>`,
)}
${detail.lines.length === 0 ? '' : preformatted(detail.lines)}</section>`
}

export function explainHtml(name: string, detail: Detail | null, viewer: Viewer): Html {
  return html`<h1>Explain</h1><form method="get" action="/explain" class="ask"><label for="name">CVE, advisory, KB or package</label>
<input id="name" name="name" value="${name}" placeholder="CVE-2026-12345" required maxlength="200" autocomplete="off"> <button>Explain</button></form>
${detail === null ? html`<p class="empty">Which feed said what and when, which rule decided, what would change the answer, and which assets it is about.</p>` : detailHtml(detail, viewer)}`
}

function tableHtml(title: string, columns: readonly string[], rows: readonly (readonly (string | Html)[])[]): Html {
  return html`<h1>${title}</h1>${rowsHtml(columns, rows)}`
}

function rowsHtml(columns: readonly string[], rows: readonly (readonly (string | Html)[])[]): Html {
  return html`<div class="scroll"><table><thead><tr>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`
}

export function assetsHtml(view: AssetsView, query: AssetsQuery, viewer: Viewer): Html {
  const { team, platform, text, anywhere, is } = query
  const { counts } = view
  const option = (value: string, chosen: string | null, words: string) =>
    html`<option value="${value}" ${value === (chosen ?? '') ? raw('selected') : ''}>${words}</option>`
  const asked = { team: team ?? '', platform: platform ?? '', text, anywhere: anywhere ? '1' : '', is: is ?? '' }
  return html`<h1>Assets</h1>
<form method="get" action="/assets" class="find" role="search"><input name="text" value="${text}" aria-label="Name" placeholder="What the name begins with" maxlength="200" autocomplete="off">
<label><input type="checkbox" name="anywhere" value="1" ${anywhere ? raw('checked') : ''}> anywhere in it</label>
<select name="team" aria-label="Team">${option('', team, 'Every team')}${view.teams.map((one) => option(one, team, one))}</select>
<input name="platform" value="${platform ?? ''}" aria-label="Platform" placeholder="Platform, as debian:12" maxlength="100" autocomplete="off">
<select name="is" aria-label="What is wrong">${option('', is, 'Whatever it is')}${option('problem', is, 'Cannot be looked at')}${option('reboot', is, 'Reboot needed')}</select>
<button>Find</button></form>
<p class="empty">${team === null ? '' : `${team}: `}${counts.assets} assets, ${counts.covered} of them covered${counts.simulated === 0 ? '' : `, ${counts.simulated} simulated`}; counted ${instant(counts.at, 'relative', viewer.timeZone)}.</p>
${
  view.rows.length === 0
    ? html`<p class="empty">No asset is like that.</p>`
    : rowsHtml(
        ['Asset', 'Team', 'Platform', 'Packages', 'Pending', 'Security', 'Seen'],
        view.rows.map((row) => [
          html`${row.name}${row.simulated ? html` <span class="tag neutral">Simulated</span>` : ''}${row.rebootRequired ? html` <span class="tag warning">Reboot needed</span>` : ''}`,
          row.team,
          row.platform,
          String(row.packages),
          String(row.pending),
          String(row.security),
          html`${row.seenAt === null ? 'never' : instant(row.seenAt, 'relative', viewer.timeZone)}${row.problem === null ? '' : html`<br><span class="warning">${row.problem}</span>`}`,
        ]),
      )
}
${pagesHtml('/assets', asked, query.after, view.next)}`
}

/** The detail of a proposal, of which this is a part. `path`: where it is. */
export function detailPageHtml(detail: PartOfDetail, path: string, part: DetailPart, viewer: Viewer): Html {
  const only = part.only ?? ''
  const back = path.slice(0, path.lastIndexOf('/'))
  const isAssets = path.endsWith('/assets')
  return html`<p><a href="${back}">← ${back.slice(back.lastIndexOf('/') + 1)}</a>${isAssets ? html` · ${only === '' ? html`<a href="${path}?only=not+well">Only those that did not end well</a>` : html`<a href="${path}">All assets</a>`}` : ''}</p>
${detailHtml(detail, viewer, `${back}/pictures${path.slice(back.length)}`)}
${pagesHtml(path, { only }, part.after, detail.next ?? null)}`
}

/** `known`: with what was known of feeds, assets and flaws. */
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
<p>${known ? html`<a href="/audit">Only what was decided and done</a>` : html`<a href="/audit?known=1">Show what was known, too: feeds, assets, flaws</a>`}</p>
<p class="empty">Check the chain with <code>npx patchwarden audit verify</code>.</p>`
}

export function peopleHtml(rows: readonly PersonRow[], accounts: readonly AccountEntry[], viewer: Viewer): Html {
  return tableHtml(
    'People',
    ['Name', 'Roles', 'Accounts', ''],
    rows.map((row) => [
      row.name,
      row.roles.join(', ') || 'none',
      html`${accounts.filter(({ person }) => person === row.id).map((entry) => accountHtml(entry, viewer))}`,
      viewer.isOperator
        ? html`<form method="post" action="/people/${row.id}/link"><button>Make a sign-in link</button></form>`
        : '',
    ]),
  )
}

/** What the configuration names is changed there alone, and in a session that a link opened operators alone revoke. */
function accountHtml(entry: AccountEntry, viewer: Viewer): Html {
  const said = html`<p>${oneLine(accountWords(entry))}, ${richText(linkedWords(entry), viewer.timeZone)}</p>`
  const mine = entry.person === viewer.person
  if (entry.linked === null || !(mine ? isOwn(viewer) : viewer.isOperator)) return said
  return html`<form method="post" action="/people/${entry.person}/accounts/revoke">${said}<input type="hidden" name="platform" value="${entry.platform}">
<input type="hidden" name="account" value="${entry.account}"><button class="no">Revoke</button></form>`
}

/** What a sign-in link asks. The token goes on in the form, and in no address. */
export function signInHtml(token: string, address: string): Html {
  return html`<p>This browser will be signed in to the Patchwarden console at <strong>${address}</strong>. If nobody gave you this link for yourself, close the page.</p>
<form method="post" action="/sign-in"><input type="hidden" name="token" value="${token}"><button class="go">Sign in</button></form>`
}

export function sourcesHtml(rows: readonly SourceRow[], viewer: Viewer): Html {
  return tableHtml(
    'Sources, feeds and engines',
    ['Name', 'Kind', 'What', 'Last good'],
    rows.map((row) => [
      row.name,
      row.kind,
      html`${row.describe}${row.problem === null ? '' : html`<br><span class="warning">${row.problem}${row.problemSince === null ? '' : html` Since ${instant(row.problemSince, 'date and time', viewer.timeZone)}.`}</span>`}`,
      row.lastGoodAt === null ? '' : instant(row.lastGoodAt, 'relative', viewer.timeZone),
    ]),
  )
}
