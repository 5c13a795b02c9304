import { weaknessOf, whyNotOffered } from '../../core/assessment/why-not-offered.ts'
import type { AssetRow, AssetsQuery, AssetsView, Viewer } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { instant } from '../rich-text.ts'
import { pagesHtml, rowsHtml } from './table.ts'

export function assetsHtml(view: AssetsView, query: AssetsQuery, viewer: Viewer): Html {
  const now = view.counts.at
  const { team, platform, text, anywhere, is } = query
  const { counts } = view
  const option = (value: string, chosen: string | null, words: string) =>
    html`<option value="${value}" ${value === (chosen ?? '') ? raw('selected') : ''}>${words}</option>`
  const asked = { team: team ?? '', platform: platform ?? '', text, anywhere: anywhere ? '1' : '', is: is ?? '' }
  return html`<header class="pagehead"><h1>Servers</h1></header>
<form method="get" action="/assets" class="filter-line" role="search"><input name="text" value="${text}" aria-label="Name" placeholder="What the name begins with" maxlength="200" autocomplete="off">
<label><input type="checkbox" name="anywhere" value="1" ${anywhere ? raw('checked') : ''}> anywhere in it</label>
<select name="team" aria-label="Team">${option('', team, 'Every team')}${view.teams.map((one) => option(one, team, one))}</select>
<input name="platform" value="${platform ?? ''}" aria-label="Platform" placeholder="Platform, as debian:12" maxlength="100" autocomplete="off">
<select name="is" aria-label="What is wrong">${option('', is, 'Whatever it is')}${option('problem', is, 'Cannot be looked at')}${option('reboot', is, 'Reboot needed')}${option('unmanaged', is, 'Nobody manages it')}</select>
<button>Find</button></form>
<p class="soft">${team === null ? '' : `${team}: `}${counts.assets} servers, ${counts.covered} of them covered${counts.simulated === 0 ? '' : `, ${counts.simulated} simulated`}; counted ${instant(counts.at, 'relative', viewer.timeZone)}.</p>
${view.unmanaged.map((line) => html`<p class="soft">${line}</p>`)}
${view.coverage.map((line) => html`<p class="soft">${line}</p>`)}
${
  view.rows.length === 0
    ? html`<p class="soft">No server matches.</p>`
    : rowsHtml(
        ['Server', 'Team', 'Platform', 'Packages', 'Pending packages', 'Of them security', 'Held packages', 'Seen'],
        view.rows.map((row) => [
          html`<a class="rowlink" href="${assetPath(row.id)}">${row.name}</a>${row.simulated ? html` <span class="tag">Simulated</span>` : ''}${row.isAssessed ? '' : html` <span class="pill warn">Not assessed</span>`}${row.rebootRequired ? html` <span class="pill warn">Reboot needed</span>` : ''}${askHtml(row)}`,
          row.team,
          row.platform,
          String(row.packages),
          String(row.pending),
          String(row.security),
          heldHtml(row),
          html`${row.seenAt === null ? 'never' : instant(row.seenAt, 'relative', viewer.timeZone)}${row.problem === null ? '' : html`<br><span class="ink warn">${row.problem}</span>`}${weaknessHtml(row, now)}`,
        ]),
      )
}
${pagesHtml('/assets', asked, query.after, view.next)}`
}

export function assetPath(id: string): string {
  return `/asset?${new URLSearchParams({ id })}`
}

function askHtml({ ask }: AssetRow): Html | string {
  if (ask === null) return ''
  return html` <span class="pill warn">Nobody manages it</span><span class="sub">Ask ${ask}.</span>`
}

/** How many held packages a row names. */
const MOST_HELD = 3

export function heldHtml({ held, platform }: AssetRow): Html | string {
  if (held.length === 0) return '0'
  const lists = { asset: { platform }, listsRefreshedAt: null }
  const named = held.slice(0, MOST_HELD).map(({ name, reason }) => `${name} (${whyNotOffered(reason, lists)})`)
  return html`${held.length}<br><span class="ink warn">${named.join(', ')}${held.length > MOST_HELD ? ', ...' : ''}</span>`
}

export function weaknessHtml({ platform, listsRefreshedAt, archives }: AssetRow, now: string): Html | string {
  const weakness = weaknessOf({ asset: { platform }, listsRefreshedAt, archives }, now)
  return weakness === null ? '' : html`<br><span class="ink warn">What it is offered may not be all: ${weakness}</span>`
}
