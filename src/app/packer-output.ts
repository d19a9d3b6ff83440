/**
 * What Packer says with `-machine-readable`: lines of `timestamp,target,type,data…`.
 * Source: Packer documentation, "Machine-Readable Output".
 */
export interface PackerLine {
  readonly type: string;
  readonly target: string;
  readonly data: readonly string[];
}

export function parsePackerLine(line: string): PackerLine | undefined {
  const [timestamp, target, type, ...data] = line.split(',');
  if (timestamp === undefined || !/^\d+$/.test(timestamp) || target === undefined || type === undefined)
    return undefined;
  return { target, type, data: data.map(unescaped) };
}

const unescaped = (text: string): string =>
  text.replaceAll('%!(PACKER_COMMA)', ',').replaceAll('\\n', '\n').replaceAll('\\r', '');

/** What a person would have read, or undefined for lines that only machines want. */
export function uiText(line: PackerLine): string | undefined {
  return line.type === 'ui' ? line.data.slice(1).join(',') : undefined;
}

export const isUiError = (line: PackerLine): boolean => line.type === 'ui' && line.data[0] === 'error';

/** The AMI of an `artifact,0,id,eu-west-1:ami-…,us-east-1:ami-…` line in one Region. */
export function artifactImage(line: PackerLine, region: string): string | undefined {
  if (line.type !== 'artifact' || line.data[1] !== 'id') return undefined;
  const all = line.data.slice(2).join(',').split(',');
  return all.map((one) => one.split(':')).find(([r]) => r === region)?.[1];
}
