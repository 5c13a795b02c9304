/** The buttons of a proposal, and the dialogs of those that ask something first. */

import { actions, type Question } from '../../chat/actions.ts'
import type { CardAction } from '../../chat/card.ts'
import { consequenceOf } from '../../chat/consequence.ts'
import { datesFor } from '../../core/permission/choices.ts'
import type { CardView, Viewer } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { icon } from './icon.ts'

/** Rare buttons stand in a menu behind "More". `asked`: the dialog that stands open, for browsers without scripts. */
export function actionsHtml(view: CardView, viewer: Viewer, asked: string | null = null): Html {
  const { proposal, actions: shown } = view.card
  const acts = shown.filter(({ name }) => actions[name].command !== null)
  const likely = acts.filter(({ rare }) => !rare)
  const rare = acts.filter(({ rare: seldom }) => seldom)
  return html`<div class="btns">${likely.map((action) => buttonHtml(view, action, 'big'))}${
    rare.length === 0
      ? ''
      : html`<button type="button" class="big" popovertarget="${proposal}-more" aria-label="More actions">${icon('more')}</button>`
  }</div>
${rare.length === 0 ? '' : html`<div class="menu" id="${proposal}-more" popover>${rare.map((action) => buttonHtml(view, action, ''))}</div>`}
${acts.filter(({ questions }) => questions.length > 0).map((action) => dialogHtml(view, action, viewer, asked))}`
}

function styleOf({ style }: CardAction): string {
  return style === 'primary' ? 'primary' : style === 'danger' ? 'danger' : ''
}

function hiddenHtml({ name, revision }: CardAction): Html {
  return html`<input type="hidden" name="action" value="${name}"><input type="hidden" name="revision" value="${revision}">`
}

/** `answer`: the id of the part that shows the answer. */
function post(proposal: string, answer: string): Html {
  return html`method="post" action="/p/${proposal}/act" hx-post="/p/${proposal}/act" hx-target="#${answer}" hx-swap="innerHTML" hx-disabled-elt="find button"`
}

function buttonHtml({ card: { proposal } }: CardView, action: CardAction, size: string): Html {
  const style = `${size} ${styleOf(action)}`
  if (action.questions.length > 0)
    return html`<a class="button ${style}" href="/p/${proposal}?ask=${action.name}" data-dialog="${dialogId(proposal, action)}" data-asks="/p/${proposal}/ask/${action.name}?revision=${action.revision}">${action.label}</a>`
  const confirm = action.confirm === null ? '' : html` hx-confirm="${action.confirm}"`
  return html`<form ${post(proposal, `answer-${proposal}`)}${confirm}>${hiddenHtml(action)}<button class="${style}">${action.label}</button></form>`
}

/** Typed text is kept while the page changes, but not for the next revision: its dialog is another one. */
function dialogId(proposal: string, { name, revision }: CardAction): string {
  return `${proposal}-${name}-${revision}`
}

function dialogHtml(
  { card: { proposal }, owners, askable, now }: CardView,
  action: CardAction,
  viewer: Viewer,
  asked: string | null,
): Html {
  const id = dialogId(proposal, action)
  const label = action.label.replace('…', '')
  const choices = { viewer, owners: action.name === 'ask' ? askable : owners, dates: datesOf(action.name, now) }
  return html`<dialog id="${id}" aria-labelledby="${id}-h" ${asked === action.name ? raw('open') : ''}><form ${post(proposal, `${id}-answer`)}>${hiddenHtml(action)}
<h2 id="${id}-h" tabindex="-1">${label} ${proposal}</h2>
<p class="conseq">${consequenceOf(action.name, proposal) ?? ''}</p>
${action.questions.map((question) => fieldHtml(question, choices))}
<div class="answer" id="${id}-answer" role="alert" data-keep></div>
<div class="btns"><a class="button" href="/p/${proposal}" data-close>Cancel</a><button class="${action.style === 'danger' ? 'danger primary' : 'primary'}">${label}</button></div></form></dialog>`
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
      return html`<label class="field">${label} <textarea name="${ask}"${needed} maxlength="2000" rows="3"></textarea></label>`
    case 'until':
      return html`<label class="field">${label} <input type="date" name="${ask}"${dates === null ? '' : html` min="${dates.first}" max="${dates.last}"`}${needed}></label>`
    case 'asset':
      return html`<label class="field">${label} <input name="${ask}" maxlength="200"${needed}></label>`
    case 'person':
    case 'owner':
      // The viewer is selected first.
      return html`<label class="field">${label} <select name="${ask}"${needed}>${owners.map((person) => html`<option value="${person.id}" ${person.id === viewer.person ? raw('selected') : ''}>${person.name}</option>`)}</select></label>`
  }
}
