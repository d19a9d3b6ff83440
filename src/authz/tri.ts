/** Three-valued truth: yes, no, or unknown with the names of what is absent. */
export type Tri = true | false | readonly string[];

export const isUnknown = (t: Tri): t is readonly string[] => typeof t !== 'boolean';

export function both(a: Tri, b: Tri): Tri {
  if (a === true) return b;
  if (b === true || a === false) return a;
  return b === false ? false : [...a, ...b];
}

export function either(a: Tri, b: Tri): Tri {
  if (a === false) return b;
  if (b === false || a === true) return a;
  return b === true ? true : [...a, ...b];
}
