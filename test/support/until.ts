import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until it is so; also outside of tests, where `expect.poll` may not be used. */
export async function until(
  what: string,
  seconds: number,
  ask: () => boolean | Promise<boolean>,
  everyMs = 1_000,
): Promise<void> {
  const end = Date.now() + seconds * 1_000
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`Not within ${seconds} s: ${what}.`)
    await sleep(everyMs)
  }
}
