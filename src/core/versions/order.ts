/** -1: the first version is older; 1: it is newer; 0: both are the same version, even if written differently. */
export type Order = -1 | 0 | 1
