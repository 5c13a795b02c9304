import { createRequire } from 'node:module'
import { renderAsync } from '@resvg/resvg-js'

/** Chat platforms accept larger pictures. But if one of our pictures is larger, something is wrong with it. */
const PNG_BYTES = 100_000
/** The picture is drawn larger, so that it is sharp on a telephone. */
const SCALES = [2, 1.5, 1] as const

const require = createRequire(import.meta.url)
/** Without a font file, all labels would be missing, and no error would be reported. */
const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
  require.resolve(`dejavu-fonts-ttf/ttf/${name}`),
)

/** Draws one of our SVGs as a PNG of at most 100 kB. Throws a sentence. */
export async function drawPng(svg: string): Promise<Buffer> {
  for (const scale of SCALES) {
    const image = await renderAsync(svg, {
      font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' },
      fitTo: { mode: 'zoom', value: scale },
    })
    const png = image.asPng()
    if (png.length <= PNG_BYTES) return png
  }
  throw new Error(`The picture would take more than ${PNG_BYTES / 1_000} kB.`)
}
