/** -1: the first is older; 1: it is newer; 0: they are the same version, however written. */
export type Order = -1 | 0 | 1
