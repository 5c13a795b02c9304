import { type APIModalInteractionResponseCallbackData, ComponentType, TextInputStyle } from 'discord.js'
import { actions, type Question, questionsOf } from '../actions.ts'
import { consequenceOf } from '../consequence.ts'
import type { Dialog } from '../interaction.ts'

/** The dialog of an action, with a field for each of its questions. */
export function askModal({
  action,
  proposal,
  revision,
  until,
  confirm,
}: Omit<Dialog, 'title' | 'owners'>): APIModalInteractionResponseCallbackData {
  const { label } = actions[action]
  const questions = questionsOf(action)
  // A dialog must hold something, also where what was to be asked is over by now.
  const will = consequenceOf(action, proposal) ?? confirm ?? (questions.length === 0 ? `${label} now?` : null)
  return {
    custom_id: `pw-ask:${action}:${proposal}:${revision}`,
    title: `${label.replace('…', '')} ${proposal}`.slice(0, 45),
    components: [
      ...(will === null ? [] : [{ type: ComponentType.TextDisplay as const, content: will }]),
      ...fieldsOf(questions, until),
    ],
  }
}

/** A field for each question. `until`: the date that the form suggests. */
export function fieldsOf(questions: readonly Question[], until: string) {
  return questions.map((question) => fieldOf(question, until))
}

function fieldOf({ ask, label, required }: Question, until: string) {
  switch (ask) {
    case 'reason': {
      const style = TextInputStyle.Paragraph
      return input(ask, `${label} (everybody can read it)`, { style, max_length: 2_000, required })
    }
    case 'until':
      return input(ask, label, { value: until, min_length: 10, max_length: 10, required })
    case 'asset':
      return input(ask, label, { max_length: 200, required })
    case 'person':
      return input(ask, label, { max_length: 60, required })
    case 'owner':
      return input(ask, required ? label : `${label} (left empty: you)`, { max_length: 60, required })
  }
}

interface More {
  readonly style?: TextInputStyle
  readonly value?: string
  readonly min_length?: number
  readonly max_length: number
  readonly required: boolean
}

function input(id: string, label: string, more: More) {
  const field = { type: ComponentType.TextInput as const, custom_id: id, label, style: TextInputStyle.Short, ...more }
  return { type: ComponentType.ActionRow as const, components: [field] }
}
