/**
 * A root as distributions of the Fedora family hold it: real files, owned by packages of a real rpm database (SQLite, at
 * `/var/lib/rpm` or `/usr/lib/sysimage/rpm`). No package of Fedora can be had where Debian's are; the files are Debian's, packed by
 * rpmbuild and installed by rpm, so that all but the content is as there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface RpmPackage {
  readonly name: string;
  /** From the root on. */
  readonly paths: readonly string[];
}

/**
 * @param tree the files as they stand, from a root on
 * @param database where rpm keeps its own: Fedora's and RHEL's place differ
 * @returns the new root
 */
export function makeRpmRoot(
  folder: string,
  tree: string,
  packages: readonly RpmPackage[],
  database: '/usr/lib/sysimage/rpm' | '/var/lib/rpm',
): string {
  const root = join(folder, 'fedora');
  const top = join(folder, 'rpmbuild');
  mkdirSync(join(root, database), { recursive: true });
  for (const { name, paths } of packages) build(top, tree, name, paths);
  const made = readdirSync(join(top, 'RPMS'), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.rpm'));
  const files = made.map((f) => join(top, 'RPMS', f));
  const plain = ['--nodeps', '--noscripts', '--nosignature', '--badreloc', '--ignorearch', '--ignoreos'];
  execFileSync('rpm', ['--root', root, '--dbpath', database, ...plain, '-i', ...files], { stdio: 'pipe' });
  rmSync(top, { recursive: true });
  return root;
}

/** Nothing is compiled, stripped, compressed or looked through for what it needs. */
function build(top: string, tree: string, name: string, paths: readonly string[]): void {
  const spec = join(top, `${name}.spec`);
  mkdirSync(dirname(spec), { recursive: true });
  // Names in a list of files are patterns, and are cut at blanks but in quotes.
  const plain = paths.filter((p) => !/["*?[\]{}%\\]/.test(p));
  writeFileSync(
    spec,
    `Name: ${name}
Version: 1
Release: 1
Summary: ${name}
License: none
AutoReqProv: no
BuildArch: noarch
%define _binary_payload w0.ufdio
%define __os_install_post %{nil}
%define _build_id_links none
%define _unpackaged_files_terminate_build 0
%define _missing_doc_files_terminate_build 0
%description
${name}
%files
%defattr(-,root,root,-)
${plain.map((p) => `"${p}"`).join('\n')}
`,
  );
  const quiet = ['-bb', '--quiet', '--nodeps', '--define', `_topdir ${top}`, '--buildroot', tree, '--noclean'];
  execFileSync('rpmbuild', [...quiet, '--define', '_binaries_in_noarch_packages_terminate_build 0', spec], {
    stdio: 'pipe',
  });
}
