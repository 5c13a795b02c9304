import { type Html, html } from '../html.ts'

/** A path with what is asked for; empty values are left out. */
export function addressWith(path: string, asked: Readonly<Record<string, string>>): string {
  const given = Object.entries(asked).filter(([, value]) => value !== '')
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/** Links to the next page and to the beginning of a list. */
export function pagesHtml(
  path: string,
  asked: Readonly<Record<string, string>>,
  after: string | null,
  next: string | null,
): Html {
  const address = (more: Readonly<Record<string, string>>) => addressWith(path, { ...asked, ...more })
  if (after === null && next === null) return html``
  return html`<p class="paging">${after === null ? '' : html`<a class="button" href="${address({})}">From the beginning</a> `}${next === null ? '' : html`<a class="button" rel="next" href="${address({ after: next })}">Next</a>`}</p>`
}

export function tableHtml(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
): Html {
  return html`<header class="pagehead"><h1>${title}</h1></header>${rowsHtml(columns, rows)}`
}

/** The first cell is the name of its row. Where there is little room, each row becomes a card. */
export function rowsHtml(
  columns: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
  caption: string | null = null,
): Html {
  return html`<div class="panel tablewrap"><table class="cards">${caption === null ? '' : html`<caption>${caption}</caption>`}<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(([first = '', ...others]) => html`<tr><th scope="row">${first}</th>${others.map((cell, index) => html`<td data-l="${columns[index + 1] ?? ''}">${cell}</td>`)}</tr>`)}</tbody></table></div>`
}
