/** The most hosts that one range may stand for, and that one list may hold. */
export const MOST_HOSTS = 10_000

/**
 * Expands ranges as Ansible writes them: `web[01:20]`, `db-[a:c]`, `n[0:10:5]`. A text without one is returned as it
 * is. Throws a clause.
 */
export function expandRanges(text: string): readonly string[] {
  const found = /^(.*?)\[([0-9A-Za-z]*):([0-9A-Za-z]+)(?::(\d+))?\](.*)$/.exec(text)
  if (found === null) return [text]
  const [, before = '', from = '', to = '', step = '1', after = ''] = found
  const middle = spread(from, to, Number(step), text)
  const ends = expandRanges(after)
  if (middle.length * ends.length > MOST_HOSTS)
    throw new Error(`${shown(text)} stands for more than ${MOST_HOSTS} hosts`)
  return middle.flatMap((one) => ends.map((end) => `${before}${one}${end}`))
}

function spread(from: string, to: string, step: number, text: string): readonly string[] {
  if (step < 1) throw new Error(`${shown(text)} has a range with a step of 0`)
  if (/^\d*$/.test(from) && /^\d+$/.test(to)) {
    const [first, last] = [Number(from === '' ? '0' : from), Number(to)]
    if (from.length > 1 && from.startsWith('0') && from.length !== to.length)
      throw new Error(`${shown(text)} has a range whose ends have different lengths`)
    const width = from.startsWith('0') ? from.length : 0
    return counted(first, last, step, text).map((number) => String(number).padStart(width, '0'))
  }
  if (/^[A-Za-z]$/.test(from) && /^[A-Za-z]$/.test(to)) {
    return counted(from.charCodeAt(0), to.charCodeAt(0), step, text)
      .map((code) => String.fromCharCode(code))
      .filter((letter) => /[A-Za-z]/.test(letter))
  }
  throw new Error(`${shown(text)} has a range that is neither of numbers nor of letters`)
}

function counted(first: number, last: number, step: number, text: string): readonly number[] {
  if (last < first) throw new Error(`${shown(text)} has a range that ends before it begins`)
  if ((last - first) / step >= MOST_HOSTS) throw new Error(`${shown(text)} stands for more than ${MOST_HOSTS} hosts`)
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step)
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80))
}
