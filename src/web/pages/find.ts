/** Finding anything by a few letters: as a page, and as a palette that opens over any page. */

import type { Found } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { icon } from './icon.ts'
import { lookUps, places } from './places.ts'

const symbols: Readonly<Record<Found['kind'], string>> = {
  page: 'right',
  proposal: 'props',
  server: 'asset',
  person: 'people',
  explain: 'book',
}

/** Places of the navigation whose name begins so, then what was found. */
function all(text: string, found: readonly Found[]): readonly Found[] {
  const pages = [...places, ...lookUps].filter(({ name }) => name.toLowerCase().startsWith(text.toLowerCase()))
  return [...pages.map(({ href, name }): Found => ({ kind: 'page', name, about: 'page', path: href })), ...found]
}

export function findHtml(text: string, found: readonly Found[]): Html {
  return html`<header class="pagehead"><h1>Find</h1></header>
<form method="get" action="/find" class="filter-line" role="search"><input name="text" value="${text}" aria-label="What" placeholder="A proposal, server, person, CVE or package" maxlength="100" autocomplete="off" autofocus> <button>Find</button></form>
<ul class="panel list">${all(text, found).map(
    ({ kind, name, about, path }) => html`<li>${icon(symbols[kind])}<a href="${path}">${name}</a><p>${about}</p></li>`,
  )}</ul>`
}

/** Filled by the script as somebody types. */
export function paletteHtml(): Html {
  return html`<dialog id="palette" class="palette" aria-label="Find"><div class="top">${icon('find')}<input id="palette-text" role="combobox" aria-label="Find a proposal, server, person, CVE or package" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" placeholder="A proposal, server, person, CVE or package" maxlength="100" autocomplete="off"></div>
<div id="palette-found">${foundHtml('', [])}</div>
<footer aria-hidden="true"><span>↑ ↓ choose</span><span>Enter opens</span><span>Esc closes</span></footer></dialog>`
}

export function foundHtml(text: string, found: readonly Found[]): Html {
  return html`<div id="palette-list" role="listbox" aria-label="Found">${all(text, found).map(
    ({ kind, name, about, path }, index) =>
      html`<div role="option" id="palette-${index}" aria-selected="${index === 0 ? 'true' : 'false'}" data-path="${path}">${icon(symbols[kind])}<span>${name}</span><small>${about}</small></div>`,
  )}</div>`
}
