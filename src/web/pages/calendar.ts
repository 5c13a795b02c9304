import { DateTime } from 'luxon'
import { count } from '../../chat/words.ts'
import { datesFor } from '../../core/permission/choices.ts'
import type { CalendarItem, CalendarView, TeamFreeze, Viewer } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { instant } from '../rich-text.ts'
import { icon } from './icon.ts'
import { addressWith } from './table.ts'

const signs: Readonly<Record<CalendarItem['kind'], readonly [look: string, symbol: string, words: string]>> = {
  window: ['idle window', 'cal', 'Window'],
  freeze: ['run freeze', 'freeze', 'Frozen'],
  planned: ['run', 'clock', 'Planned'],
  told: ['run', 'plug', 'A system is told'],
  running: ['run', 'run', 'At work'],
  stopped: ['stop', 'halt', 'Stopped'],
  due: ['stop due', 'warn', 'Due, and nothing planned'],
}

export function calendarHtml(view: CalendarView, team: string | null, viewer: Viewer): Html {
  const zone = viewer.timeZone
  const local = (at: string) => DateTime.fromISO(at, { zone })
  const [first = view.now] = view.days
  const week = (days: number) =>
    addressWith('/calendar', { from: local(first).plus({ days }).toISODate() ?? '', team: team ?? '' })
  const title = `${local(first).toFormat('d LLL')} to ${local(view.days[6] ?? first).toFormat('d LLL yyyy')}`
  return html`<header class="pagehead"><div><h1>${title}</h1><p>Windows, freezes and what is planned. Times in ${zone}.</p></div>
<div class="do"><a class="button" href="${week(-7)}" aria-label="Week before">${icon('left')}</a><a class="button" href="${addressWith('/calendar', { team: team ?? '' })}">From today</a><a class="button" href="${week(7)}" aria-label="Week after">${icon('right')}</a></div></header>
<form method="get" action="/calendar" class="filter-line"><input type="hidden" name="from" value="${local(first).toISODate() ?? ''}"><select name="team" aria-label="Team"><option value="">Your teams first</option>${view.allTeams.map((one) => html`<option value="${one}" ${one === team ? raw('selected') : ''}>${one}</option>`)}</select> <button>Show</button></form>
${weekHtml(view, zone)}
<ul class="legend">${Object.values(signs).map(([look, symbol, words]) => html`<li class="${look.split(' ')[0]}">${icon(symbol)}${words}</li>`)}</ul>
${view.alwaysOpen.length === 0 ? '' : html`<p class="soft">Always open: ${view.alwaysOpen.join(', ')}.</p>`}
${view.teams.length < view.allTeams.length && team === null ? html`<p class="soft">${view.teams.length} of ${view.allTeams.length} teams are shown; choose another above.</p>` : ''}
${freezesHtml(view, zone)}
${addressesHtml(view, zone)}`
}

/** A list of days. A wide screen lays it out as teams by days, a phone as an agenda. */
function weekHtml({ days, teams, items, now }: CalendarView, zone: string): Html {
  const shown = days.slice(0, 7)
  return html`<div class="week panel teams-${teams.length}"><div class="teams" aria-hidden="true"><span class="g1"></span>${teams.map((team, row) => html`<span class="g${row + 3}">${team}</span>`)}</div>
${shown.map((start, index) => {
  const end = days[index + 1] ?? start
  const day = DateTime.fromISO(start, { zone })
  const isNow = start <= now && now < end
  const mine = items.filter((item) => isOn(item, { start, end, date: day.toISODate() ?? '' }))
  return html`<section class="day col${index + 2} ${isNow ? 'now' : ''}"><h2>${day.toFormat('ccc')} <b>${day.toFormat('d')}</b></h2>
${teams.map((team, row) => html`<div class="cell g${row + 3}">${mine.filter((item) => item.team === team && (item.kind === 'due' || item.end !== null || item.start >= start)).map((item) => itemHtml(item, start, zone))}</div>`)}</section>`
})}</div>`
}

/** A due date is a date, the same one that cards name, wherever its reader lives. */
function isOn(
  item: CalendarItem,
  day: { readonly start: string; readonly end: string; readonly date: string },
): boolean {
  if (item.kind === 'due') return item.start.slice(0, 10) === day.date
  return item.start < day.end && (item.end ?? day.end) !== day.start && (item.end ?? item.start) >= day.start
}

