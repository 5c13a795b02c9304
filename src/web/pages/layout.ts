import type { ChannelSummary, Viewer } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'

export interface Page {
  readonly title: string
  readonly viewer: Viewer | null
  readonly channels: readonly ChannelSummary[]
  /** Path of the present channel or page. */
  readonly current: string
  readonly main: Html
  readonly aside: Html | null
}

export function layout(page: Page): Html {
  return html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="htmx-config" content='{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true}'>
<title>${page.title} · Patchwarden</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets-static/console.css">
<script defer src="/assets-static/htmx.min.js"></script>
<script defer src="/assets-static/console.js"></script>
</head>
<body class="${page.viewer === null ? 'alone' : page.aside === null ? 'wide' : ''}">
${page.viewer === null ? '' : navigation(page.viewer, page.channels, page.current)}
<main id="main">${page.main}</main>
${page.aside === null ? '' : html`<aside id="thread" aria-label="Thread">${page.aside}</aside>`}
<p id="offline" role="status" hidden>Not live: reconnecting…</p>
</body>
</html>`
}

export function navigation(viewer: Viewer, channels: readonly ChannelSummary[], current: string): Html {
  const link = (href: string, text: Html | string) =>
    html`<a href="${href}" ${current === href ? raw('aria-current="page"') : ''}>${text}</a>`
  return html`<nav id="nav" aria-label="Channels" hx-get="/fragment/nav?current=${encodeURIComponent(current)}" hx-trigger="patchwarden-changed from:body" hx-swap="outerHTML">
<p class="brand">Patchwarden</p>
<section><h2>Channels</h2>
${channels.map((channel) =>
  link(
    `/c/${channel.id}`,
    html`<span># ${channel.id}</span>${channel.waitingForViewer > 0 ? html` <b class="badge" title="waiting for you">${channel.waitingForViewer}</b>` : channel.open > 0 ? html` <span class="n">${channel.open}</span>` : ''}`,
  ),
)}
</section>
<section><h2>Look up</h2>${link('/assets', 'Servers')}${link('/explain', 'Explain')}${link('/sources', 'Sources')}${link('/people', 'People')}${link('/audit', 'Audit')}</section>
<section class="me"><h2>You</h2>
<p><strong>${viewer.name}</strong><br><small>${viewer.roles.join(', ') || 'no role'}</small></p>
${
  viewer.switchTo.length === 0
    ? ''
    : html`<form method="post" action="/act-as"><label for="act-as">Example: act as</label>
<select id="act-as" name="person">${viewer.switchTo.map((person) => html`<option value="${person.id}">${person.name} (${person.roles.join(', ') || 'no role'})</option>`)}</select>
<button>Switch</button></form>`
}
<form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>
<form method="post" action="/sign-out-everywhere"><button class="quiet">Sign out everywhere</button></form>
</section>
</nav>`
}
