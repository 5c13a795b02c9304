/** The console's answers: a whole page, or the part that htmx asked for. */

import type { Context } from 'hono'
import type { Answer } from '../chat/desk.ts'
import type { Viewer } from './console-port.ts'
import { type Html, html } from './html.ts'
import { answerHtml } from './pages/detail.ts'
import { layout } from './pages/layout.ts'
import type { Site } from './site.ts'

export interface PageOf {
  readonly title: string
  /** Path of the channel or page in the navigation; empty: none. */
  readonly current: string
  readonly main: Html
  readonly aside?: Html | null
}

export async function page({ port }: Site, c: Context, viewer: Viewer, shown: PageOf): Promise<Response> {
  const { aside = null, ...more } = shown
  return c.html(layout({ ...more, viewer, channels: await port.channels(viewer), aside }))
}

/** A page without a viewer: nobody is signed in, or nothing is known about the person. */
export function alone(title: string, text: Html): Html {
  return layout({
    title,
    viewer: null,
    channels: [],
    current: '',
    main: html`<article class="panel"><h1>${title}</h1>${text}</article>`,
    aside: null,
  })
}

export async function missing(c: Context): Promise<Response> {
  return c.notFound()
}

/** Shows the result of an action. `back`: the page where it was done. */
export async function answered(
  site: Site,
  c: Context,
  viewer: Viewer,
  result: Answer,
  back: string,
): Promise<Response> {
  if (isForPart(c)) {
    const quiet = result.ok && result.message.every((span) => span.kind === 'text' && span.text === '')
    return c.html(quiet ? html`` : answerHtml(result, viewer))
  }
  const main = html`${answerHtml(result, viewer)}<p><a class="button" href="${back}">Back</a></p>`
  return page(site, c, viewer, { title: 'Only to you', current: '', main })
}

export function incomplete(c: Context, viewer: Viewer): Response | Promise<Response> {
  const text = 'That form was not complete; nothing was done.'
  return c.html(answerHtml({ ok: false, message: [{ kind: 'text', text }] }, viewer), 400)
}

/** Shows a failure as a page, or under the button that was clicked. */
export function failed(c: Context, status: 500 | 503, title: string, text: string): Response | Promise<Response> {
  if (isForPart(c)) return c.html(html`<p class="only warn">${title}. ${text}</p>`, status)
  return c.html(alone(title, html`<p>${text} <a href="/">Back</a></p>`), status)
}

function isForPart(c: Context): boolean {
  return c.req.header('hx-request') === 'true'
}
