/**
 * HTML as values. All text in a template is escaped, so that it cannot bring markup or change the writing direction.
 */

import { html as template } from 'hono/html'
import { visible } from '../chat/visible.ts'

export { raw } from 'hono/html'

export type Html = ReturnType<typeof template>

/** Values are text, HTML from this function, or lists of both. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return template(strings, ...values.map(shown))
}

function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown)
  // HTML from this function is an object, and is safe already.
  return typeof value === 'string' ? visible(value) : value
}
