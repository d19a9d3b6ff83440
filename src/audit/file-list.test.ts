/** Packed files come back as they were. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Content, FileEntry } from '../disk/types.ts';
import { FileList } from './file-list.ts';

const offset = fc.maxSafeNat();
const run = fc.record({ fileOffset: fc.constantFrom(0, 0, 4096), deviceOffset: offset, length: fc.nat(2 ** 40) });
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.constant({ is: 'nothing' as const }),
  run.map((one) => ({ is: 'runs' as const, first: one.deviceOffset, extents: [one] })),
  fc
    .tuple(offset, fc.array(run, { maxLength: 3 }))
    .map(([first, extents]) => ({ is: 'runs' as const, first, extents })),
  offset.map((first) => ({ is: 'tree' as const, first })),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => ({ is: 'inline' as const, bytes })),
);
const name = fc.oneof(
  fc.constantFrom('a', 'passwd', 'é', '\\xff', 'n'.repeat(255), '語'.repeat(255)),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).map((text) => text.replaceAll('/', '_')),
);
const u32 = fc.nat(2 ** 32 - 1);
const entry: fc.Arbitrary<FileEntry> = fc
  .record({
    path: fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`),
    type: fc.constant('file' as const),
    inode: offset,
    size: offset,
    mode: fc.nat(65_535),
    ...{ uid: u32, gid: u32, links: u32 },
    mtimeMs: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((ms) => !Object.is(ms, -0)),
    firstPhysical: fc.oneof(fc.constant(-1), offset),
    content,
  })
  .chain((plain) => fc.constantFrom(plain, plain, { ...plain, pathBytes: Buffer.from('/x') }));

test('a list gives back what was added', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
      const list = new FileList();
      expect(entries.map((one) => list.add(one))).toEqual(entries.map((_, i) => i));
      expect(entries.map((_, i) => list.at(i))).toEqual(entries);
      expect([list.at(-1), list.at(entries.length)]).toEqual([undefined, undefined]);
    }),
  );
});

test('beyond one allocation of rows and of names', () => {
  const list = new FileList();
  const [plain] = fc.sample(entry, { numRuns: 1, seed: 7 });
  const entryOf = (i: number): FileEntry => ({
    ...(plain as FileEntry),
    path: `/f${i % 3}/${'é'.repeat(i % 100)}${i}`,
  });
  for (let i = 0; i < 10_000; i += 1) list.add(entryOf(i));
  for (const i of [0, 1, 4095, 4096, 9999]) expect(list.at(i)).toEqual(entryOf(i));
});
