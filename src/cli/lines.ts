import type { Readable } from 'node:stream'
import { visibleJson } from '../chat/visible.ts'
import { BadUse } from './failure.ts'
import { complain, print } from './print.ts'

/** The longest line that is read, in characters. Longer lines are no facts or versions, and would fill the memory. */
const LINE_BYTES = 1_000_000
/** How many lines are printed at once. */
const CHUNK = 10_000

export type LineAnswer = { readonly out: string } | { readonly problem: string }

/** Makes the value that is printed as JSON for a line; `out` null: there is a problem instead. */
export type LineAsJson = (line: number, out: string | null, problem: string | null) => object

/**
 * Prints one line for each input line, in order: the answer; or `!`, with a sentence on standard error. With `asJson`, its
 * value.
 */
export async function answerLines(
  input: Readable,
  answer: (line: string) => LineAnswer,
  asJson: LineAsJson | null = null,
): Promise<void> {
  let out: string[] = []
  let number = 0
  for await (const line of boundedLines(input)) {
    number++
    const given = answer(line)
    const [said, problem] = 'out' in given ? [given.out, null] : [null, given.problem]
    if (asJson !== null) out.push(visibleJson(JSON.stringify(asJson(number, said, problem))))
    else {
      if (problem !== null) complain(`Line ${number} (${shown(line)}): ${problem}`)
      out.push(said ?? '!')
    }
    if (out.length < CHUNK) continue
    print(out)
    out = []
  }
  print(out)
}

function shown(line: string): string {
  return visibleJson(JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line))
}

/** The input's lines without line ends. Throws a sentence as soon as a line gets too long. */
async function* boundedLines(input: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of input) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.replace(/\r$/, '')
    if (rest.length > LINE_BYTES)
      throw new BadUse(`A line is longer than ${LINE_BYTES} characters: is it the right file?`)
  }
  rest += decoder.decode()
  if (rest !== '') yield rest.replace(/\r$/, '')
}
