/** The page of an audit: names on a disk are anybody's, and stay text; what repeats is said once. */
import { expect, test } from 'vitest';
import type { Audited, ReportedFinding } from '../app/api.ts';
import { auditHtml } from './audit-html.ts';

const finding = (path: string, more: Partial<ReportedFinding> = {}): ReportedFinding => ({
  rule: 'private-key',
  severity: 'critical',
  what: 'a private key',
  disk: 'snap-1',
  volume: 'disk',
  path,
  alsoPaths: [],
  offset: 0,
  length: 1704,
  masked: '----…',
  times: 1,
  why: 'who holds it is the host',
  remedy: 'make a new one',
  fingerprint: '0123456789abcdef',
  ...more,
});

function pageOf(findings: readonly ReportedFinding[], gaps: Audited['coverage']['gaps'] = []): string {
  return auditHtml({
    version: 1,
    subject: 'ami-1',
    result: 'findings',
    ruleSet: '2',
    findings,
    accepted: [],
    evidence: '',
    interrupted: false,
    coverage: {
      complete: gaps.length === 0,
      disks: [],
      files: { scanned: 1, carried: 0, unreadable: 0, packaged: 0 },
      bytes: { scanned: 1, unpacked: 0, carried: 0, unreadable: 0, freeSpace: 0 },
      gaps,
      notes: [],
      freeSpace: 'not-asked',
    },
  });
}

const count = (text: string, part: string): number => text.split(part).length - 1;

test('a rule is explained once, with all its places below it', () => {
  const page = pageOf([finding('/a'), finding('/b', { alsoPaths: ['/c'] }), finding('/d', { times: 3 })]);
  expect([count(page, 'who holds it is the host'), count(page, 'make a new one'), count(page, '<tr><td')]).toEqual([
    1, 1, 3,
  ]);
  expect(page).toContain('secrets were found: 3 critical');
  expect(page).toContain('also <code>/c</code>');
  expect(page).toContain('3 times');
});

test('names of files stay text', () => {
  const page = pageOf([
    finding('/<img src=x onerror=alert(1)>', { alsoPaths: ['/<b>\u001b[31m'], member: '"><script>' }),
  ]);
  for (const part of ['<img', '<script', '<b>', '\u001b']) expect(page).not.toContain(part);
  expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;');
});

test('what was not scanned stands before what was found', () => {
  const page = pageOf([finding('/a')], [{ code: 'x', count: 2, says: 'holds luks', example: 'disk 2' }]);
  expect(page.indexOf('holds luks (2, for example disk 2)')).toBeGreaterThan(0);
  expect(page.indexOf('holds luks')).toBeLessThan(page.indexOf('private-key'));
});
