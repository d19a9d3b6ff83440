/** A raw disk image in a file as a block source. The only file of src/disk that opens something. */
import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { BLOCK_BYTES, type BlockSource } from '../base/block-source.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';

/** Blocks kept: files which share a block with their neighbours are read in physical order. */
const KEPT_BLOCKS = 16;
/** Blocks that went, and stay as they are for a while: somebody may still be looking at one. Then their memory is used again. */
const GONE_BLOCKS = 8;
/** The longest that nothing else has its turn: signals, answers of worker threads. */
const TURN_MS = 15;

export async function openRawFile(path: string): Promise<Outcome<BlockSource>> {
  try {
    const file = await open(path, 'r');
    const { size } = await file.stat();
    // A block device says 0; its size is where its last byte can be read.
    const sizeBytes = size > 0 ? size : await endOf(file);
    if (sizeBytes === 0) {
      await file.close();
      return failed(reason('disk.source.empty', path, `${path} is empty: no disk`));
    }
    return done(sourceOf(path, file, sizeBytes));
  } catch (error) {
    return failed(reason('disk.source.unreadable', path, `${path} cannot be opened: ${codeOf(error)}`));
  }
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);

async function endOf(file: FileHandle): Promise<number> {
  const one = Buffer.alloc(1);
  const readable = async (at: number): Promise<boolean> => (await file.read(one, 0, 1, at)).bytesRead === 1;
  if (!(await readable(0))) return 0;
  let [low, high] = [0, 1];
  while (await readable(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await readable(middle)) low = middle;
    else high = middle;
  }
  return high;
}

function sourceOf(id: string, file: FileHandle, sizeBytes: number): BlockSource {
  const kept = new Map<number, Promise<Outcome<Uint8Array>>>();
  /** Memory of half a MiB that is new each time is what the garbage collector would be busy with. */
  const gone: Uint8Array[] = [];
  const stats = { fetches: 0, retries: 0, inFlightMax: 1 };
  let turnMs = performance.now();

  /**
   * Reads in place: from the page cache a block takes less than the way to another thread and back. Now and then the rest of the
   * program has its turn.
   */
  const readAt = async (bytes: Uint8Array, offset: number): Promise<number> => {
    if (performance.now() - turnMs > TURN_MS) {
      await setImmediate();
      turnMs = performance.now();
    }
    return readSync(file.fd, bytes, 0, bytes.length, offset);
  };

  const fetch = async (index: number): Promise<Outcome<Uint8Array>> => {
    const block = (gone.length > GONE_BLOCKS ? gone.shift() : undefined) ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    try {
      const bytesRead = await readAt(block, index * BLOCK_BYTES);
      stats.fetches += 1;
      if (bytesRead < BLOCK_BYTES) {
        const wanted = Math.min(BLOCK_BYTES, sizeBytes - index * BLOCK_BYTES);
        if (bytesRead < wanted) return failed(reason('disk.block.unreadable', id, `block ${index} ends early`));
        block.fill(0, bytesRead);
      }
      return done(block);
    } catch (error) {
      return failed(reason('disk.block.unreadable', id, `block ${index} cannot be read: ${codeOf(error)}`));
    }
  };

  const readPart = async (offset: number, length: number): Promise<Outcome<Uint8Array>> => {
    const bytes = Buffer.allocUnsafeSlow(length);
    try {
      if ((await readAt(bytes, offset)) === length) return done(bytes);
      return failed(reason('disk.block.unreadable', id, `the bytes from ${offset} on end early`));
    } catch (error) {
      return failed(
        reason('disk.block.unreadable', id, `the bytes from ${offset} on cannot be read: ${codeOf(error)}`),
      );
    }
  };

  return {
    id,
    sizeBytes,
    blockBytes: BLOCK_BYTES,
    usedBlocks: Math.ceil(sizeBytes / BLOCK_BYTES),
    fd: file.fd,
    isAbsent: () => false,
    read(index) {
      const block = kept.get(index) ?? fetch(index);
      kept.delete(index);
      kept.set(index, block);
      for (const [oldest, left] of kept) {
        if (kept.size <= KEPT_BLOCKS) break;
        kept.delete(oldest);
        void left.then((read) => read.ok && gone.push(read.value));
      }
      return block;
    },
    readPart,
    prefetch() {}, // the page cache does it
    stats: () => ({ ...stats }),
    close: () => file.close(),
  };
}
