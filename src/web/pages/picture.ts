import { type Picture, pictureAlt } from '../../chat/picture/picture.ts'
import type { Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'

/** Light or dark, as the reader's system is set. A click opens the picture alone, in full size. */
export function pictureHtml(picture: Picture, path: string, { timeZone, person }: Viewer): Html {
  // The picture is in the reader's zone, so the address names the reader: caches must not show it to others.
  const at = (theme: string) => `${path}?theme=${theme}&for=${encodeURIComponent(person)}`
  return html`<a class="picture" href="${at('light')}"><picture><source media="(prefers-color-scheme: dark)" srcset="${at('dark')}"><img src="${at('light')}" alt="${pictureAlt(picture, timeZone)}"></picture></a>`
}
