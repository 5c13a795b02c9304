import { type Picture, pictureAlt } from '../../chat/picture/picture.ts'
import type { Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'

/** Light or dark as the reader has it; a click shows it alone, as large as the window. */
export function pictureHtml(picture: Picture, path: string, { timeZone, person }: Viewer): Html {
  // The zone is the reader's: what is kept of one is not shown to another.
  const at = (theme: string) => `${path}?theme=${theme}&for=${encodeURIComponent(person)}`
  return html`<a class="picture" href="${at('light')}"><picture><source media="(prefers-color-scheme: dark)" srcset="${at('dark')}"><img src="${at('light')}" alt="${pictureAlt(picture, timeZone)}"></picture></a>`
}
