/**
 * The files of a volume, packed: an image may hold a million, and as objects they would take a gigabyte.
 *
 * Invariant: `at` gives back an entry that equals the one that was added. What does not fit the columns (several runs, content in
 * the inode, names that are not UTF-8) is kept as it is: such files are few.
 */
import type { FileEntry } from '../disk/types.ts';

/** Rows that are allocated together: nothing is copied as the list grows. */
const ROWS = 4096;
const NAME_BYTES = 64 * 1024;

interface Chunk {
  /** inode, size, firstPhysical, mtimeMs, device offset of its only run (-1: none), length of that. */
  readonly wide: Float64Array;
  /** mode, uid, gid, links, folder, which names, end of its name in them. */
  readonly narrow: Uint32Array;
}

const WIDE = 6;
const FIRST_PHYSICAL = 2;
const NARROW = 7;

export class FileList {
  readonly #chunks: Chunk[] = [];
  readonly #odd = new Map<number, FileEntry>();
  readonly #folders: string[] = [];
  /** Files of a folder mostly come one after the other. */
  #folder = '';
  #names: Buffer[] = [];
  #namesEnd = NAME_BYTES;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @returns its index */
  add(entry: FileEntry): number {
    const index = this.#length;
    this.#length += 1;
    if (index % ROWS === 0)
      this.#chunks.push({ wide: new Float64Array(ROWS * WIDE), narrow: new Uint32Array(ROWS * NARROW) });
    if (fits(entry)) this.#pack(index, entry);
    else this.#odd.set(index, entry);
    return index;
  }

  #pack(index: number, { path, content, ...entry }: FileEntry): void {
    const { wide, narrow } = this.#chunks[Math.floor(index / ROWS)] as Chunk;
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, slash);
    if (this.#folders.length === 0 || folder !== this.#folder) this.#folders.push(folder);
    this.#folder = folder;
    const name = Buffer.from(path.slice(slash + 1), 'utf8');
    if (this.#namesEnd + name.length > NAME_BYTES) {
      this.#names.push(Buffer.alloc(NAME_BYTES));
      this.#namesEnd = 0;
    }
    name.copy(this.#names.at(-1) as Buffer, this.#namesEnd);
    const begin = this.#namesEnd;
    this.#namesEnd += name.length;
    const run = content.is === 'runs' ? content.extents[0] : undefined;
    const row = index % ROWS;
    wide.set(
      [entry.inode, entry.size, entry.firstPhysical, entry.mtimeMs, run?.deviceOffset ?? -1, run?.length ?? 0],
      row * WIDE,
    );
    const place = begin * 2 ** 10 + name.length;
    narrow.set(
      [entry.mode, entry.uid, entry.gid, entry.links, this.#folders.length - 1, this.#names.length - 1, place],
      row * NARROW,
    );
  }

  /** Of the entry, without making one. */
  firstPhysical(index: number): number {
    const odd = this.#odd.get(index);
    if (odd !== undefined) return odd.firstPhysical;
    return this.#chunks[Math.floor(index / ROWS)]?.wide[(index % ROWS) * WIDE + FIRST_PHYSICAL] ?? -1;
  }

  at(index: number): FileEntry | undefined {
    const odd = this.#odd.get(index);
    if (odd !== undefined || !(index >= 0 && index < this.#length)) return odd;
    const { wide, narrow } = this.#chunks[Math.floor(index / ROWS)] as Chunk;
    const row = index % ROWS;
    const [inode = 0, size = 0, firstPhysical = 0, mtimeMs = 0, first = -1, length = 0] = wide.subarray(
      row * WIDE,
      (row + 1) * WIDE,
    );
    const [mode = 0, uid = 0, gid = 0, links = 0, folder = 0, names = 0, place = 0] = narrow.subarray(
      row * NARROW,
      (row + 1) * NARROW,
    );
    const begin = place >>> 10;
    const name = (this.#names[names] as Buffer).toString('utf8', begin, begin + (place & 1023));
    return {
      path: `${this.#folders[folder]}/${name}`,
      ...{ type: 'file', inode, size, mode, uid, gid, mtimeMs, links, firstPhysical },
      content:
        first < 0
          ? { is: 'nothing' }
          : { is: 'runs', first, extents: [{ fileOffset: 0, deviceOffset: first, length }] },
    };
  }
}

/** Names on disk have at most 255 bytes (vfat: 255 characters). */
function fits({ path, type, content, pathBytes, target, hidden }: FileEntry): boolean {
  if (type !== 'file' || pathBytes !== undefined || target !== undefined || hidden !== undefined) return false;
  if (path.length - path.lastIndexOf('/') > 256 || !path.isWellFormed()) return false;
  if (content.is === 'nothing') return true;
  if (content.is !== 'runs' || content.extents.length !== 1) return false;
  const [run] = content.extents;
  return run?.fileOffset === 0 && run.deviceOffset === content.first && content.first >= 0;
}
