/** Which paths somebody asks about, and what package databases say of them. */
export interface Digest {
  readonly algorithm: string;
  readonly digest: string;
}

/** Collects what databases say of the paths that are wanted, and of no others. */
export class Wanted {
  /** By any name that a database may know it by: on merged systems `/lib` is a link to `/usr/lib`, and databases name either. */
  readonly #known = new Map<string, string[]>();
  readonly said = new Map<string, Digest[]>();

  constructor(paths: Iterable<string>) {
    for (const path of new Set(paths))
      for (const name of path.startsWith('/usr/') ? [path, path.slice(4)] : [path])
        this.#known.set(name, [...(this.#known.get(name) ?? []), path]);
  }

  /** Asked of every file of every package. */
  has(path: string): boolean {
    return this.#known.has(path);
  }

  say(path: string, digest: Digest): void {
    for (const name of this.#known.get(path) ?? []) {
      const there = this.said.get(name);
      if (there === undefined) this.said.set(name, [digest]);
      else there.push(digest);
    }
  }
}
