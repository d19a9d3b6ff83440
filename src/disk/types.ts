/**
 * What a disk holds, as a reader sees it: disk -> volumes -> file system -> entries -> content.
 *
 * Read-only and bounded: nothing on a disk is believed before it is checked, and no size on it is allocated unchecked.
 * What cannot be read is data (`Problems`, `unreadable` pieces), never an exception and never silence: a caller that ignores
 * `volumes` without a file system, `problems()` or `notices` would call a disk clean that was not seen.
 *
 *     const disk = await openDisk(source);                         // open-disk.ts: Outcome<Disk>
 *     for (const volume of disk.volumes) {
 *       const fileSystem = await openFileSystem(volume);           // open-file-system.ts: Outcome<FileSystem>
 *       for await (const entry of fileSystem.walk()) ...
 *       // read-files.ts: in physical order, with the blocks ahead already under way
 *       for await (const { entry, content } of readFiles(fileSystem, entries)) for await (const piece of content) ...
 *     }
 */
import type { Reason } from '../base/outcome.ts';

/**
 * A run of bytes that can be read at any offset: a partition, a logical volume. Addresses begin at 0.
 * Inside of src/disk only: its methods throw `Unreadable` (fault.ts), which the readers turn into data.
 */
export interface Device {
  readonly sizeBytes: number;
  /** Exactly `length` bytes, through the cache of 4 KiB pieces. For metadata: small, read often. */
  metadata(offset: number, length: number): Promise<Uint8Array>;
  /** Between 1 and `lengthMax` bytes from `offset` on, as a view of one block: no copy. */
  data(offset: number, lengthMax: number): Promise<DeviceData>;
  /** Where byte `offset` lies on the source; -1 where no block of the source is mapped. */
  sourceOffset(offset: number): number;
  /** Blocks of the source that hold these bytes, ascending where the device is; absent ones are left out. */
  blocksOf(offset: number, length: number): readonly number[];
  /** How many bytes from `offset` on lie in the same block of the source; all the rest where that is outside. */
  inSameBlock(offset: number): number;
  prefetch(blocks: readonly number[]): void;
  /** Of the source, where it is a file that threads may read themselves. */
  readonly fd: number | undefined;
  /** Where these bytes lie on the source, in order; undefined where some of them are outside of it. */
  stretchesOf(offset: number, length: number): readonly SourceStretch[] | undefined;
}

export interface SourceStretch {
  /** Byte of the source. */
  readonly at: number;
  readonly length: number;
}

export type DeviceData =
  | { readonly is: 'bytes'; readonly bytes: Uint8Array }
  /** A block that was never written. */
  | { readonly is: 'zeros'; readonly length: number };

export interface Disk {
  readonly table: 'gpt' | 'mbr' | 'none';
  readonly volumes: readonly Volume[];
  /** What is wrong with the table: a bad checksum with a good second copy, an entry outside of the disk. */
  readonly notices: readonly Reason[];
}

export interface Volume {
  /** `partition 1`, `disk` (no table), `volume vg/root`. */
  readonly name: string;
  /** Name of a GPT partition; empty where there is none. */
  readonly label: string;
  /** On the source; for a logical volume where its first byte lies. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly contents: Contents;
  readonly device: Device;
}

export type Contents =
  | { readonly is: 'file-system'; readonly type: FileSystemType }
  /** Nothing but zeros. */
  | { readonly is: 'empty' }
  /** Boot loader code without a file system (BIOS boot, PReP): to be read as plain bytes by `readVolume` (read-files.ts). */
  | { readonly is: 'boot-code' }
  /** Not readable here; `what` is btrfs, zfs, luks, mdraid, swap, lvm, ... or unknown. Makes a scan incomplete. */
  | { readonly is: 'not-scanned'; readonly what: string; readonly reason: Reason };

export type FileSystemType = 'ext' | 'xfs' | 'vfat';

export interface FileSystem {
  /** `ext2`, `ext3`, `ext4`, `xfs v4`, `xfs v5`, `vfat` ... */
  readonly kind: string;
  readonly uuid: string;
  readonly label: string;
  /** True of the whole file system: log not replayed, features that hide something. Codes: `disk.log.dirty`, ... */
  readonly notices: readonly Reason[];
  /**
   * Every name in every directory from the root on, directories before what is in them; the root itself is not yielded.
   * A file with several names is yielded once a name, with the same `inode`. Ends early, without an error, when `signal` aborts.
   */
  walk(signal?: AbortSignal): AsyncIterable<FileEntry>;
  /** Content of a regular file in logical order. Holes and unwritten ranges are `zeros` pieces; nothing is yielded beyond `size`. */
  read(entry: FileEntry): AsyncIterable<Piece>;
  /** What `read` will touch on the device, where known without I/O: for the order of reading and for prefetch. */
  extents(entry: FileEntry): readonly Extent[];
  /** Used bytes of blocks that belong to no file: what deleted files left. Adjacent pieces follow each other by `offset` (of the device). */
  freeSpace(signal?: AbortSignal): AsyncIterable<Piece>;
  /** What could not be read so far, by code. Grows while walking and reading. */
  problems(): readonly Problem[];
  readonly device: Device;
}

export interface FileEntry {
  /** From the root on, beginning with `/`. Bytes that are not UTF-8 stand as `\xNN`; control bytes are kept: a printer escapes them. */
  readonly path: string;
  /** The exact bytes, only where `path` is not them. */
  readonly pathBytes?: Uint8Array;
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  /** Identity within the file system: entries of one inode share it. */
  readonly inode: number;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  readonly links: number;
  /** Byte of the source at which the content begins: the key to sort by. -1: nothing to fetch (empty, inline, only holes). */
  readonly firstPhysical: number;
  /** Of a symlink, as bytes in UTF-8 with `\xNN` as in `path`. */
  readonly target?: string;
  readonly content: Content;
  /** Content that cannot be read in principle: encrypted by fscrypt, on a realtime device. It counts among the problems. */
  readonly hidden?: Reason;
}

/** Where the content of a file is, as far as the walk saw it. `first`: byte of the device at which it begins. */
export type Content =
  | { readonly is: 'nothing' }
  | { readonly is: 'inline'; readonly bytes: Uint8Array }
  | { readonly is: 'runs'; readonly first: number; readonly extents: readonly Extent[] }
  /** In too many runs to keep: they are read again with the file. */
  | { readonly is: 'tree'; readonly first: number };

/** One run of a file on the device; bytes of a file in no extent are zeros. */
export interface Extent {
  readonly fileOffset: number;
  readonly deviceOffset: number;
  readonly length: number;
}

/** `bytes` are a view of what the source keeps: who wants them after the next pieces copies them. */
export type Piece =
  | { readonly is: 'bytes'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly is: 'zeros'; readonly offset: number; readonly length: number }
  | { readonly is: 'unreadable'; readonly offset: number; readonly length: number; readonly reason: Reason };

/** Bytes of a file and where they lie on the source; between places are zeros. */
export interface Place extends SourceStretch {
  /** In the file. */
  readonly offset: number;
}

/** Things that could not be read, of one kind. */
export interface Problem {
  /** `disk.inode.bad`, `disk.directory.bad`, `disk.extents.bad`, `disk.block.unreadable`, `disk.file.encrypted`, ... */
  readonly code: string;
  readonly count: number;
  /** The first that was met. */
  readonly first: Reason;
}
