import { expect, test } from 'vitest'
import { generated, problemOf } from './support/generated.ts'

test.each(generated)('$file is what the sources say', async (one) => {
  expect(await problemOf(one)).toBeNull()
})
