/** Keeps notes for as long as the process lives. For commands that only read, and for tests. */

import type { Keeping } from '../core/ports.ts'

export function keptInMemory(): Keeping {
  const notes = new Map<string, string>()
  const last = new Map<string, Promise<unknown>>()
  const place = (engine: string, name: string) => JSON.stringify([engine, name])
  return {
    async inTurn(name, signal, work) {
      const before = last.get(name) ?? Promise.resolve()
      const mine = before.then(() => {
        signal.throwIfAborted()
        return work(signal)
      })
      const ended = mine.catch(() => undefined)
      last.set(name, ended)
      return mine.finally(() => {
        if (last.get(name) === ended) last.delete(name)
      })
    },
    async readNote(engine, name) {
      const text = notes.get(place(engine, name))
      return text === undefined ? null : JSON.parse(text)
    },
    async saveNote(engine, name, note) {
      notes.set(place(engine, name), JSON.stringify(note))
    },
    async removeNote(engine, name) {
      notes.delete(place(engine, name))
    },
  }
}
