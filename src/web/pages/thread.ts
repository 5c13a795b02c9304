import { wholeText } from '../../chat/card.ts'
import type { ProposalView, Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { instant, richText } from '../rich-text.ts'
import { preformatted } from './detail.ts'
import { statusOf } from './icon.ts'
import { pictureHtml } from './picture.ts'

/** `before`: this part ends before that entry; `null`: it is the end of the thread. */
export function threadHtml(view: ProposalView, before: number | null, viewer: Viewer): Html {
  const { card } = view.card
  const [label, hint] = view.takesComments
    ? ['Comment or command', 'Write to the thread, or /patch help']
    : ['Command', '/patch help']
  return html`<header><h2 id="thread-h">Thread of ${card.proposal}</h2><p># ${view.channel.id}</p></header>
${entriesHtml(view, before, viewer)}
<form class="say" method="post" action="/c/${view.channel.id}/say" hx-post="/c/${view.channel.id}/say" hx-target="#answered" hx-swap="innerHTML">
<div id="answered" class="answer" aria-live="polite" tabindex="-1" data-keep></div>
<input type="hidden" name="proposal" value="${card.proposal}">
<label for="text">${label}</label>
<textarea id="text" name="text" placeholder="${hint}" maxlength="2100" rows="2" required></textarea>
<div><span class="hint">Ctrl Enter sends.</span><button>Send</button></div></form>`
}

export function entriesHtml(view: ProposalView, before: number | null, viewer: Viewer): Html {
  const { proposal } = view.card.card
  // Earlier entries do not change.
  const live =
    before === null
      ? html`hx-get="/fragment/thread/${proposal}" hx-trigger="changed-${proposal} from:body, changed-all from:body" hx-swap="morph:outerHTML"`
      : ''
  return html`<ol id="entries" class="entries" tabindex="0" role="list" aria-label="Entries, oldest first" ${live}>
${view.older === null ? '' : html`<li class="paging"><a class="button" href="/p/${proposal}?before=${view.older}">Earlier</a>${before === null ? '' : html` <a class="button" href="/p/${proposal}">The end</a>`}</li>`}
${view.older === null && before !== null ? html`<li class="paging"><a class="button" href="/p/${proposal}">The end</a></li>` : ''}
${view.thread.map(
  ({
    id,
    at,
    entry,
  }) => html`<li id="m${id}" class="${statusOf(entry.tone)}"><span class="face ${entry.author === null ? 'pw' : ''}" aria-hidden="true">${initials(entry.author?.name ?? 'Patch Warden')}</span>
<div><p class="by"><b>${entry.author?.name ?? 'Patchwarden'}</b>${entry.author === null ? '' : html` <span>in ${entry.author.via}</span>`} ${instant(at, 'time', viewer.timeZone)}</p>
<div>${richText(wholeText(entry), viewer.timeZone)}</div>
${entry.detail.length === 0 ? '' : preformatted(entry.detail)}
${entry.picture === undefined ? '' : pictureHtml(entry.picture, `/p/${proposal}/pictures/${id}`, viewer)}</div></li>`,
)}</ol>`
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return `${words[0]?.[0] ?? ''}${words[1]?.[0] ?? ''}`.toUpperCase()
}
