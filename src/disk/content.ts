/** The content of a file as a stream of pieces in logical order: bytes of its runs, zeros between them. */
import { reason } from '../base/outcome.ts';
import { type ProblemCount, unreadableIf } from './fault.ts';
import type { Device, Extent, Piece } from './types.ts';

/**
 * @param runs in logical order; one that goes back is an error of the file, and ends it. A list costs less than a stream
 * @param size nothing is yielded beyond it. Cost: one piece a run and block, zeros of any length are one piece
 */
export async function* contentOf(
  device: Device,
  runs: readonly Extent[] | AsyncIterable<Extent>,
  size: number,
  problems: ProblemCount,
): AsyncGenerator<Piece> {
  let at = 0;
  try {
    for await (const batch of Symbol.asyncIterator in runs ? oneByOne(runs) : [runs]) {
      for (const run of batch) {
        unreadableIf(run.fileOffset < at, 'disk.extents.bad', `offset ${at}`, 'runs of a file overlap');
        if (run.fileOffset >= size) break;
        if (run.fileOffset > at) yield { is: 'zeros', offset: at, length: run.fileOffset - at };
        const end = Math.min(size, run.fileOffset + run.length);
        for (at = run.fileOffset; at < end; ) {
          const piece = await pieceAt(device, run.deviceOffset + at - run.fileOffset, at, end - at, problems);
          at += piece.is === 'bytes' ? piece.bytes.length : piece.length;
          yield piece;
        }
      }
    }
  } catch (error) {
    yield { is: 'unreadable', offset: at, length: size - at, reason: problems.caught(error) };
    return;
  }
  if (at < size) yield { is: 'zeros', offset: at, length: size - at };
}

async function* oneByOne(runs: AsyncIterable<Extent>): AsyncGenerator<readonly Extent[]> {
  for await (const run of runs) yield [run];
}

/** A block that cannot be read costs the bytes in it, not the rest of the file. */
async function pieceAt(
  device: Device,
  from: number,
  offset: number,
  length: number,
  problems: ProblemCount,
): Promise<Piece> {
  try {
    const data = await device.data(from, length);
    return data.is === 'bytes'
      ? { is: 'bytes', offset, bytes: data.bytes }
      : { is: 'zeros', offset, length: data.length };
  } catch (error) {
    const why = problems.caught(error);
    const lost = Math.min(length, device.inSameBlock(from));
    return { is: 'unreadable', offset, length: lost, reason: reason(why.code, why.subject, why.says, why) };
  }
}
