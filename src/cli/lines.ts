import type { Readable } from 'node:stream'
import { visibleJson } from '../chat/visible.ts'
import { BadUse } from './failure.ts'
import { complain, print } from './print.ts'

/** The longest line that is read, in characters. Longer lines are no facts or versions, and would fill the memory. */
const LINE_BYTES = 1_000_000
/** How many lines are printed at once. */
const CHUNK = 10_000

export type LineAnswer = { readonly out: string } | { readonly problem: string }

/** Prints one line for each input line, in order: the answer; or `!`, with a sentence on standard error. */
export async function answerLines(input: Readable, answer: (line: string) => LineAnswer): Promise<void> {
  let out: string[] = []
  let number = 0
  for await (const line of boundedLines(input)) {
    number++
    const given = answer(line)
    if ('problem' in given) complain(`Line ${number} (${shown(line)}): ${given.problem}`)
    out.push('out' in given ? given.out : '!')
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
