import type { ChannelSummary, Viewer } from '../console-port.ts'
import { type Html, html, raw } from '../html.ts'
import { paletteHtml } from './find.ts'
import { icon } from './icon.ts'
import { lookUps, places } from './places.ts'

export interface Page {
  readonly title: string
  readonly viewer: Viewer | null
  readonly channels: readonly ChannelSummary[]
  /** Path of the place in the navigation that is shown; empty: none. */
  readonly current: string
  readonly main: Html
  /** The thread beside it; `null`: there is none. */
  readonly aside: Html | null
}

export function layout(page: Page): Html {
  const { viewer, channels, aside } = page
  const stopped = stoppedIn(channels).length
  return html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content='{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true}'>
<title>${stopped === 0 ? '' : `(${stopped} stopped) `}${page.title} · Patchwarden</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets-static/console.css">
<script defer src="/assets-static/htmx.min.js"></script>
<script defer src="/assets-static/idiomorph-ext.min.js"></script>
<script defer src="/assets-static/console.js"></script>
</head>
<body class="${viewer === null ? 'alone' : aside === null ? 'app' : 'app is-proposal'}" hx-ext="morph">
${viewer === null ? html`<main id="main" class="gate"><span class="brand">${brand()}</span>${page.main}</main>` : signedIn(page, viewer)}
</body>
</html>`
}

function signedIn({ channels, current, main, aside }: Page, viewer: Viewer): Html {
  return html`<a class="skip" href="#main">Skip to the content</a>
<div class="side"><header class="bar"><a class="brand" href="/">${brand()}</a><a class="button find" href="/find" aria-keyshortcuts="Control+K /" data-palette>${icon('find')}<span>Find</span><kbd>Ctrl K</kbd></a></header>
${navigation(viewer, channels, current)}</div>
<div class="vh" id="said" role="status"></div><div class="vh" id="alert" role="alert"></div>
<main id="main" tabindex="-1" class="${aside === null ? 'page' : 'proposal'}">
<p id="offline" class="says warn" hidden><span>${icon('plug')}</span><span>Not live: reconnecting…</span><button type="button" data-reload>Try now</button></p>
<p id="halted" class="says stop" hidden><span>${icon('halt')}</span><span></span><button type="button" data-seen>Seen</button></p>
${aside === null ? main : html`<div class="case">${main}</div><section class="thread" id="thread" aria-labelledby="thread-h">${aside}</section>`}</main>
${paletteHtml()}`
}

function brand(): Html {
  return html`<svg viewBox="0 0 22 22" aria-hidden="true"><rect width="22" height="22" rx="6" fill="var(--accent-fill)"></rect><path d="M6 6h10v5.5c0 3-2.2 4.7-5 5.5-2.8-.8-5-2.5-5-5.5Z" fill="none" stroke="var(--on-accent)" stroke-width="1.6" stroke-linejoin="round"></path><path d="m8.5 10.7 1.8 1.8 3.3-3.5" fill="none" stroke="var(--on-accent)" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"></path></svg>Patchwarden`
}

function stoppedIn(channels: readonly ChannelSummary[]): ChannelSummary['stopped'] {
  return channels.flatMap(({ stopped }) => stopped)
}

export function navigation(viewer: Viewer, channels: readonly ChannelSummary[], current: string): Html {
  const stopped = stoppedIn(channels)
  const waiting = channels.reduce((sum, { waitingForViewer }) => sum + waitingForViewer, 0)
  const counts: Readonly<Record<string, Html | string>> = {
    '/': waitingHtml(waiting),
    '/proposals': stoppedHtml(stopped.length),
  }
  const link = (href: string, symbol: string, text: string, more: Html | string = '') =>
    html`<li><a href="${href}" ${current === href ? raw('aria-current="page"') : ''}>${icon(symbol)}<span>${text}</span>${more}</a></li>`
  return html`<nav id="nav" class="nav" aria-label="Main" hx-get="/fragment/nav?current=${encodeURIComponent(current)}" hx-trigger="patchwarden-changed from:body" hx-swap="morph:outerHTML">
<ul class="main">${places.map(({ href, symbol, name }) => link(href, symbol, name, counts[href]))}
<li><button type="button" class="morebtn" popovertarget="more">${icon('more')}<span>More</span></button></li></ul>
<div class="more" id="more" popover><ul>${lookUps.map(({ href, symbol, name }) => link(href, symbol, name))}</ul>
<h2>Channels</h2><ul>${channels.map((channel) => link(`/c/${channel.id}`, 'dot', channel.id, channelCount(channel)))}</ul>
${meHtml(viewer)}</div>
<ul id="stopped" hidden>${stopped.map(({ id, title }) => html`<li data-id="${id}">${id}, ${title}</li>`)}</ul>
</nav>`
}

function waitingHtml(count: number): Html | string {
  return count === 0 ? '' : html`<span class="count">${count}<span class="vh"> wait for you</span></span>`
}

function stoppedHtml(count: number): Html | string {
  return count === 0
    ? ''
    : html`<span class="count stop">${icon('halt')}${count}<span class="vh"> stopped</span></span>`
}

function channelCount({ stopped, waitingForViewer, open }: ChannelSummary): Html | string {
  if (stopped.length > 0) return stoppedHtml(stopped.length)
  if (waitingForViewer > 0) return waitingHtml(waitingForViewer)
  return open === 0 ? '' : html`<span class="count">${open}<span class="vh"> open</span></span>`
}

function meHtml(viewer: Viewer): Html {
  return html`<section class="me" aria-label="You"><p><b>${viewer.name}</b><br><span class="soft">${viewer.roles.join(', ') || 'no role'}</span></p>
${
  viewer.switchTo.length === 0
    ? ''
    : html`<form method="post" action="/act-as"><label for="act-as">Example: act as</label>
<select id="act-as" name="person">${viewer.switchTo.map((person) => html`<option value="${person.id}">${person.name} (${person.roles.join(', ') || 'no role'})</option>`)}</select>
<button>Switch</button></form>`
}
<form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>
<form method="post" action="/sign-out-everywhere"><button class="quiet">Sign out everywhere</button></form></section>`
}
