/** The machines that nobody manages, in a sentence for every surface. */

import { count } from './words.ts'

export interface NotManaged {
  /** All servers, managed or not. */
  readonly all: number
  readonly unmanaged: number
  /** Machines without an engine that a managing system lists, which is only read here. */
  readonly onlyRead: number
}

/** Empty: every server that is known is managed from here. */
export function unmanagedLines({ all, unmanaged, onlyRead }: NotManaged): readonly string[] {
  if (all === 0) return ['No server is known.']
  const are = (number: number) => (number === 1 ? 'is' : 'are')
  return [
    ...(unmanaged === 0
      ? []
      : [
          `${count(unmanaged, 'server')} ${are(unmanaged)} managed by nobody: no engine changes ${unmanaged === 1 ? 'it' : 'them'}, and no patching system knows ${unmanaged === 1 ? 'it' : 'them'}.`,
        ]),
    ...(onlyRead === 0
      ? []
      : [
          `${count(onlyRead, 'server')} without an engine ${are(onlyRead)} listed by a system that manages ${onlyRead === 1 ? 'it' : 'them'} and is only read here.`,
        ]),
  ]
}
