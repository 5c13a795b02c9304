import { vi } from 'vitest'
import { main } from '../../src/cli/cli.ts'

/** Runs a command line in this process. */
export async function patchwarden(...argv: string[]) {
  let out = ''
  let err = ''
  const write = (add: (text: string) => void) => (text: unknown) => {
    add(String(text))
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(
      write((text) => {
        out += text
      }),
    ),
    vi.spyOn(process.stderr, 'write').mockImplementation(
      write((text) => {
        err += text
      }),
    ),
  ]
  try {
    return { code: await main(argv), out, err }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
