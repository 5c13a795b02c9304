/** Finds people in the configuration by their names in another system. */

import { comparable } from '../../core/comparable.ts'

export interface Nameable {
  readonly id: string
  readonly name: string
  readonly email: string | null
}

export interface Placed {
  /** Ids of people, each once. */
  readonly people: readonly string[]
  /** A sentence for each name that stands for nobody. */
  readonly vain: readonly string[]
}

/** Returns the ids of people, found by e-mail address, id or whole name. */
export function peopleNamed(names: readonly string[], people: readonly Nameable[]): readonly string[] {
  return placeNames(names, people).people
}

/** Finds people by the names, and says of each other name why it stands for nobody. */
export function placeNames(names: readonly string[], people: readonly Nameable[]): Placed {
  const found = names.map((name) => ({ name, ...peopleIn(name, people) }))
  const vain = found
    .filter(({ ids, several }) => ids.length === 0 || several.length > 1)
    .map(({ name, several }) =>
      several.length > 1
        ? `${quoted(name)} is the name of ${several.join(' and ')}, so it stands for none of them: give the e-mail address.`
        : `${quoted(name)} is nobody's e-mail address, id or whole name in "people".`,
    )
  return { people: [...new Set(found.flatMap(({ ids }) => ids))], vain: [...new Set(vain)] }
}

interface Found {
  readonly ids: readonly string[]
  /** People who share the name. */
  readonly several: readonly string[]
}

/**
 * A title may say more than a name, as in "On call: Mara Keller (primary)" or "Mara / Tom". What stands in brackets
 * counts only where nobody is named outside of them.
 */
function peopleIn(text: string, people: readonly Nameable[]): Found {
  const whole = peopleCalled(text, people)
  if (whole.length > 0) return single(whole)
  const outside = inPieces(text.replace(/\([^()]*\)|\[[^[\]]*\]/g, ' / '), people)
  if (outside.ids.length + outside.several.length > 0) return outside
  return inPieces(text.replace(/[()[\]]/g, ' / '), people)
}

/** "And" in several languages. It may be a part of a name, too. */
const AND = /\s(?:and|und|et|en|och|og|e|y)\s/iu

/** The people of a name, the family name first or last, or of each name between commas. */
function peopleListed(text: string, people: readonly Nameable[]): readonly (readonly string[])[] {
  const called = peopleCalled(text, people)
  return called.length > 0 ? [called] : text.split(',').map((part) => peopleCalled(part, people))
}

function inPieces(text: string, people: readonly Nameable[]): Found {
  const ids: string[] = []
  const several: string[] = []
  for (const piece of text.split(/[:/|&+;<>\r\n]|\p{Extended_Pictographic}|\s\p{Pd}+\s/u)) {
    const called = peopleCalled(piece, people)
    const all = called.length > 0 ? [called] : piece.split(AND).flatMap((part) => peopleListed(part, people))
    for (const one of all) {
      const { ids: found, several: unclear } = single(one)
      ids.push(...found)
      several.push(...unclear)
    }
  }
  return { ids, several }
}

function single(called: readonly string[]): Found {
  return called.length > 1 ? { ids: [], several: called } : { ids: called, several: [] }
}

/** The ids of all people who are called so: by address, id or name, the family name first or last. */
function peopleCalled(text: string, people: readonly Nameable[]): readonly string[] {
  const wanted = comparable(text)
  if (wanted === '') return []
  const [family, given, ...more] = wanted.split(/\s*,\s*/)
  const turned = family && given && more.length === 0 ? `${given} ${family}` : wanted
  return people
    .filter((person) => {
      const own = [person.id, person.name, person.email ?? ''].map(comparable)
      return own.includes(wanted) || own.includes(turned)
    })
    .map(({ id }) => id)
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 60))
}
