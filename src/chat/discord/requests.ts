import { DefaultRestOptions, type RESTOptions } from 'discord.js'

/**
 * Sends a request like discord.js, but converts forms to bytes first. The HTTP clients of Slack's and Discord's
 * libraries share one dispatcher, from the library that was loaded first. The newer client does not accept a form made
 * by the older one.
 */
export const makeRequest: RESTOptions['makeRequest'] = async (url, init) => {
  if (!(init.body instanceof FormData)) return DefaultRestOptions.makeRequest(url, init)
  const form = new Response(init.body)
  const headers = new Headers(form.headers)
  for (const [name, value] of Object.entries(init.headers ?? {})) headers.set(name, String(value))
  const body = new Uint8Array(await form.arrayBuffer())
  return DefaultRestOptions.makeRequest(url, { ...init, headers: Object.fromEntries(headers), body })
}
