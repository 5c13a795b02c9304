/** The example service with Slack reached by requests: the fake of Slack sends them to a server of ours. */

import { createServer, type Server } from 'node:http'
import type { ChatConnection } from '../../src/chat/platform.ts'
import { createSlack, type SlackOptions } from '../../src/chat/slack/connection.ts'
import { drawPng } from '../../src/integrations/picture/index.ts'
import type { Db } from '../../src/store/connection.ts'
import { createPosts } from '../../src/store/posts.ts'
import type { FakeSlack } from '../fakes/slack/fake-slack.ts'
import { exampleService } from './example-service.ts'

export type SlackGiven = Pick<SlackOptions, 'access' | 'accounts' | 'named' | 'places' | 'installations'>

export interface SlackByRequests {
  readonly service: Awaited<ReturnType<typeof exampleService>>
  readonly connection: ChatConnection
  readonly server: Server
  /** Where the server is reached. */
  readonly address: string
}

/** @param warnings what the connection warns of is added to it */
export async function slackByRequests(
  db: Db,
  slack: FakeSlack,
  given: SlackGiven,
  warnings: string[],
): Promise<SlackByRequests> {
  let opened: ChatConnection | null = null
  const service = await exampleService(db, {
    connect(desk) {
      opened = createSlack({
        ...given,
        drawPng,
        apiUrl: slack.url,
        desk,
        posts: createPosts(db),
        consoleUrl: 'https://patchwarden.example.net',
        clock: () => new Date(),
        log: { info: () => {}, warn: (message) => warnings.push(message) },
        pace: { postMs: 0, anyPostMs: 0, editMs: 0 },
      })
      return [opened.platform]
    },
  })
  const connection = connected(opened)
  const server = createServer((request, response) => connection.http?.handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const bound = server.address()
  const address = `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`
  slack.arrivals.setRequestUrl(`${address}/slack/events`)
  return { service, connection, server, address }
}

function connected(connection: ChatConnection | null): ChatConnection {
  if (connection === null) throw new Error('The service was not connected to Slack.')
  return connection
}
