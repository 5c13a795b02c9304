/** How a simulated ManageEngine server answers. */

export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
}

/** Good answers are called plain text, too. */
export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'text/plain;charset=UTF-8' } })
}

export function error(code: string, description: string, status = 200): Response {
  return json({ status: 'error', error_code: code, error_description: description }, status)
}
