/**
 * Blocks that will be wanted again, in a file instead of in memory.
 *
 * What is written is encrypted under a key that exists in this process only, and the file has lost its name before the first byte
 * is in it: nothing of an image stays on the disk that reads it, not even after a crash.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class BlockSpool {
  readonly #blockBytes: number;
  readonly #key = randomBytes(32);
  readonly #slots = new Map<number, number>();
  /** Written, but not yet on the disk. */
  readonly #leaving = new Map<number, Uint8Array>();
  #file: Promise<FileHandle | undefined> | undefined;
  #next = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  has(index: number): boolean {
    return this.#leaving.has(index) || this.#slots.has(index);
  }

  /** Never fails: a block that cannot be kept is fetched again. */
  async put(index: number, bytes: Uint8Array): Promise<void> {
    if (this.has(index)) return;
    this.#leaving.set(index, bytes);
    const slot = this.#next++;
    try {
      const file = await this.#opened();
      if (!file) return;
      await file.write(this.#crypt(slot, bytes), 0, this.#blockBytes, slot * this.#blockBytes);
      this.#slots.set(index, slot);
    } catch {
      // A full disk: this block is not kept.
    } finally {
      this.#leaving.delete(index);
    }
  }

  async get(index: number): Promise<Uint8Array | undefined> {
    const leaving = this.#leaving.get(index);
    if (leaving) return leaving;
    const slot = this.#slots.get(index);
    const file = await this.#file;
    if (slot === undefined || !file) return undefined;
    const bytes = Buffer.allocUnsafeSlow(this.#blockBytes);
    const { bytesRead } = await file.read(bytes, 0, this.#blockBytes, slot * this.#blockBytes);
    return bytesRead === this.#blockBytes ? this.#crypt(slot, bytes) : undefined;
  }

  async close(): Promise<void> {
    await (await this.#file)?.close();
  }

  /** A slot is written once, so no part of the key stream is used twice. */
  #crypt(slot: number, bytes: Uint8Array): Buffer {
    const counter = Buffer.alloc(16);
    counter.writeUInt32BE(slot, 0);
    return createCipheriv('aes-256-ctr', this.#key, counter).update(bytes);
  }

  #opened(): Promise<FileHandle | undefined> {
    this.#file ??= unnamedFile();
    return this.#file;
  }
}

/** @returns undefined where the directory for temporary files takes none */
async function unnamedFile(): Promise<FileHandle | undefined> {
  try {
    const folder = await mkdtemp(join(tmpdir(), 'amiport-blocks-'));
    const file = await open(join(folder, 'blocks'), 'wx+', 0o600);
    await rm(folder, { recursive: true });
    return file;
  } catch {
    return undefined;
  }
}
