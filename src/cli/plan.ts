import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { IANAZone } from 'luxon'
import { detailLines, planDetail } from '../chat/details.ts'
import { type Picture, pictureSvg } from '../chat/picture/picture.ts'
import { startLines } from '../chat/start-lines.ts'
import { timeZoneFor } from '../config/resolve.ts'
import { errorText } from '../core/error-text.ts'
import { drawPng } from '../integrations/picture/index.ts'
import { freezesOf } from '../workflow/commands/context.ts'
import { plannedStarts } from '../workflow/planned-starts.ts'
import { BadUse } from './failure.ts'
import { print, printJson } from './print.ts'
import { theProposal } from './the-proposal.ts'
import { withService } from './with-service.ts'

interface PlanOptions {
  readonly zone?: string
  readonly picture?: string
  readonly json?: boolean
}

export function planCommand(program: Command): void {
  program
    .command('plan <proposal>')
    .description('rings, batches, windows, when each would run, and the exact transaction: what would run where')
    .option('--zone <zone>', "time zone of what is printed and drawn (default: the team's)")
    .option('--picture <file>', 'draw it, too, as .svg or .png')
    .option('--json', 'print JSON')
    .action(async (id: string, { zone, picture: file, json }: PlanOptions) => {
      if (zone !== undefined && !IANAZone.isValidZone(zone))
        throw new BadUse(`There is no time zone "${zone}"; write it as Europe/Berlin.`)
      if (file !== undefined && !['.svg', '.png'].includes(path.extname(file)))
        throw new BadUse(`"${file}" does not say what to draw; let it end in .svg or .png.`)
      await withService(program, async (service) => {
        const state = await theProposal(service, id)
        if (state.subject.kind !== 'patches')
          throw new BadUse(`${state.id} asks for a standing approval; it has no plan of its own.`)
        const now = new Date().toISOString()
        const freezes = await freezesOf(service.database.db, service.parts, state.team, now)
        const estimates = await service.workflow.estimates(service.database.db, state.team, state.subject)
        const detail = planDetail(state, state.subject, freezes, now, estimates)
        const timeZone = zone ?? timeZoneFor(service.config, state.team)
        const { picture } = detail
        if (file !== undefined && picture !== undefined) await draw(picture, file, timeZone)
        const forecast = picture?.kind === 'plan' ? picture.forecast : null
        const { signal } = new AbortController()
        const { db } = service.database
        const starts = await plannedStarts({ db, engines: service.parts.engines }, state, forecast, signal)
        if (json) return printJson({ ...state.subject, forecast, starts })
        print([...detailLines(detail, timeZone), ...starts.flatMap((start) => ['', ...startLines(start, timeZone)])])
      })
    })
}

async function draw(picture: Picture, file: string, timeZone: string): Promise<void> {
  const svg = pictureSvg(picture, { theme: 'light', timeZone })
  try {
    await writeFile(file, path.extname(file) === '.png' ? await drawPng(svg) : svg)
  } catch (error) {
    throw new BadUse(`The picture cannot be written to ${file}: ${errorText(error)}`)
  }
}
