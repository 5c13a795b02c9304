interface SyntaxSentence {
  readonly what: string
  readonly mend: string
}

const indent = {
  what: 'has a line whose indentation does not fit',
  mend: 'Indent with two spaces a level, and keys of one group equally.',
}
const stray = { what: 'has a sign here that YAML does not expect', mend: 'Put text with special signs in quotes.' }
const tag = { what: 'has a tag such as !name, which is not read here', mend: 'Write the plain value.' }

const properties = {
  what: 'has an anchor (&name) or a tag (!name) in a place where none can stand',
  mend: 'Leave it out, or put text that begins with & or ! in quotes.',
}

/** By the codes of the parser. Where it is called, the compiler sees that none of them is missing. */
const sentences = {
  TAB_AS_INDENT: { what: 'is indented with a tab here', mend: 'Indent with spaces.' },
  BAD_INDENT: indent,
  BLOCK_AS_IMPLICIT_KEY: {
    what: 'has two keys on one line, or a colon in plain text',
    mend: 'Put each key on its own line, and text with a colon in quotes.',
  },
  MULTILINE_IMPLICIT_KEY: {
    what: 'has a line here without a colon, or text over several lines',
    mend: 'Write "key: value", and text in quotes.',
  },
  MISSING_CHAR: {
    what: 'misses a sign here: a quote, a bracket, a comma or a colon',
    mend: 'Close what was opened, write "key: value", and separate entries with commas.',
  },
  BAD_SCALAR_START: {
    what: 'has text here that begins with a special sign',
    mend: 'Put text that begins with @, `, %, & or * in quotes.',
  },
  BAD_DQ_ESCAPE: {
    what: 'has a backslash in double quotes that means nothing',
    mend: 'Write two backslashes, or use single quotes.',
  },
  BLOCK_IN_FLOW: { what: 'has an indented block inside [ ] or { }', mend: 'Separate entries there with commas.' },
  MULTIPLE_DOCS: { what: 'holds a second document after "---"', mend: 'Keep everything in one document.' },
  BAD_ALIAS: { what: 'has a "*" here that is not an alias', mend: 'Put text that begins with * in quotes.' },
  BAD_DIRECTIVE: { what: 'has a line that begins with %', mend: 'Leave it out, or put the text in quotes.' },
  KEY_OVER_1024_CHARS: { what: 'has a key of more than 1024 characters', mend: 'Is a colon or a quote missing?' },
  ALIAS_PROPS: properties,
  BAD_PROP_ORDER: properties,
  MULTIPLE_ANCHORS: properties,
  DUPLICATE_KEY: { what: 'has a key here that is there already', mend: 'Write each key once.' },
  NON_STRING_KEY: { what: 'has a key that is not text', mend: 'Write each key as text.' },
  RESOURCE_EXHAUSTION: { what: 'is nested too deep to be read', mend: 'Write it flatter.' },
  UNEXPECTED_TOKEN: stray,
  IMPOSSIBLE: stray,
  TAG_RESOLVE_FAILED: tag,
  MULTIPLE_TAGS: tag,
  BAD_COLLECTION_TYPE: tag,
} satisfies Readonly<Record<string, SyntaxSentence>>

/** Explains a syntax error to somebody who does not know YAML well. */
export function describeSyntaxError(code: keyof typeof sentences): SyntaxSentence {
  return sentences[code]
}
