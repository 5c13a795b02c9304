/**
 * Modals: title, labels and what may be asked for.
 * Discord: interactions/receiving-and-responding#interaction-response-object-modal, components/reference (Label, Text
 * Input, Radio Group, Checkbox Group, Checkbox, File Upload).
 */

import { checkOptions, checkSelect, checkUnique } from './components.ts'
import { child, choice, type Form, forms, integer, text, wrong } from './form.ts'
import { asNumber } from './json.ts'

const labelled = [3, 4, 5, 6, 7, 8, 19, 21, 22, 23]

/** @param data the `data` of a type 9 callback */
export function checkModal(data: Form): void {
  text(data, 'custom_id', { min: 1, max: 100, required: true })
  text(data, 'title', { min: 1, max: 45, required: true })
  const top = forms(data, 'components', { min: 1, max: 5, required: true })
  for (const component of top) {
    const type = asNumber(component.value.type)
    if (type === 1) checkRow(component)
    else if (type === 10) text(component, 'content', { min: 1, max: 4000, required: true })
    else if (type === 18) checkLabel(component)
    else wrong(component, '', 'UNION_TYPE_CHOICES', 'Value of field "type" must be one of (1, 10, 18).')
  }
  checkUnique(top)
}

/** The old form: a row with one text input that carries its own label. */
function checkRow(row: Form): void {
  for (const input of forms(row, 'components', { min: 1, max: 1, required: true })) {
    if (input.value.type !== 4) wrong(input, '', 'UNION_TYPE_CHOICES', 'Value of field "type" must be one of (4,).')
    else checkInput(input)
    text(input, 'label', { min: 1, max: 45, required: true })
  }
}

function checkLabel(label: Form): void {
  text(label, 'label', { min: 1, max: 45, required: true })
  text(label, 'description', { min: 1, max: 100 })
  const inner = child(label, 'component', true)
  if (!inner) return
  const type = asNumber(inner.value.type)
  if (!labelled.includes(type)) {
    wrong(inner, '', 'UNION_TYPE_CHOICES', `Value of field "type" must be one of (${labelled.join(', ')}).`)
    return
  }
  if (type === 4) {
    checkInput(inner)
    if (inner.value.label !== undefined && inner.value.label !== null)
      wrong(inner, 'label', 'TEXT_INPUT_LABEL_IN_LABEL', 'A text input in a label cannot have a label of its own')
    return
  }
  if ([3, 5, 6, 7, 8].includes(type)) {
    checkSelect(inner, 'modal')
    return
  }
  text(inner, 'custom_id', { min: 1, max: 100, required: true })
  if (type === 21) checkOptions(forms(inner, 'options', { min: 2, max: 10, required: true }))
  if (type === 22) checkOptions(forms(inner, 'options', { min: 1, max: 10, required: true }))
  if (type === 19 || type === 22) {
    integer(inner, 'min_values', { min: 0, max: 10 })
    integer(inner, 'max_values', { min: 1, max: 10 })
  }
}

function checkInput(input: Form): void {
  text(input, 'custom_id', { min: 1, max: 100, required: true })
  choice(input, 'style', [1, 2])
  const min = integer(input, 'min_length', { min: 0, max: 4000 })
  const max = integer(input, 'max_length', { min: 1, max: 4000 })
  if (min !== undefined && max !== undefined && min > max)
    wrong(input, 'min_length', 'TEXT_INPUT_MIN_LENGTH_TOO_LARGE', 'Cannot be above max_length')
  const value = text(input, 'value', { max: 4000 })
  if (value !== undefined && value.length > (max ?? 4000))
    wrong(input, 'value', 'BASE_TYPE_MAX_LENGTH', `Must be ${max ?? 4000} or fewer in length.`)
  text(input, 'placeholder', { max: 100 })
}
