import { actions, type Question } from '../../chat/actions.ts'
import type { CardAction, CardRing } from '../../chat/card.ts'
import { consequenceOf } from '../../chat/consequence.ts'
import { ringWords } from '../../chat/ring-words.ts'
import { datesFor } from '../../core/permission/choices.ts'
import type { CardView, Viewer } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { richText } from '../rich-text.ts'

/** The card of a proposal. */
export function cardHtml(view: CardView, viewer: Viewer, selected: boolean): Html {
  const { card } = view
  const zone = viewer.timeZone
  return html`<article id="${card.proposal}" class="card ${card.tone} ${selected ? 'selected' : ''}" aria-labelledby="${card.proposal}-title"
 hx-get="/fragment/card/${card.proposal}" hx-trigger="changed-${card.proposal} from:body, changed-all from:body" hx-swap="outerHTML">
<p class="top"><span class="tag ${card.tone}">${richText(card.state, zone)}</span><span>${card.proposal}</span>${card.simulated ? html` <span class="tag neutral">Simulated</span>` : ''}</p>
<h3 id="${card.proposal}-title"><a href="/p/${card.proposal}">${card.title}</a></h3>
<p class="lead">${richText(card.say, zone)}</p>
<div class="acts">${actionsHtml(view, viewer)}</div>
<div class="answer" id="answer-${card.proposal}" aria-live="polite" hx-preserve></div>
<dl>${card.facts.map((fact) => html`<dt>${fact.label}</dt><dd>${richText(fact.value, zone)}</dd>`)}</dl>
${card.rings.every(({ status }) => status === 'waiting') ? '' : html`<div class="rings">${card.rings.map((ring, index) => ringHtml(ring, `${card.proposal}-ring-${index}`))}</div>`}
${card.notes.map((note) => html`<p class="note ${note.tone}">${richText(note.text, zone)}</p>`)}
<p class="when">${richText(card.small, zone)}</p>
</article>`
}

/**
 * A progress bar. When the card is fetched again, htmx gives the new parts the width of the old parts with the same id,
 * so that the bar moves. The parts lie on each other, the widest at the bottom.
 */
function ringHtml(ring: CardRing, id: string): Html {
  const words = ringWords(ring)
  const share = (count: number) => ((100 * Math.min(count, ring.total)) / Math.max(1, ring.total)).toFixed(1)
  const part = (kind: string, count: number) =>
    html`<rect id="${id}-${kind}" class="${kind}" width="${share(count)}" height="10"></rect>`
  const ended = ring.good + ring.bad
  return html`<div class="ring ring-${ring.status}"><span id="${id}-name">${ring.name}</span> <small>${words}</small>
<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="progressbar" aria-labelledby="${id}-name" aria-valuemin="0" aria-valuemax="${ring.total}" aria-valuenow="${ended}" aria-valuetext="${words}">
${part('running', ended + ring.running)}${part('bad', ended)}${part('good', ring.good)}</svg></div>`
}

/** Rare buttons are hidden behind "More". They come after it, not inside it, because a preserved element must not contain another one. */
function actionsHtml(view: CardView, viewer: Viewer): Html {
  const { proposal, actions: shown } = view.card
  const show = (action: CardAction) => actionHtml(view, action, viewer)
  if (!shown.some(({ rare }) => rare)) return html`${shown.map(show)}`
  return html`${shown.filter(({ rare }) => !rare).map(show)}
<details class="more" id="${proposal}-more" hx-preserve><summary class="button">More</summary></details>
${shown.filter(({ rare }) => rare).map(show)}`
}

function actionHtml({ card: { proposal }, owners, askable, now }: CardView, action: CardAction, viewer: Viewer): Html {
  if (actions[action.name].command === null)
    return html`<a class="button" href="/p/${proposal}/${action.name}">${action.label}</a>`
  const hidden = html`<input type="hidden" name="action" value="${action.name}"><input type="hidden" name="revision" value="${action.revision}">`
  const post = html`method="post" action="/p/${proposal}/act" hx-post="/p/${proposal}/act" hx-target="#answer-${proposal}" hx-swap="innerHTML" hx-disabled-elt="find button"`
  const style = action.style === 'primary' ? 'go' : action.style === 'danger' ? 'no' : ''
  if (action.questions.length === 0)
    return html`<form ${post}${action.confirm === null ? '' : html` hx-confirm="${action.confirm}"`}>${hidden}<button class="${style}">${action.label}</button></form>`
  // Typed text is preserved, but not for the next revision.
  const id = `${proposal}-${action.name}-${action.revision}`
  const asks = `/p/${proposal}/ask/${action.name}?revision=${action.revision}`
  return html`<details class="ask" id="${id}" data-asks="${asks}" hx-preserve><summary class="button ${style}">${action.label}</summary>
<form ${post}>${hidden}
<p>${consequenceOf(action.name, proposal) ?? ''}</p>
${action.questions.map((question) => fieldHtml(question, { viewer, owners: action.name === 'ask' ? askable : owners, dates: datesOf(action.name, now) }))}
<button class="${style}">${action.label.replace('…', '')}</button></form></details>`
}

/** The choices of a field. `dates`: first and last date; `null`: any date. */
interface Choices {
  readonly viewer: Pick<Viewer, 'person'>
  readonly owners: CardView['owners']
  readonly dates: ReturnType<typeof datesFor> | null
}

/** Limits the date field to dates that would be accepted. */
function datesOf(action: CardAction['name'], now: string): Choices['dates'] {
  return action === 'reject' || action === 'postpone' || action === 'freeze' ? datesFor(action, now) : null
}

/** A field for a question. Optional fields may stay empty. */
export function fieldHtml({ ask, label, required }: Question, { viewer, owners, dates }: Choices): Html {
  const needed = required ? raw(' required') : ''
  switch (ask) {
    case 'reason':
      return html`<label>${label} <textarea name="${ask}"${needed} maxlength="2000" rows="2"></textarea></label>`
    case 'until':
      return html`<label>${label} <input type="date" name="${ask}"${dates === null ? '' : html` min="${dates.first}" max="${dates.last}"`}${needed}></label>`
    case 'asset':
      return html`<label>${label} <input name="${ask}" maxlength="200"${needed}></label>`
    case 'person':
    case 'owner':
      // The viewer is selected first.
      return html`<label>${label} <select name="${ask}"${needed}>${owners.map((person) => html`<option value="${person.id}" ${person.id === viewer.person ? raw('selected') : ''}>${person.name}</option>`)}</select></label>`
  }
}
