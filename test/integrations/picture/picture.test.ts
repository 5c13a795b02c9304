import { expect, test } from 'vitest'
import { type Picture, pictureSvg } from '../../../src/chat/picture/picture.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { pictures } from '../../support/pictures.ts'

const SIGNATURE = '89504e470d0a1a0a'

/** Width and height of the header chunk: PNG (third edition), 11.2.1. */
function sizeOf(png: Buffer): readonly [number, number] {
  expect(png.subarray(0, 8).toString('hex')).toBe(SIGNATURE)
  expect(png.subarray(12, 16).toString('latin1')).toBe('IHDR')
  return [png.readUInt32BE(16), png.readUInt32BE(20)]
}

test.each(Object.entries(pictures) as readonly (readonly [string, Picture])[])(
  'the picture of a %s is a PNG of at most 100 kB, as wide as a telephone wants it',
  async (_, picture) => {
    for (const theme of ['light', 'dark'] as const) {
      const png = await drawPng(pictureSvg(picture, { theme }))
      expect(png.length).toBeLessThanOrEqual(100_000)
      expect(sizeOf(png)[0]).toBeGreaterThanOrEqual(760)
    }
  },
)

test('labels are drawn: the font is there', async () => {
  const svg = pictureSvg(pictures.plan, { theme: 'light' })
  const bare = svg.replace(/<text .*?<\/text>/g, '')
  expect((await drawPng(svg)).length).toBeGreaterThan((await drawPng(bare)).length + 10_000)
})

test('what cannot be drawn is a sentence, not a crash', async () => {
  await expect(drawPng('<svg')).rejects.toThrow()
  const noise = Array.from({ length: 12_000 }, (_, index) => {
    const colour = (index * 2_654_435_761) % 0xffffff
    return `<rect x="${index % 110}" y="${Math.floor(index / 110)}" width="1" height="1" fill="#${colour.toString(16).padStart(6, '0')}"/>`
  })
  const size = 'width="1100" height="1100" viewBox="0 0 110 110" shape-rendering="geometricPrecision"'
  const blurred = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><g transform="rotate(7)">${noise.join('')}</g></svg>`
  await expect(drawPng(blurred)).rejects.toThrow('The picture would take more than 100 kB.')
})
