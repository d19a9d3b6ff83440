/**
 * The product with one of its safeguards taken out, each a change of one place in `src/`. The simulation must find every one
 * of them: a test that lets a broken product pass proves nothing of a sound one.
 *
 * Not among them is what something else stands in for, so that nobody is harmed without it: client tokens of copies (names of
 * images are unique in a place), the wait for the check of a copy (EC2 shares no image that is not available), the look at a
 * failed copy (it cannot be shared either), closing a builder's copy at once (the next run closes it).
 *
 * Where a seed draws something else one day: `AMIPORT_MUTANT=N node --import ./test/sim/mutate.ts scripts/simulate.ts --first`.
 */
export interface Mutant {
  /** What the product does no longer. */
  readonly without: string;
  /** Below `src/`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What finds it: the life of a delivery of this seed, or a rotation among launches. */
  readonly found: { readonly by: 'delivery' | 'rotation'; readonly seed: number };
}

export const MUTANTS: readonly Mutant[] = [
  {
    without: 'the encryption of copies under the key that was asked for',
    file: 'aws/act-images.ts',
    find: '...(want.kmsKeyId === undefined ? {} : { Encrypted: true, KmsKeyId: want.kmsKeyId }),',
    replace: '...(want.kmsKeyId === undefined ? {} : { Encrypted: true }),',
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'the tags of copies',
    file: 'aws/act-images.ts',
    find: "          { ResourceType: 'snapshot', Tags: tags },\n",
    replace: '',
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'the tags of keys',
    file: 'aws/act-keys.ts',
    find: '            Policy: want.policy,\n            Tags: kmsTagList(want.tags),\n          }),\n        ),\n      );\n      return answer.ok',
    replace: '            Policy: want.policy,\n          }),\n        ),\n      );\n      return answer.ok',
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'the wait until a copy is complete',
    file: 'app/copies.ts',
    find: "if (image.state !== 'available' || !behind.every((s) => s?.state === 'completed'))",
    replace: 'if (false)',
    found: { by: 'delivery', seed: 7 },
  },
  {
    without: 'the proof before an image is shared',
    file: 'plan/image-steps.ts',
    find: 'needs: [`prove:${image.name}:${version}:${region}`],',
    replace: 'needs: [...copy.ready],',
    found: { by: 'delivery', seed: 42 },
  },
  {
    without: 'the wait until grants and policies count everywhere',
    file: 'app/proving.ts',
    find: "if (untilMs <= nowMs) return { is: 'done', says };",
    replace: "if (untilMs >= 0) return { is: 'done', says };",
    found: { by: 'delivery', seed: 260 },
  },
  {
    without: 'the client token of launch template versions',
    file: 'aws/act-pointers.ts',
    find: '            ClientToken: tokenOf(want, mappings.value),\n',
    replace: '',
    found: { by: 'delivery', seed: 117 },
  },
  {
    without: 'the order of sharing before pointing',
    file: 'plan/pointer-steps.ts',
    find: ': d.planned(sharedStep(image.name, version, region), checkStep(image.name, version, region));',
    replace: ': d.planned(`copy-image:${image.name}:${version}:${region}`);',
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'the canary before a pointer moves',
    file: 'plan/pointer-steps.ts',
    find: 'if (!image.publish.canary) return delivered;',
    replace: 'if (delivered.length >= 0) return delivered;',
    found: { by: 'delivery', seed: 3 },
  },
  {
    without: "others' statements of a key policy",
    file: 'plan/access.ts',
    find: 'const kept = all.flatMap((s) => (isOwnStatement(s, a.delivery) ? (own.get(s.Sid) ?? []) : s));',
    replace: 'const kept = all.flatMap((s) => own.get(s.Sid) ?? []);',
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'the names by which its own grants are known',
    file: 'plan/withdraw-access.ts',
    find: 'if (!grant.name?.startsWith(`amiport/${d.want.name}/`) || wanted(d, region, grant)) continue;',
    replace: 'if (wanted(d, region, grant)) continue;',
    found: { by: 'delivery', seed: 7 },
  },
  {
    without: 'the order by which what replaces a former way comes first',
    file: 'plan/withdraw-steps.ts',
    find: '  return steps.map((s) => s.id);',
    replace: '  return steps.length < 0 ? [] : [];',
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'taking permissions back from accounts that left',
    file: 'plan/withdraw-steps.ts',
    find: 'if (extra.length + units.length + doubled.length === 0) continue;',
    replace: 'if (extra.length + units.length + doubled.length >= 0) continue;',
    found: { by: 'delivery', seed: 5 },
  },
  {
    without: 'clearing away copies that failed',
    file: 'plan/withdraw-steps.ts',
    find: '  withdrawFailed(d);\n',
    replace: '',
    found: { by: 'delivery', seed: 3 },
  },
  {
    without: 'the key of the very Region',
    file: 'plan/key-steps.ts',
    find: 'const seen = d.seen.builder.get(region)?.key;\n  return',
    replace: 'const seen = d.seen.builder.get(d.want.builder.region)?.key;\n  return',
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'turning encryption by default off where images stay unencrypted',
    file: 'plan/image-steps.ts',
    find: "if (on?.is !== 'known' || !on.value) continue;",
    replace: "if (on?.is !== 'unreadable') continue;",
    found: { by: 'delivery', seed: 1 },
  },
  {
    without: 'the census before an old image is closed',
    file: 'rotate/steps.ts',
    find: 'const pins = found?.is',
    replace: "const pins = found?.is === 'absent' ? [] : [].length === 0 ? [] : found?.is",
    found: { by: 'rotation', seed: 3 },
  },
  {
    without: 'everything delivered anew before old images are closed',
    file: 'rotate/rotation.ts',
    find: "  if (q.undelivered) return 'deliver';\n",
    replace: '',
    found: { by: 'rotation', seed: 3 },
  },
  {
    without: 'the wish before a key is disabled first',
    file: 'rotate/rotation.ts',
    find: 'if (q.contain && keys.some(isUsable))',
    replace: 'if (keys.some(isUsable))',
    found: { by: 'rotation', seed: 3 },
  },
];
