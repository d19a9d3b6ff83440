import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noticeText } from './notice.ts';

const lists = fc.record({
  failed: fc.array(fc.string({ unit: 'binary' }), { maxLength: 60 }),
  notStarted: fc.array(fc.string(), { maxLength: 60 }),
});

test('a notice fits, keeps the beginnings of its lists and counts what it leaves out', () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 200, max: 2_000 }), ({ failed, notStarted }, bytesMax) => {
      const text = noticeText({ delivery: 'd' }, { event: 'failed', run: 'r', failed, notStarted }, bytesMax);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax);
      const read = JSON.parse(text);
      expect(read).toMatchObject({ version: 1, delivery: 'd', event: 'failed', run: 'r' });
      for (const [name, list] of Object.entries({ failed, notStarted })) {
        expect(JSON.stringify(list.slice(0, read[name].length))).toBe(JSON.stringify(read[name]));
        expect(read[name].length + (read.omitted?.[name] ?? 0)).toBe(list.length);
      }
    }),
  );
});
