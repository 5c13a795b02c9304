import type { ActionName } from './actions.ts'

/** What happens once the dialog of an action is sent, for the person who is about to send it. */
const sentences: Readonly<Partial<Record<ActionName, (proposal: string) => string>>> = {
  reject: (id) => `One rejection closes ${id} until that date. Its due date stays as it is.`,
  postpone: (id) => `${id} starts in a later window: the first from that date on.`,
  halt: (id) => `Nothing further of ${id} starts. It goes on only when it is resumed.`,
  'end-waiting': (id) => `Servers of ${id} that have not reported count as silent, and its rollout is halted.`,
  skip: (id) => `${id} leaves the server out: it is not touched, or its failure does not count any more.`,
  retry: (id) => `What failed in ${id} is tried again. If it is stopped, this counts as your agreement to resume.`,
  extend: (id) => `${id} may go on for one more hour after its window ends.`,
  'roll-back': (id) => `The versions from before ${id} are put back at once.`,
  withdraw: (id) => `${id} ends for good.`,
  freeze: (id) => `Nothing of the team of ${id} starts until the end of that day.`,
  ask: (id) => `Whom you ask gets a direct message about ${id}, and its thread says so.`,
  'break-glass': (id) =>
    `${id} is approved at once, may start outside its window, and everybody sees it. Somebody else must review it.`,
}

/** `null`: the action asks nothing first, so nothing is said before it. */
export function consequenceOf(action: ActionName, proposal: string): string | null {
  return sentences[action]?.(proposal) ?? null
}
