/** The part of OData that the simulated AdminService understands. */

export type Row = Readonly<Record<string, unknown>>
type Test = (row: Row) => boolean

/** Throws a sentence for what is no filter, or names a field that the row does not have. */
export function filterOf(text: string): Test {
  const words = text.match(/'(?:[^']|'')*'|[()]|,|[^\s(),]+/g) ?? []
  let at = 0
  const peek = () => words[at]?.toLowerCase()
  const take = () => {
    const word = words[at++]
    if (word === undefined) throw new Error(`The filter ends too early: ${text}`)
    return word
  }
  const expect = (wanted: string) => {
    if (take() !== wanted) throw new Error(`"${wanted}" is missing in the filter: ${text}`)
  }

  function any(): Test {
    let test = all()
    while (peek() === 'or') {
      at++
      const [one, other] = [test, all()]
      test = (row) => one(row) || other(row)
    }
    return test
  }

  function all(): Test {
    let test = single()
    while (peek() === 'and') {
      at++
      const [one, other] = [test, single()]
      test = (row) => one(row) && other(row)
    }
    return test
  }

  function single(): Test {
    const word = take()
    if (word === '(') {
      const inner = any()
      expect(')')
      return inner
    }
    if (word === 'not') {
      const inner = single()
      return (row) => !inner(row)
    }
    if (word === 'startswith') {
      expect('(')
      const field = take()
      expect(',')
      const begins = String(constantIn(take())).toLowerCase()
      expect(')')
      return (row) => String(valueIn(row, field)).toLowerCase().startsWith(begins)
    }
    return comparison(word, take(), constantIn(take()))
  }

  const test = any()
  if (at < words.length) throw new Error(`The filter goes on after its end: ${text}`)
  return test
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
}

function comparison(field: string, operator: string, wanted: unknown): Test {
  const holds = comparisons[operator]
  if (holds === undefined) throw new Error(`"${operator}" compares nothing`)
  return (row) => {
    const value = valueIn(row, field)
    if (value === null) return false
    const [one, other] = [comparable(value), comparable(wanted)]
    return holds(one < other ? -1 : one > other ? 1 : 0)
  }
}

function comparable(value: unknown): number | string {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  const text = String(value)
  return /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : text.toLowerCase()
}

function constantIn(word: string): unknown {
  if (word.startsWith("'")) return word.slice(1, -1).replaceAll("''", "'")
  if (word === 'true' || word === 'false') return word === 'true'
  return /^-?\d+$/.test(word) ? Number(word) : word
}

/** Throws where the class has no such field. */
export function valueIn(row: Row, field: string): unknown {
  const name = Object.keys(row).find((one) => one.toLowerCase() === field.toLowerCase())
  if (name === undefined) throw new Error(`There is no field ${field}`)
  return row[name]
}
