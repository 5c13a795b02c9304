import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Site } from '../site.ts'

const script = 'text/javascript; charset=utf-8'
const types: ReadonlyMap<string, string> = new Map([
  ['console.css', 'text/css; charset=utf-8'],
  ['console.js', script],
  ['htmx.min.js', script],
  ['icons.svg', 'image/svg+xml'],
  ['idiomorph-ext.min.js', script],
])

interface File {
  readonly body: Buffer<ArrayBuffer>
  readonly packed: Buffer<ArrayBuffer>
  readonly tag: string
}

const read = new Map<string, File>()

function fileCalled(name: string): File {
  const before = read.get(name)
  if (before !== undefined) return before
  const body = readFileSync(new URL(`../../../src/web/assets/${name}`, import.meta.url))
  const file = {
    body,
    packed: Buffer.from(gzipSync(body)),
    tag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`,
  }
  read.set(name, file)
  return file
}

/** Routes for styles, scripts and icons. A browser asks whether they changed, and mostly gets no bytes. */
export function addFiles({ app }: Site): void {
  app.get('/assets-static/:file', (c) => {
    const name = c.req.param('file')
    const type = types.get(name)
    if (type === undefined) return c.notFound()
    const { body, packed, tag } = fileCalled(name)
    const headers = { 'content-type': type, 'cache-control': 'no-cache', etag: tag, vary: 'accept-encoding' }
    if (c.req.header('if-none-match') === tag) return c.body(null, 304, headers)
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(body, 200, headers)
    return c.body(packed, 200, { ...headers, 'content-encoding': 'gzip' })
  })
}
