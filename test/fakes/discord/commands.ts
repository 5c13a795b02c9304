/**
 * Application commands: names, options, choices, counts.
 * Discord: interactions/application-commands (object, option and choice structure, naming, registering).
 */

import { refuse } from './api-error.ts'
import { choice, type Form, form, formErrors, forms, integer, text, wrong, yes } from './form.ts'
import { asNumber, asText, type Json, objects } from './json.ts'

const chatName = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u
const perType: Readonly<Record<number, number>> = { 1: 100, 2: 15, 3: 15 }

/** The whole list of a bulk overwrite. */
export function checkCommandList(body: unknown): readonly Json[] {
  const errors = formErrors()
  if (!Array.isArray(body)) {
    errors.add([], 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType')
    errors.check()
    return []
  }
  const seen = new Set<string>()
  const counts = new Map<number, number>()
  body.forEach((value, index) => {
    const command = form(value, [index], errors)
    checkCommand(command)
    const type = asNumber(command.value.type) || 1
    const key = `${type} ${asText(command.value.name)}`
    if (seen.has(key))
      wrong(command, 'name', 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique')
    seen.add(key)
    counts.set(type, (counts.get(type) ?? 0) + 1)
  })
  errors.check()
  for (const [type, count] of counts) if (count > (perType[type] ?? 0)) throw refuse('tooManyCommands')
  return objects(body)
}

export function checkCommand(command: Form): void {
  const type = choice(command, 'type', [1, 2, 3], false) ?? 1
  const name = text(command, 'name', { min: 1, max: 32, required: true })
  if (type === 1) checkName(command, name)
  text(command, 'description', type === 1 ? { min: 1, max: 100, required: true } : { max: 0 })
  yes(command, 'nsfw')
  if (type !== 1) return
  checkOptions(command, 0)
  if (size(command.value) > 8000)
    wrong(command, '', 'APPLICATION_COMMAND_TOO_LARGE', 'Command exceeds maximum size (8000)')
}

function checkName(at: Form, name: string | undefined): void {
  if (name === undefined || name === '') return
  if (!chatName.test(name) || name !== name.toLowerCase())
    wrong(at, 'name', 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid')
}

/** @param depth 0 in a command, 1 in a group, 2 in a subcommand */
function checkOptions(at: Form, depth: number): void {
  const names = new Set<string>()
  let optional = false
  for (const option of forms(at, 'options', { max: 25 })) {
    const type = integer(option, 'type', { required: true })
    const name = text(option, 'name', { min: 1, max: 32, required: true })
    checkName(option, name)
    text(option, 'description', { min: 1, max: 100, required: true })
    if (name !== undefined && names.has(name))
      wrong(option, '', 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS', 'Option name already exists')
    if (name !== undefined) names.add(name)
    if (type === 1 && depth < 2) checkOptions(option, 2)
    else if (type === 2 && depth === 0) checkOptions(option, 1)
    else if (type === undefined || type < 3 || type > 11 || depth === 1)
      wrong(option, 'type', 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'Sub-command option type is invalid')
    else {
      checkValueOption(option, type)
      if (option.value.required === true && optional)
        wrong(
          option,
          '',
          'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
          'Required options must be placed before non-required options',
        )
      if (option.value.required !== true) optional = true
    }
  }
  const kinds = new Set(objects(at.value.options).map((option) => asNumber(option.type) < 3))
  if (kinds.size > 1)
    wrong(at, 'options', 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'Sub-commands and options cannot be mixed')
}

function checkValueOption(option: Form, type: number): void {
  const choices = forms(option, 'choices', { max: 25 })
  const autocomplete = yes(option, 'autocomplete') === true
  if (autocomplete && (choices.length > 0 || ![3, 4, 10].includes(type)))
    wrong(
      option,
      'autocomplete',
      'APPLICATION_COMMAND_AUTOCOMPLETE_INVALID',
      'Cannot be used with choices or this type',
    )
  if (choices.length > 0 && ![3, 4, 10].includes(type))
    wrong(option, 'choices', 'APPLICATION_COMMAND_CHOICES_INVALID', 'Choices are for strings and numbers')
  for (const item of choices) checkChoice(item, type)
  if (type === 3) {
    integer(option, 'min_length', { min: 0, max: 6000 })
    integer(option, 'max_length', { min: 1, max: 6000 })
  }
}

/** A choice, of a command option or of an autocomplete answer. */
export function checkChoice(item: Form, type: number): void {
  text(item, 'name', { min: 1, max: 100, required: true })
  if (type === 3) text(item, 'value', { max: 100, required: true })
  else if (typeof item.value.value !== 'number') wrong(item, 'value', 'NUMBER_TYPE_COERCE', 'Value is not a number.')
}

/** Characters of all names, descriptions and string values of a command. */
function size(at: Json): number {
  let sum = asText(at.name).length + asText(at.description).length + asText(at.value).length
  for (const inner of [...objects(at.options), ...objects(at.choices)]) sum += size(inner)
  return sum
}
