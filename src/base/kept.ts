/** Work done once for an object, and found again as long as the object lives. */
export function kept<K extends object, V>(make: (of: K) => V): (of: K) => V {
  const made = new WeakMap<K, V>();
  return (of) => {
    const there = made.get(of);
    if (there !== undefined) return there;
    const value = make(of);
    made.set(of, value);
    return value;
  };
}
