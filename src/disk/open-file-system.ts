/** The file system of a volume. */
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import { openExt } from './ext/ext.ts';
import { ProblemCount, Unreadable } from './fault.ts';
import { type Tree, TreeFileSystem } from './tree.ts';
import type { Device, FileSystem, FileSystemType, Volume } from './types.ts';
import { openVfat } from './vfat/vfat.ts';
import { openXfs } from './xfs/xfs.ts';

const OPEN: Readonly<Record<FileSystemType, (device: Device, problems: ProblemCount) => Promise<Tree>>> = {
  ext: openExt,
  xfs: openXfs,
  vfat: openVfat,
};

export async function openFileSystem(volume: Volume): Promise<Outcome<FileSystem>> {
  const { contents, device, name } = volume;
  if (contents.is !== 'file-system')
    return failed(reason('disk.volume.none', name, 'holds no file system that is read'));
  try {
    return done(new TreeFileSystem(await OPEN[contents.type](device, new ProblemCount())));
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return failed(
      reason('disk.volume.unreadable', name, `its ${contents.type} cannot be read`, { because: [error.reason] }),
    );
  }
}
