/** A sentence for the person who started the program: what is wrong and how to mend it. No stack is shown. */
export class Refusal extends Error {}

/** Whether a failure means that we may not write here. */
export function isReadOnly(error) {
  return ['EACCES', 'EPERM', 'EROFS'].includes(error?.code)
}
