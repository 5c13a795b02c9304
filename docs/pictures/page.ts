/** The frame of a picture, and text as HTML. */

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

export function imageHtml(png: Buffer | undefined, alt: string): string {
  if (png === undefined) return ''
  return `<img src="data:image/png;base64,${png.toString('base64')}" alt="${escapeHtml(alt)}">`
}

const looks = {
  slack: 'background:#fff;color:#1d1c1d;font:15px/1.46 Lato,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif',
  discord: 'background:#313338;color:#dbdee1;font:15px/1.4 "gg sans","Helvetica Neue",Arial,"DejaVu Sans",sans-serif',
} as const

export function page(platform: string, look: keyof typeof looks, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><style>
body{margin:0;padding:20px 24px;${looks[look]}}
.note{font-size:12px;opacity:.7;margin:0 0 14px}
.who{font-weight:700;margin:0 0 4px}.who small{font-weight:400;opacity:.65;margin-left:6px}
a{color:#1264a3;text-decoration:none}.discord a{color:#00a8fc}
code{font:12.5px "DejaVu Sans Mono",monospace;border-radius:3px;padding:1px 4px}
.slack code{background:#f6f6f6;border:1px solid #ddd;color:#c01343}.discord code{background:#2b2d31}
pre{font:12px/1.4 "DejaVu Sans Mono",monospace;padding:8px;border-radius:4px;white-space:pre-wrap;background:#0000000d}
.context{font-size:12.5px;opacity:.75;margin:4px 0;display:flex;gap:14px;flex-wrap:wrap}
.section{margin:6px 0;white-space:pre-line}.row{display:flex;gap:8px;flex-wrap:wrap;margin:8px 0}
.row span{border-radius:4px;padding:5px 12px;font-size:13px;font-weight:600}
.slack .row span{border:1px solid #bbb}.slack .row .primary{background:#007a5a;border-color:#007a5a;color:#fff}.slack .row .danger{background:#e01e5a;border-color:#e01e5a;color:#fff}
.discord .row span{background:#4e5058;color:#fff}.discord .row .primary{background:#5865f2}.discord .row .danger{background:#da373c}
.container{background:#2b2d31;border-radius:6px;padding:12px 16px;border-left:4px solid}
.thread{border-left:2px solid #8886;margin:12px 0 0 6px;padding-left:14px}
img{display:block;max-width:480px;border-radius:6px;margin:8px 0}
h3{margin:2px 0;font-size:17px}
</style><body class="${look}"><p class="note">Drawn by Patchwarden’s own renderer from what it posts to ${platform}; ${platform} itself looks somewhat different.</p>
<p class="who">Patchwarden<small>APP</small></p>${body}</body></html>`
}
