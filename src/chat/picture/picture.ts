/** A picture as a value. It is small enough for an outbox row, and is drawn when it is delivered or opened. */

import type { PlanForecast } from '../../core/forecast/plan-forecast.ts'
import type { Outcome } from '../../core/outcome.ts'
import { oneLine, shorten } from '../visible.ts'
import type { Theme } from './drawing.ts'
import { type LoadWeek, loadPicture, loadWords } from './load-picture.ts'
import { outcomePicture, outcomeWords } from './outcome-picture.ts'
import { planPicture, planWords } from './plan-picture.ts'

export type Picture =
  /** `timeZone`: IANA zone for readers without a zone of their own. */
  | { readonly kind: 'plan'; readonly forecast: PlanForecast; readonly timeZone: string }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'load'; readonly load: LoadWeek }

export interface Look {
  readonly theme: Theme
  /** The reader's own zone. */
  readonly timeZone?: string
}

/** Limit for the alternative text, in characters. Slack and Discord accept a little more. */
const ALT = 950

export function pictureSvg(picture: Picture, { theme, timeZone }: Look): string {
  switch (picture.kind) {
    case 'plan':
      return planPicture(picture.forecast, timeZone ?? picture.timeZone, theme)
    case 'outcome':
      return outcomePicture(picture.outcome, theme)
    case 'load':
      return loadPicture(picture.load, theme)
  }
}

/** The content of the picture in words, for people who cannot see it. */
export function pictureAlt(picture: Picture, timeZone?: string): string {
  return shorten(oneLine(pictureWords(picture, timeZone)), ALT)
}

function pictureWords(picture: Picture, timeZone?: string): string {
  switch (picture.kind) {
    case 'plan':
      return planWords(picture.forecast, timeZone ?? picture.timeZone)
    case 'outcome':
      return outcomeWords(picture.outcome)
    case 'load':
      return loadWords(picture.load)
  }
}
