/** Effects of a rotation on the keys themselves. What is so already counts as done. */
export type KeyEffect =
  /** Says on the key itself where its rotation is (`model/leaked.ts`). */
  | { readonly do: 'tag-key'; readonly key: string; readonly tags: Readonly<Record<string, string>> }
  | { readonly do: 'untag-key'; readonly key: string; readonly tagKeys: readonly string[] }
  /** New key material for what is encrypted from now on; it is there when KMS lists it. */
  | { readonly do: 'rotate-key-on-demand'; readonly key: string }
  /** Nothing under it can be read, launched or started until it is enabled again. */
  | { readonly do: 'disable-key'; readonly key: string }
  | { readonly do: 'enable-key'; readonly key: string }
  /** After the waiting period nothing under it can ever be read again. */
  | { readonly do: 'schedule-key-deletion'; readonly key: string; readonly pendingWindowInDays: number };

const KEY_EFFECTS: ReadonlySet<string> = new Set<KeyEffect['do']>([
  'tag-key',
  'untag-key',
  'rotate-key-on-demand',
  'disable-key',
  'enable-key',
  'schedule-key-deletion',
]);

export const isKeyEffect = <T extends { readonly do: string }>(step: T): step is Extract<T, KeyEffect> =>
  KEY_EFFECTS.has(step.do);
