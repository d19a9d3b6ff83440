/** Three-valued truth: yes, no, or unknown with the names of what is absent. */
export type Tri = true | false | readonly string[];

export const isUnknown = (t: Tri): t is readonly string[] => typeof t !== 'boolean';

export function allOf(...parts: readonly Tri[]): Tri {
  const absent: string[] = [];
  for (const part of parts) {
    if (part === false) return false;
    if (isUnknown(part)) absent.push(...part);
  }
  return absent.length > 0 ? absent : true;
}

export function anyOf(...parts: readonly Tri[]): Tri {
  const absent: string[] = [];
  for (const part of parts) {
    if (part === true) return true;
    if (isUnknown(part)) absent.push(...part);
  }
  return absent.length > 0 ? absent : false;
}
