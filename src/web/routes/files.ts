import { readFileSync } from 'node:fs'
import type { Site } from '../site.ts'

const types: ReadonlyMap<string, string> = new Map([
  ['console.css', 'text/css; charset=utf-8'],
  ['console.js', 'text/javascript; charset=utf-8'],
  ['htmx.min.js', 'text/javascript; charset=utf-8'],
])

/** Routes for styles and scripts. */
export function addFiles({ app }: Site): void {
  app.get('/assets-static/:file', (c) => {
    const file = c.req.param('file')
    const type = types.get(file)
    if (type === undefined) return c.notFound()
    const body = readFileSync(new URL(`../../../src/web/assets/${file}`, import.meta.url))
    return c.body(body, 200, { 'content-type': type, 'cache-control': 'no-cache' })
  })
}
