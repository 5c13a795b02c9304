/** Commands of a page of the docs, which tests run as they stand there. */

import { readFileSync } from 'node:fs'

const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')

/** The block that stands after `<!-- play: name -->`. */
export function blockOf(name: string): string {
  const [, after] = page.split(`<!-- play: ${name} -->\n\`\`\`sh\n`)
  const block = after?.split('\n```')[0]
  if (block === undefined) throw new Error(`docs/operating.md has no block "${name}".`)
  return block
}

/** The names of all blocks, in their order. */
export const blockNames: readonly string[] = [...page.matchAll(/<!-- play: (.*?) -->/g)].map(([, name = '']) => name)
