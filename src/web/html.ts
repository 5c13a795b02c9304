/**
 * HTML as values. All text of a template is escaped and shown as it is: it cannot bring markup or a character that
 * reverses a line.
 */

import { html as template } from 'hono/html'
import { visible } from '../chat/visible.ts'

export { raw } from 'hono/html'

export type Html = ReturnType<typeof template>

/** Values are text, HTML made here, or lists of both. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return template(strings, ...values.map(shown))
}

function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown)
  // What was made here is an object, and was shown before.
  return typeof value === 'string' ? visible(value) : value
}
