/** Which files somebody asks about, and what package databases say of them. */
export interface Digest {
  readonly algorithm: string;
  readonly digest: string;
}

/** A file of one of several file systems, by its path there. */
export interface Asked {
  readonly fileSystem: number;
  readonly path: string;
}

/**
 * Where a file system of its own may be mounted: databases name files from the root on, and nobody says here what is mounted where.
 * A wrong guess does no harm: the digest would have to be the same.
 */
const MOUNTS = ['', '/usr', '/var', '/opt', '/boot', '/srv', '/usr/local', '/usr/share'];

const keyOf = ({ fileSystem, path }: Asked): string => `${fileSystem} ${path}`;

/** Collects what databases say of the files that are wanted, and of no others. */
export class Wanted {
  /** By any name that a database may know it by: on merged systems `/lib` is a link to `/usr/lib`, and databases name either. */
  readonly #known = new Map<string, string[]>();
  readonly #said = new Map<string, Digest[]>();

  constructor(files: Iterable<Asked>) {
    const all = new Map([...files].map((file) => [keyOf(file), file]));
    for (const [key, { path }] of all)
      for (const mount of MOUNTS) {
        const name = `${mount}${path}`;
        for (const known of name.startsWith('/usr/') ? [name, name.slice(4)] : [name])
          this.#known.set(known, [...(this.#known.get(known) ?? []), key]);
      }
  }

  /** Asked of every file of every package. */
  has(name: string): boolean {
    return this.#known.has(name);
  }

  say(name: string, digest: Digest): void {
    for (const key of this.#known.get(name) ?? []) {
      const there = this.#said.get(key);
      if (there === undefined) this.#said.set(key, [digest]);
      else there.push(digest);
    }
  }

  saidOf(file: Asked): readonly Digest[] {
    return this.#said.get(keyOf(file)) ?? [];
  }
}
