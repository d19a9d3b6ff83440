/** EC2 writes times in texts as `2026-11-24T03:00:00.000Z`. */
export const iso = (ms: number): string => new Date(ms).toISOString();
