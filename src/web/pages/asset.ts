import { count, hasEnd } from '../../chat/words.ts'
import { limits } from '../../core/limits.ts'
import { isBefore } from '../../core/time/instant.ts'
import type { AssetDeed, AssetView, MissingFlaw, Viewer } from '../console-port.ts'
import { type Html, html } from '../html.ts'
import { instant } from '../rich-text.ts'
import { heldHtml, weaknessHtml } from './assets.ts'
import { icon } from './icon.ts'
import { priorityHtml, rowListHtml } from './proposals.ts'
import { addressWith } from './table.ts'

export function assetHtml(view: AssetView, viewer: Viewer): Html {
  const { asset, notAssessed, missing, open, now } = view
  const missed = notAssessed === null ? count(missing.length, 'known flaw') : 'Not assessed'
  return html`<nav class="crumb" aria-label="Where you are"><a href="/assets">Servers</a><span aria-hidden="true">/</span><a href="${addressWith('/assets', { team: asset.team })}">${asset.team}</a></nav>
<header class="pagehead"><h1>${asset.name}</h1>${asset.simulated ? html`<span class="tag">Simulated</span>` : ''}</header>
<dl class="facts panel first-facts">
<div><dt>Misses</dt><dd>${missed}<small>${notAssessed ?? `${asset.pending} pending packages, ${asset.security} of them security`}</small></dd></div>
<div><dt>Platform</dt><dd>${asset.platform}<small>${count(asset.packages, 'package')}, from ${asset.source}</small></dd></div>
<div><dt>Seen</dt><dd>${asset.seenAt === null ? 'never' : instant(asset.seenAt, 'relative', viewer.timeZone)}<small>${asset.rebootRequired ? 'needs a reboot' : 'no reboot needed'}</small></dd></div>
<div><dt>Next window</dt><dd>${nextHtml(view, viewer)}<small>${view.windowName ?? 'nothing is rolled out here'}</small></dd></div></dl>
${asset.problem === null ? '' : html`<p class="note stop">${icon('warn')}<span>The last look failed: ${asset.problem}</span></p>`}
${notAssessed === null ? '' : html`<p class="note warn">${icon('na')}<span>Nobody can judge what it misses: ${notAssessed}.</span></p>`}
${asset.ask === null ? '' : html`<p class="note warn">${icon('na')}<span>Nobody manages it. Ask ${asset.ask}.</span></p>`}
${asset.held.length === 0 ? '' : html`<p class="note warn">${icon('pkg')}<span>Held packages: ${heldHtml(asset)}</span></p>`}
${weaknessHtml(asset, now)}
<section class="sec"><div class="sechead"><h2>Proposals that ask for it <span class="num">${open.length}</span></h2></div>${open.length === 0 ? html`<p class="panel box soft">None is open.</p>` : rowListHtml(open, viewer)}</section>
<section class="sec"><div class="sechead"><h2>What it misses <span class="num">${missing.length}</span></h2></div>${missingHtml(view, viewer)}</section>
<section class="sec"><div class="sechead"><h2>What was done to it</h2></div>${historyHtml(view.history, viewer)}</section>
${windowsHtml(view, viewer)}`
}

function nextHtml({ windows, now }: AssetView, viewer: Viewer): Html | string {
  const [next] = windows
  if (next === undefined) return 'None known'
  return isBefore(next.start, now) ? 'Open now' : instant(next.start, 'date and time', viewer.timeZone)
}

function missingHtml({ missing, notAssessed }: AssetView, viewer: Viewer): Html {
  if (missing.length === 0)
    return html`<p class="panel box soft">${notAssessed === null ? 'No known flaw is open on it.' : 'Not known: nobody can judge it.'}</p>`
  const shown = missing.slice(0, limits.pageRows)
  const more = missing.length - shown.length
  return html`<ul class="panel list">${shown.map((flaw) => flawHtml(flaw, viewer))}</ul>${more === 0 ? '' : html`<p class="soft">And ${more} less urgent ones, which <code>npx patchwarden assess</code> lists.</p>`}`
}

function flawHtml({ flaw, since, feeds, priority, dueAt, proposals }: MissingFlaw, viewer: Viewer): Html {
  const due = dueAt === null ? '' : html`, due ${instant(dueAt, 'date and time', viewer.timeZone)}`
  const held =
    proposals.length === 0
      ? 'no open proposal asks for a patch'
      : html`asked for in ${proposals.map((id, index) => html`${index === 0 ? '' : ', '}<a href="/p/${id}">${id}</a>`)}`
  return html`<li>${icon('pkg')}<span><a href="${addressWith('/explain', { name: flaw })}"><b>${flaw}</b></a> ${priority === null ? html`<span class="soft">not judged</span>` : priorityHtml(priority)}</span>
<p>Since ${instant(since, 'date and time', viewer.timeZone)}${feeds.length === 0 ? '' : `, said by ${feeds.join(', ')}`}${due}; ${held}.</p></li>`
}

const signs: Readonly<Record<string, readonly [string, string]>> = {
  installed: ['good', 'ok'],
  'rebooted and re-scanned': ['good', 'ok'],
  'waiting for reboot': ['warn', 'clock'],
  'rolled back': ['back', 'back'],
  failed: ['stop', 'x'],
}

function historyHtml(deeds: readonly AssetDeed[], viewer: Viewer): Html {
  if (deeds.length === 0) return html`<p class="panel box soft">No rollout has touched it.</p>`
  return html`<ul class="panel hist">${deeds.map(({ proposal, startedAt, end }) => {
    const [status, symbol] = signs[end ?? ''] ?? (end === null ? ['run', 'run'] : ['warn', 'warn'])
    const who = proposal.approved.length === 0 ? '' : `, approved by ${proposal.approved.join(' and ')}`
    return html`<li class="${status}">${instant(startedAt, 'date and time', viewer.timeZone)}${icon(symbol)}<span><a href="/p/${proposal.id}">${proposal.id} ${proposal.title}</a><span class="sub">${end ?? 'at work'}${who}</span></span></li>`
  })}</ul>`
}

function windowsHtml({ windows, freezes, now }: AssetView, viewer: Viewer): Html | string {
  if (windows.length + freezes.length === 0) return ''
  const at = (iso: string) => instant(iso, 'date and time', viewer.timeZone)
  return html`<section class="sec"><div class="sechead"><h2>When it may be touched</h2></div><ul class="panel list">
${freezes.map(({ name, from, to }) => html`<li class="run">${icon('freeze')}<span><b>Frozen</b> ${at(from)} to ${at(to)}</span><p>${name}</p></li>`)}
${windows.map(({ start, end }) => html`<li>${icon('cal')}<span>${hasEnd(end, now) ? html`${at(start)} to ${at(end)}` : 'Always'}</span></li>`)}</ul></section>`
}