function itemHtml({ kind, team, start, end, text, proposal }: CalendarItem, day: string, zone: string): Html {
  const [look, symbol, words] = signs[kind]
  const clock = (at: string) => DateTime.fromISO(at, { zone }).toFormat('HH:mm')
  const from = start < day ? 'goes on' : clock(start)
  const time = end === null ? from : `${from}–${clock(end)}`
  const inner = html`${icon(symbol)} <b>${kind === 'freeze' ? 'Frozen' : kind === 'due' ? 'Due' : time}</b> <span class="vh">${words}, </span>${proposal === null ? '' : `${proposal} `}${text}<span class="team"> · ${team}</span>`
  return proposal === null
    ? html`<div class="ev ${look}">${inner}</div>`
    : html`<a class="ev ${look}" href="/p/${proposal}">${inner}</a>`
}

function freezesHtml({ freezes, mayFreeze, now }: CalendarView, zone: string): Html {
  const dates = datesFor('freeze', now)
  return html`<section class="sec"><div class="sechead"><h2>Freezes <span class="num">${freezes.length}</span></h2><p>Nothing of a frozen team starts.</p></div>
${freezes.length === 0 ? html`<p class="panel box soft">Nothing is frozen.</p>` : html`<ul class="panel list acting">${freezes.map((one) => freezeHtml(one, zone))}</ul>`}
${
  mayFreeze.length === 0
    ? html`<p class="soft">Whoever may stop a team's rollouts may freeze it; you may not stop any.</p>`
    : html`<details class="fold panel"><summary>${icon('right')}Make a freeze</summary><form class="pad form" method="post" action="/calendar/freeze">
<label class="field">Team <select name="team">${mayFreeze.map((team) => html`<option>${team}</option>`)}</select></label>
<label class="field">Until the end of <input type="date" name="until" min="${dates.first}" max="${dates.last}" required></label>
<label class="field">Reason, which everybody reads <textarea name="reason" rows="2" maxlength="2000" required></textarea></label>
<p class="hint">It holds from now on. What runs goes on; nothing further starts.</p><button class="primary">Freeze</button></form></details>`
}</section>`
}

function freezeHtml({ team, freeze, holds, mayLift }: TeamFreeze, zone: string): Html {
  const at = (iso: string) => instant(iso, 'date and time', zone)
  return html`<li class="run">${icon('freeze')}<span><b>${team}</b>, ${at(freeze.from)} to ${at(freeze.to)}</span>
<p>“${freeze.name}” ${holds === 0 ? 'Holds nothing now.' : `Holds ${count(holds, 'open proposal')}.`}${freeze.liftAgreed === undefined ? ' It comes from the configuration.' : ''}</p>
${mayLift ? html`<form method="post" action="/calendar/lift"><input type="hidden" name="team" value="${team}"><button aria-label="Lift the freeze of ${team}">Lift</button></form>` : ''}</li>`
}

function addressesHtml({ addresses, allTeams }: CalendarView, zone: string): Html {
  return html`<section class="sec"><div class="sechead"><h2>In your own calendar</h2><p>Programs read it every few hours or once a day: it warns of nothing.</p></div>
${addresses.length === 0 ? '' : html`<ul class="panel list acting">${addresses.map((one) => html`<li>${icon('link')}<span><b>${one.team ?? 'My teams'}</b>${one.detailed ? ', with titles' : ''}</span><p>Made ${instant(one.createdAt, 'date and time', zone)}</p><form method="post" action="/calendar/addresses/revoke"><input type="hidden" name="address" value="${one.tokenHash}"><button class="danger" aria-label="Revoke the address of ${one.team ?? 'my teams'}">Revoke</button></form></li>`)}</ul>`}
<details class="fold panel"><summary>${icon('right')}Make a secret address</summary><form class="pad form" method="post" action="/calendar/addresses">
<label class="field">Of <select name="team"><option value="">My teams</option>${allTeams.map((team) => html`<option>${team}</option>`)}</select></label>
<label><input type="checkbox" name="detailed" value="1"> With titles and reasons, which may name packages and servers</label>
<p class="hint">Whoever has the address reads the calendar. It can be revoked here.</p><button class="primary">Make an address</button></form></details></section>`
}
