import { type Html, html } from '../html.ts'

/** Links to the next page and to the beginning of a list. */
export function pagesHtml(
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

export function tableHtml(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
): Html {
  return html`<h1>${title}</h1>${rowsHtml(columns, rows)}`
}

export function rowsHtml(columns: readonly string[], rows: readonly (readonly (string | Html)[])[]): Html {
  return html`<div class="scroll"><table><thead><tr>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`
}
