import type { Hono } from 'hono'
import type { Desk } from '../../src/chat/desk.ts'
import type { Db } from '../../src/store/connection.ts'
import { createBackend } from '../../src/web/backend.ts'
import { createConsole } from '../../src/web/console.ts'
import { accountsOf } from '../support/chat-people.ts'
import type { exampleService } from '../support/example-service.ts'
import { beginSession } from '../support/session.ts'
import { type PersonName, persons, type Stage } from './stage.ts'

export interface ConsoleStage extends Stage {
  /** The pages need the whole service, and not the desk alone. */
  open(service: Awaited<ReturnType<typeof exampleService>>, db: Db): Promise<void>
}

/** The console's pages over HTTP, as a browser without scripts uses them. */
export function consoleStage(log: { warn(message: string): void }): ConsoleStage {
  let app: Hono | null = null
  const refused: string[] = []

  async function request(person: PersonName, path: string, form?: Readonly<Record<string, string>>): Promise<string> {
    const headers = {
      cookie: `patchwarden=${person}`,
      host: 'localhost',
      origin: 'http://localhost',
      'sec-fetch-site': 'same-origin',
    }
    const answer = await app?.request(`http://localhost${path}`, {
      headers,
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    const text = (await answer?.text()) ?? ''
    if ((answer?.status ?? 500) >= 500) refused.push(`${path}: ${answer?.status}`)
    return text
  }

  const article = (page: string, proposal: string) =>
    page.slice(page.indexOf(`<article id="${proposal}"`)).split('</article>')[0] ?? ''

  return {
    name: 'the console',
    accounts: accountsOf({}),
    connect: (_desk: Desk) => null,
    arrive: async () => {},
    async open(service, db) {
      const people = persons.map((id) => ({ id, name: id.charAt(0).toUpperCase() + id.slice(1), timeZone: null }))
      const port = createBackend({
        db,
        parts: service.parts,
        workflow: service.workflow,
        people: { all: people, timeZone: 'UTC', operators: () => ['mara'], example: true },
        channels: [
          { id: 'web-platform', title: 'Web', teams: ['web-platform'] },
          { id: 'payments', title: 'Payments', teams: ['payments'] },
        ],
        sources: [],
        subscribe: () => () => {},
      })
      app = createConsole({
        port,
        health: { writing: async () => 'ok', platforms: [] },
        log,
        allowedHosts: ['localhost'],
      })
      for (const person of persons) await beginSession(db, person, new Date())
    },
    async click(person, proposal, action, typed = {}) {
      const card = article(await request(person, `/p/${proposal}`), proposal)
      const looks = ['assets', 'explain', 'plan', 'report'].includes(action)
      if (looks) return request(person, `/p/${proposal}/${action}`)
      const [, revision = '1'] = /name="revision" value="(\d+)"/.exec(card) ?? []
      return request(person, `/p/${proposal}/act`, { action, revision, ...typed })
    },
    dialogs: () => 0,
    type: (person, text) => request(person, '/c/web-platform/say', { text: `/patch ${text}` }),
    card: async (proposal) => article(await request('mara', `/p/${proposal}`), proposal),
    cards: async () => ((await request('mara', '/c/web-platform')).match(/<article id="PW-/g) ?? []).length,
    async thread(proposal) {
      const page = await request('mara', `/fragment/thread/${proposal}`)
      return page
        .split('<li ')
        .slice(1)
        .map((item) => item.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '))
    },
    direct: async () => [],
    complaints: () => refused,
    close: async () => {},
  }
}
