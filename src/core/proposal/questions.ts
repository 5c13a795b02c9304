import { limits } from '../limits.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import type { AskedPerson } from './proposal.ts'

/** Those who were asked so lately that it still counts. */
export function askedLately(questions: readonly AskedPerson[] = [], now: string): readonly AskedPerson[] {
  return questions.filter(({ at }) => isBefore(now, plusSeconds(at, limits.askAgainSeconds)))
}

/** With those who are asked now, and without those whose time is over: so the list stays short. */
export function withQuestions(
  questions: readonly AskedPerson[] | undefined,
  { people, person: by }: { readonly people: readonly string[]; readonly person: string },
  at: string,
): readonly AskedPerson[] {
  return [...askedLately(questions, at), ...people.map((person) => ({ person, by, at }))]
}
