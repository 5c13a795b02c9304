/** One way to play the same scene on Slack, Discord and the console: what people do there, and what they see. */

import type { Accounts } from '../../src/chat/accounts.ts'
import type { ActionName } from '../../src/chat/actions.ts'
import type { Desk } from '../../src/chat/desk.ts'
import type { ChatConnection } from '../../src/chat/platform.ts'
import type { Db } from '../../src/store/connection.ts'

export const persons = ['mara', 'tom', 'jonas', 'stranger'] as const
export type PersonName = (typeof persons)[number]

/** What is typed into the dialog of an action. */
export interface Typed {
  readonly reason?: string
  readonly until?: string
  readonly owner?: string
  readonly person?: string
}

export interface Stage {
  readonly name: string
  readonly accounts: Accounts
  /** `null` for the console, which has none. */
  connect(desk: Desk, db: Db, accounts: Accounts): ChatConnection | null
  /** Called once the service runs: where clicks go to is made known to the platform. */
  arrive(): Promise<void>
  /** Clicks the button of a card, fills in its dialog where there is one, and reads what only they are told. */
  click(person: PersonName, proposal: string, action: ActionName, typed?: Typed): Promise<string>
  /** How many dialogs were opened so far; always 0 in the console, which has none. */
  dialogs(): number
  /** Types `/patch ...` in the team's channel. */
  type(person: PersonName, text: string): Promise<string>
  /** The card's text, with its buttons. */
  card(proposal: string): Promise<string>
  cards(): Promise<number>
  thread(proposal: string): Promise<readonly string[]>
  /** Direct messages. The console has none: it shows what waits. */
  direct(person: PersonName): Promise<readonly string[]>
  /** What the platform refused, notified without need, or was not answered in time: nothing of it may ever happen. */
  complaints(): readonly string[]
  close(): Promise<void>
}
