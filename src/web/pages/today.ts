import { count } from '../../chat/words.ts'
import type { CardView, FirstLook, ProposalRow, SourceRow, TodayView, Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { instant, richText } from '../rich-text.ts'
import { icon, stateIcon, statusOf } from './icon.ts'
import { rowListHtml } from './proposals.ts'

export function todayHtml(view: TodayView, viewer: Viewer): Html {
  // While it looks for the first time, it looks again by itself.
  const trigger = `patchwarden-changed from:body${view.first === null ? '' : ', every 2s'}`
  return html`<div id="today" hx-get="/fragment/today" hx-trigger="${trigger}" hx-swap="morph:outerHTML">
<header class="pagehead"><div><h1>Today</h1><p>${instant(view.now, 'date and time', viewer.timeZone)}, times in ${viewer.timeZone}. ${summary(view)}</p></div></header>
<div class="today"><div>${view.first === null ? '' : firstHtml(view.first, viewer)}
${groupHtml('Stopped', view.stopped, viewer, 'See what failed')}
${groupHtml('Waits for you', view.waiting, viewer, 'Decide')}
${rowsSection('Runs now', view.running, viewer)}
${rowsSection('Told to a system, acts later', view.told, viewer)}
${rowsSection('Starts within a day', view.soon, viewer)}
${rowsSection('Overdue', view.overdue, viewer)}
${rowsSection('Ended since yesterday', view.done, viewer)}
${isEmpty(view) && view.first === null ? nothingHtml(view, viewer) : ''}</div>
<div class="side-notes">${sourcesHtml(view)}</div></div></div>`
}

function isEmpty({ waiting, stopped, running, told, soon, overdue, done }: TodayView): boolean {
  return [waiting, stopped, running, told, soon, overdue, done].every((group) => group.length === 0)
}

function summary({ stopped, waiting, running, soon, first }: TodayView): string {
  if (first !== null) return 'The first look is under way. Nothing is changed on any server.'
  const parts = [
    stopped.length === 0 ? '' : `${count(stopped.length, 'rollout')} stopped`,
    waitingWords(stopped.length, waiting.length),
    running.length === 0 ? '' : `${running.length} at work`,
    soon.length === 0 ? '' : `${soon.length} to start within a day`,
  ].filter((part) => part !== '')
  const said = parts.join(', ')
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`
}

/** What was stopped may wait for its reader, too, and says so itself. */
function waitingWords(stopped: number, waiting: number): string {
  if (waiting > 0) return `${count(waiting, 'proposal')} for you to decide`
  return stopped > 0 ? '' : 'nothing waits for you'
}

/** Large, because here somebody decides. */
function groupHtml(title: string, cards: readonly CardView[], viewer: Viewer, button: string): Html | string {
  if (cards.length === 0) return ''
  return html`<section class="sec"><div class="sechead"><h2>${title} <span class="num">${cards.length}</span></h2></div>
<div class="asks">${cards.map((view) => askHtml(view, viewer, button))}</div></section>`
}

function askHtml({ card, status }: CardView, viewer: Viewer, button: string): Html {
  const isStopped = status === 'paused' || status === 'halted'
  return html`<article id="today-${card.proposal}" class="ask panel ${isStopped ? 'stop' : ''}"><p class="line"><span class="status ${statusOf(card.tone)}">${stateIcon(status, card.tone)}<span>${richText(card.state, viewer.timeZone)}</span></span><span>${card.proposal}</span><span>${card.team}</span>${card.simulated ? html`<span class="tag">Simulated</span>` : ''}</p>
<h3><a href="/p/${card.proposal}">${card.title}</a></h3>
<p class="why">${richText(card.say, viewer.timeZone)}</p>
<p class="go"><a class="button ${isStopped ? '' : 'primary'}" href="/p/${card.proposal}" aria-label="${button}: ${card.proposal}">${button}</a></p></article>`
}

function rowsSection(title: string, rows: readonly ProposalRow[], viewer: Viewer): Html | string {
  if (rows.length === 0) return ''
  return html`<section class="sec"><div class="sechead"><h2>${title} <span class="num">${rows.length}</span></h2></div>${rowListHtml(rows, viewer)}</section>`
}

function nothingHtml({ next, unjudged }: TodayView, viewer: Viewer): Html {
  const start =
    next === null
      ? 'No rollout is planned.'
      : html`The next rollout is <a href="/p/${next.id}">${next.id}</a>: ${richText(next.state, viewer.timeZone)}.`
  return html`<section class="sec panel box"><h2>Nothing waits for you</h2><p class="why">${start}${unjudged === 0 ? '' : ` ${count(unjudged, 'server')} of your teams cannot be judged, so this is no all-clear for them.`}</p>
<p><a href="/proposals">All proposals</a>, <a href="/assets">all servers</a></p></section>`
}

function sourcesHtml({ troubled, sources, unjudged }: TodayView): Html {
  return html`<section><h2>Sources</h2><ul>
<li class="${troubled.length === 0 ? 'good' : 'warn'}">${icon(troubled.length === 0 ? 'ok' : 'warn')}<span>${sources - troubled.length} of ${sources} without trouble</span></li>
${troubled.slice(0, 5).map(({ name, problem }) => html`<li class="warn">${icon('warn')}<span><a href="/sources">${name}</a>: ${problem}</span></li>`)}
${unjudged === 0 ? '' : html`<li class="idle">${icon('na')}<span>${count(unjudged, 'server')} cannot be judged; <a href="/assets">Servers</a> says why</span></li>`}</ul></section>`
}

function firstHtml({ sources, servers, judged, teams }: FirstLook, viewer: Viewer): Html {
  const of = (kind: SourceRow['kind']) => sources.filter((source) => source.kind === kind)
  return html`<section class="sec panel first" aria-labelledby="first-h"><h2 class="pad" id="first-h">Looking at your servers for the first time</h2><ol class="steps">
${readHtml('Read what vendors publish', of('catalog'), viewer)}
${readHtml(`Look at servers: ${servers} seen so far`, of('inventory'), viewer)}
${stepHtml('Work out what each team misses', judged, teams, '')}</ol>
<p class="pad soft">When it has ended, proposals appear here by themselves. Until then nobody can say that nothing is missing.</p></section>`
}

function readHtml(title: string, sources: readonly SourceRow[], viewer: Viewer): Html {
  const read = sources.filter(({ lastGoodAt }) => lastGoodAt !== null).length
  const chips = html`<ul class="hosts">${sources.map(({ name, lastGoodAt, problem }) =>
    problem !== null
      ? html`<li class="warn">${icon('warn')}${name}: ${problem}</li>`
      : lastGoodAt === null
        ? html`<li class="idle">${icon('clock')}${name}</li>`
        : html`<li class="good">${icon('check')}${name}, ${instant(lastGoodAt, 'time', viewer.timeZone)}</li>`,
  )}</ul>`
  return stepHtml(title, read, sources.length, chips)
}

function stepHtml(title: string, done: number, all: number, more: Html | string): Html {
  const isDone = all > 0 && done === all
  return html`<li class="${isDone ? 'good' : 'run'}">${icon(isDone ? 'ok' : 'run')}<b>${title}</b><span class="soft">${done} of ${all}</span><progress max="${Math.max(1, all)}" value="${done}" aria-label="${title}"></progress>${more}</li>`
}
