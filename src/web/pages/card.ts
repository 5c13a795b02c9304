import { actions } from '../../chat/actions.ts'
import type { CardRing } from '../../chat/card.ts'
import { ringWords } from '../../chat/ring-words.ts'
import { count } from '../../chat/words.ts'
import type { CardView, RoleVotes, Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { richText } from '../rich-text.ts'
import { actionsHtml } from './actions.ts'
import { icon, stateIcon, statusOf } from './icon.ts'

/** The card of a proposal among others. */
export function cardHtml(view: CardView, viewer: Viewer): Html {
  const { card } = view
  return html`<article id="${card.proposal}" class="card panel" aria-labelledby="${card.proposal}-title"
 hx-get="/fragment/card/${card.proposal}" hx-trigger="changed-${card.proposal} from:body, changed-all from:body" hx-swap="morph:outerHTML">
${stateHtml(view, viewer)}
<div class="in"><h2 id="${card.proposal}-title"><a href="/p/${card.proposal}">${card.title}</a></h2>
<p class="why">${richText(card.say, viewer.timeZone)}</p>
<div class="inline-acts">${actionsHtml(view, viewer)}</div>
${answerPlace(card.proposal)}
${looksHtml(view)}
${factsHtml(view, viewer)}
${ringsMoved(card.rings) ? ringsHtml(view) : ''}
${notesHtml(view, viewer)}</div>
</article>`
}

/** The page of a proposal: state, why and action first. `asked`: the dialog that stands open. */
export function caseHtml(view: CardView, viewer: Viewer, asked: string | null): Html {
  const { card } = view
  return html`<article id="${card.proposal}" class="card case-of" aria-labelledby="${card.proposal}-title"
 hx-get="/fragment/case/${card.proposal}" hx-trigger="changed-${card.proposal} from:body, changed-all from:body" hx-swap="morph:outerHTML">
<div class="hero panel">${stateHtml(view, viewer)}
<div class="in"><h1 id="${card.proposal}-title">${card.title}</h1>
<p class="why">${richText(card.say, viewer.timeZone)}</p></div></div>
<section class="acts" aria-label="What you can do">${actionsHtml(view, viewer, asked)}${answerPlace(card.proposal)}</section>
<div class="two">${view.votes === null ? '' : votesHtml(view.votes)}${card.rings.length === 0 ? '' : ringsHtml(view)}</div>
${notesHtml(view, viewer)}
<section class="panel box facts-of" aria-labelledby="${card.proposal}-facts"><h2 id="${card.proposal}-facts">In short</h2>${factsHtml(view, viewer)}</section>
${looksHtml(view)}
</article>`
}

/** Answers are for the one who acted. They stay when the card changes. */
function answerPlace(proposal: string): Html {
  return html`<div class="answer" id="answer-${proposal}" aria-live="polite" data-keep></div>`
}

function stateHtml({ card, status }: CardView, viewer: Viewer): Html {
  return html`<p class="state ${statusOf(card.tone)}"><strong>${stateIcon(status, card.tone)}<span>${richText(card.state, viewer.timeZone)}</span></strong>
<span class="far"><span>${card.proposal}</span>${card.simulated ? html` <span class="tag">Simulated</span>` : ''}</span></p>`
}

function votesHtml(votes: readonly RoleVotes[]): Html {
  const need = votes.reduce((sum, role) => sum + role.need, 0)
  const filled = votes.reduce((sum, role) => sum + role.approved.length, 0)
  return html`<section class="box panel" aria-labelledby="votes-h"><h2 id="votes-h">Votes <span class="num">${filled} of ${need}</span></h2>
<ul class="quorum">${votes.map((role) => {
    const done = role.approved.length >= role.need
    return html`<li class="${done ? 'good' : 'warn'}">${icon(done ? 'ok' : 'vote')}<span><b>${role.role}</b><span class="sub">${roleWords(role, done)}</span></span><span class="n">${role.approved.length}/${role.need}</span></li>`
  })}</ul></section>`
}

function roleWords({ approved, waitingFor }: RoleVotes, done: boolean): string {
  const said = approved.length === 0 ? '' : `${approved.join(', ')} approved. `
  if (done) return said
  return `${said}${waitingFor.length === 0 ? 'Nobody who can vote has this role.' : `Waits for ${waitingFor.join(' or ')}.`}`
}

function ringsMoved(rings: readonly CardRing[]): boolean {
  return rings.some(({ status }) => status !== 'waiting')
}

const ringSigns = {
  waiting: ['idle', 'none'],
  running: ['run', 'run'],
  soaking: ['run', 'clock'],
  passed: ['good', 'ok'],
  failed: ['stop', 'halt'],
} as const

function ringsHtml({ card: { proposal, rings } }: CardView): Html {
  const moved = ringsMoved(rings)
  const total = rings.reduce((sum, ring) => sum + ring.total, 0)
  const good = rings.reduce((sum, ring) => sum + ring.good, 0)
  const id = `${proposal}-rings`
  return html`<section class="box panel" aria-labelledby="${id}"><h2 id="${id}">${moved ? 'Progress' : 'Plan'} <span class="num">${moved ? `${good} of ${total} done` : count(total, 'server')}</span></h2>
<ol class="rings">${rings.map((ring, index) => {
    const [status, symbol] = ringSigns[ring.status]
    const words = moved ? ringWords(ring) : count(ring.total, 'server')
    return html`<li class="${status}">${icon(symbol)}<div><p class="name"><b id="${id}-${index}-name">${ring.name}</b><span>${words}</span></p>${moved ? barHtml(ring, `${id}-${index}`, words) : ''}</div></li>`
  })}</ol></section>`
}

/** The parts lie on each other, the widest at the bottom. They keep their ids, so that the bar moves. */
function barHtml(ring: CardRing, id: string, words: string): Html {
  const share = (part: number) => ((100 * Math.min(part, ring.total)) / Math.max(1, ring.total)).toFixed(1)
  const part = (kind: string, counted: number) =>
    html`<rect id="${id}-${kind}" class="${kind}" width="${share(counted)}" height="10"></rect>`
  const ended = ring.good + ring.bad
  return html`<svg class="ring-bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="progressbar" aria-labelledby="${id}-name" aria-valuemin="0" aria-valuemax="${ring.total}" aria-valuenow="${ended}" aria-valuetext="${words}">
${part('running', ended + ring.running)}${part('bad', ended)}${part('good', ring.good)}</svg>`
}

function factsHtml({ card }: CardView, viewer: Viewer): Html {
  return html`<dl class="in-short">${card.facts.map((fact) => html`<div><dt>${fact.label}</dt><dd>${richText(fact.value, viewer.timeZone)}</dd></div>`)}</dl>
<p class="dates soft small">${richText(card.small, viewer.timeZone)}</p>`
}

function notesHtml({ card }: CardView, viewer: Viewer): Html {
  return html`${card.notes.map((note) => html`<p class="note ${statusOf(note.tone)}">${icon(note.tone === 'neutral' ? 'na' : 'warn')}<span>${richText(note.text, viewer.timeZone)}</span></p>`)}`
}

/** What can be opened: servers, plan, evidence, report. */
function looksHtml({ card }: CardView): Html {
  const looks = card.actions.filter(({ name }) => actions[name].command === null)
  return html`<nav class="looks" aria-label="More about ${card.proposal}">${looks.map(({ name, label }) => html`<a class="button" href="/p/${card.proposal}/${name}">${label}${icon('right')}</a>`)}</nav>`
}
