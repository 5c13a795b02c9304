type Present<T> = { [Key in keyof T]?: NonNullable<T[Key]> }

/** A copy without the members that are null or undefined. */
export function present<T extends object>(value: T): Present<T>
export function present(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null && member !== undefined))
}
