/** Scans one file system: every file once; and, where asked, what deleted files left. */
import type { Reason } from '../base/outcome.ts';
import type { FileSystem, Piece } from '../disk/types.ts';
import { Feed } from './feed.ts';
import { type FeedOptions, feedAgain, feedVolume } from './feed-volume.ts';
import type { Lanes } from './lanes.ts';
import type { Reach } from './matcher.ts';
import type { Select } from './packages/owned.ts';
import type { Results } from './results.ts';
import { type ScannedFile, Through, type ThroughOptions } from './through.ts';
import { VolumeTree } from './volume-tree.ts';

export interface VolumeScan {
  /** Only files in which something was found, or of which something was skipped. */
  readonly files: readonly ScannedFile[];
  readonly filesScanned: number;
  readonly bytesScanned: number;
  readonly bytesUnpacked: number;
  readonly bytesUnreadable: number;
  /** Not read again: clean in the version before, and unchanged since. */
  readonly filesCarried: number;
  readonly bytesCarried: number;
  readonly filesHidden: readonly Reason[];
  readonly freeBytesScanned: number;
  readonly interrupted: boolean;
  /** For what package databases say of some of them. */
  readonly select: Select;
}

/** After `settleBytes` the scan waits until all of them are through; then all that is clean was told. */
export interface VolumeOptions extends FeedOptions, ThroughOptions {
  readonly freeSpace: boolean;
}

export async function scanVolume(
  fileSystem: FileSystem,
  lanes: Lanes,
  reach: Reach,
  results: Results,
  options: VolumeOptions,
): Promise<VolumeScan> {
  const { signal, onBytes } = options;
  const tree = new VolumeTree();
  const feed = new Feed(lanes, reach, fileSystem.device.fd);
  const through = new Through(tree, results, options);
  const feeding = { fileSystem, tree, feed, through };
  let lost = 0;
  const idle = async (): Promise<void> => {
    feed.flush();
    await lanes.idle();
  };
  const settle = async (): Promise<void> => {
    await idle();
    lost += await feedAgain(feeding, lanes, results);
    await idle();
    through.settle();
  };
  const fed = await feedVolume(feeding, options, settle);
  await settle();
  const free = tree.files.length;
  const wantsFree = options.freeSpace && !signal?.aborted;
  const { bytes: freeBytesScanned } = wantsFree
    ? await feed.file(free, '', withGaps(fileSystem.freeSpace(signal)), onBytes, 'raw')
    : { bytes: 0 };
  await idle();
  return {
    files: through.withFreeSpace(free),
    filesScanned: through.count + tree.empty,
    bytesScanned: fed.bytes - lost,
    bytesUnpacked: through.unpackedBytes,
    bytesUnreadable: fed.unreadableBytes + lost,
    filesCarried: tree.carried.files,
    bytesCarried: tree.carried.bytes,
    filesHidden: tree.hidden,
    freeBytesScanned,
    interrupted: signal?.aborted === true,
    select: (isWanted) => tree.selected(isWanted),
  };
}

/** Puts zeros between runs that do not touch, so that nothing is found across them. */
async function* withGaps(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
  let at: number | undefined;
  for await (const piece of pieces) {
    if (at !== undefined && piece.offset > at) yield { is: 'zeros', offset: at, length: piece.offset - at };
    yield piece;
    at = piece.offset + (piece.is === 'bytes' ? piece.bytes.length : piece.length);
  }
}
