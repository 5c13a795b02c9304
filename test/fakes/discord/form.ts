/**
 * Reading a request body field by field, noting what is wrong with each: 50035 "Invalid Form Body" with its nested
 * `errors`. Lengths are UTF-16 units: Discord counts characters, so this is never the more generous of the two.
 * Discord: reference#error-messages.
 */

import { ApiError } from './api-error.ts'
import { isObject, type Json } from './json.ts'

type Path = readonly (string | number)[]

export interface FormErrors {
  readonly add: (path: Path, code: string, message: string) => void
  /** Throws 50035 when anything was added. */
  readonly check: () => void
}

/** An object of the body and where in the body it is. */
export interface Form {
  readonly value: Json
  readonly path: Path
  readonly errors: FormErrors
}

interface Bounds {
  readonly min?: number
  readonly max?: number
  readonly required?: boolean
}

export function formErrors(): FormErrors {
  const root: Json = {}
  let count = 0
  return {
    add: (path, code, message) => {
      count += 1
      let place = root
      for (const step of path) {
        const next = place[String(step)]
        const inner = isObject(next) ? next : {}
        place[String(step)] = inner
        place = inner
      }
      const noted = Array.isArray(place._errors) ? place._errors : []
      place._errors = [...noted, { code, message }]
    },
    check: () => {
      if (count > 0) throw new ApiError(400, { message: 'Invalid Form Body', code: 50035, errors: root })
    },
  }
}

export function form(value: unknown, path: Path, errors: FormErrors): Form {
  if (!isObject(value)) errors.add(path, 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType')
  return { value: isObject(value) ? value : {}, path, errors }
}

export function wrong(at: Form, key: string, code: string, message: string): void {
  at.errors.add(key === '' ? at.path : [...at.path, key], code, message)
}

function absent(at: Form, key: string, required: boolean | undefined): boolean {
  const value = at.value[key]
  if (value !== undefined && value !== null) return false
  if (required) wrong(at, key, 'BASE_TYPE_REQUIRED', 'This field is required')
  return true
}

function checkLength(at: Form, key: string, length: number, bounds: Bounds): void {
  const { min = 0, max = Number.POSITIVE_INFINITY } = bounds
  if (length >= min && length <= max) return
  if (min > 0 && max < Number.POSITIVE_INFINITY)
    wrong(at, key, 'BASE_TYPE_BAD_LENGTH', `Must be between ${min} and ${max} in length.`)
  else if (length > max) wrong(at, key, 'BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`)
  else wrong(at, key, 'BASE_TYPE_MIN_LENGTH', `Must be at least ${min} in length.`)
}

export function text(at: Form, key: string, bounds: Bounds): string | undefined {
  if (absent(at, key, bounds.required)) return undefined
  const value = at.value[key]
  if (typeof value !== 'string') {
    wrong(at, key, 'STRING_TYPE_CONVERT', 'Could not interpret value as string.')
    return undefined
  }
  checkLength(at, key, value.length, bounds)
  return value
}

export function integer(at: Form, key: string, bounds: Bounds): number | undefined {
  if (absent(at, key, bounds.required)) return undefined
  const value = Number(at.value[key])
  if (!Number.isInteger(value) || typeof at.value[key] === 'boolean') {
    wrong(at, key, 'NUMBER_TYPE_COERCE', 'Value is not int.')
    return undefined
  }
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds
  if (value < min) wrong(at, key, 'NUMBER_TYPE_MIN', `int value should be greater than or equal to ${min}.`)
  if (value > max) wrong(at, key, 'NUMBER_TYPE_MAX', `int value should be less than or equal to ${max}.`)
  return value
}

/** One of a few numbers. */
export function choice(at: Form, key: string, choices: readonly number[], required = true): number | undefined {
  const value = integer(at, key, { required })
  if (value !== undefined && !choices.includes(value))
    wrong(at, key, 'BASE_TYPE_CHOICES', `Value must be one of {${choices.join(', ')}}.`)
  return value
}

export function yes(at: Form, key: string): boolean | undefined {
  const value = at.value[key]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'boolean') wrong(at, key, 'BOOLEAN_TYPE_CONVERT', 'Must be either true or false.')
  return value === true
}

/** A list of objects. */
export function forms(at: Form, key: string, bounds: Bounds): readonly Form[] {
  const values = list(at, key, bounds)
  return values.map((value, index) => form(value, [...at.path, key, index], at.errors))
}

export function list(at: Form, key: string, bounds: Bounds): readonly unknown[] {
  if (absent(at, key, bounds.required)) return []
  const value = at.value[key]
  if (!Array.isArray(value)) {
    wrong(at, key, 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType')
    return []
  }
  checkLength(at, key, value.length, bounds)
  return value
}

export function child(at: Form, key: string, required: boolean): Form | undefined {
  if (absent(at, key, required)) return undefined
  return form(at.value[key], [...at.path, key], at.errors)
}
