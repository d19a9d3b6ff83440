/** Times as AWS writes them. */
const KEPT = 4096;
const texts = new Map<number, string>();

/** EC2 writes times in texts as `2026-11-24T03:00:00.000Z`. Lists hold the same few moments again and again. */
export function iso(ms: number): string {
  const there = texts.get(ms);
  if (there !== undefined) return there;
  if (texts.size >= KEPT) texts.clear();
  const text = new Date(ms).toISOString();
  texts.set(ms, text);
  return text;
}
