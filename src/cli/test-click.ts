import { randomUUID } from 'node:crypto'
import type { ChatConnection } from '../chat/platform.ts'
import { errorText } from '../core/error-text.ts'
import type { Database } from '../store/database.ts'
import { listenForTest } from '../store/notify.ts'
import type { Contact } from './contact.ts'

/**
 * Posts a button on a chat platform and waits for a click. Only this shows that clicks arrive. The process that listens
 * to the platform gets the click: the running service, or else this process.
 */
export async function testClick(
  connection: ChatConnection,
  { sql, alone }: Pick<Database, 'sql' | 'alone'>,
  options: { readonly seconds: number; readonly say: (line: string) => void },
): Promise<Contact> {
  const { name } = connection.platform
  const nonce = randomUUID()
  const ended = new AbortController()
  const outcome = (ok: boolean, what: string): Contact => ({ kind: 'click', name, ok, what })
  let clicked: () => void = () => {}
  const click = new Promise<true>((resolve) => {
    clicked = () => resolve(true)
  })
  const endListening = await listenForTest(sql, nonce, () => clicked())
  let problem: string | null = null
  let listens: () => void = () => {}
  const listened = new Promise<void>((resolve) => {
    listens = resolve
  })
  // Resolves to false at once if the service listens.
  const here = alone(`listen to ${name}`, async () => {
    await connection.start()
    listens()
    await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve(), { once: true }))
  }).catch((error: unknown) => {
    problem = errorText(error)
  })
  // Post the button only when somebody listens for the click.
  await Promise.race([listened, here])
  try {
    const place = await connection.postTest(nonce)
    if (place === null) return outcome(true, 'no channel is configured, so no button was posted')
    options.say(`     A test button is in the channel ${place} of ${name}: click it within ${options.seconds} s.`)
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), options.seconds * 1_000).unref())
    if (await Promise.race([click, late])) return outcome(true, 'the click arrived')
    const http = connection.http
      ? ' Clicks come by requests: the service must be running, and reachable from outside under console.publicUrl.'
      : ''
    return outcome(false, problem ?? `no click arrived within ${options.seconds} s.${http}`)
  } catch (error) {
    return outcome(false, errorText(error))
  } finally {
    ended.abort()
    await here
    await connection.stop()
    await endListening()
  }
}
