/** What streams begin with: one for all of them, since there is one for every file. */
export const NO_BYTES = Buffer.alloc(0);
