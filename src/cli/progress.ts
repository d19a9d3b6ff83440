/** Renders what the core says while it works: one moving line on a terminal, plain lines elsewhere. Always to stderr. */
import type { AppEvent, Emit } from '../app/api.ts';
import { size } from './audit-text.ts';
import { type Context, colorsFor } from './context.ts';
import type { PrintFlags } from './print.ts';

export interface Progress {
  readonly emit: Emit;
  /** Takes the moving line off the screen. */
  end(): void;
}

/** Moving lines are drawn at most this often. */
const REDRAW_MS = 80;
const BAR = 24;

export function progressFor(context: Context, flags: PrintFlags): Progress {
  if (flags.quiet || flags.json) return { emit: () => {}, end: () => {} };
  const { stderr } = context.process;
  const color = colorsFor(stderr, context.env, flags.noColor);
  const moving = stderr.isTTY === true;
  let drawn = false;
  let lastMs = 0;
  const clear = () => {
    if (drawn) stderr.write('\r\u001b[2K');
    drawn = false;
  };
  const draw = (text: string) => {
    const nowMs = Date.now();
    if (!moving || nowMs - lastMs < REDRAW_MS) return;
    lastMs = nowMs;
    clear();
    stderr.write(text.slice(0, (stderr.columns ?? 100) - 1));
    drawn = true;
  };
  const line = (text: string) => {
    clear();
    stderr.write(`${text}\n`);
  };
  const emit = (event: AppEvent): void => {
    switch (event.kind) {
      case 'looking':
        draw(`looking ${bar(event.done, event.total)} ${event.done}/${event.total}`);
        if (event.done === event.total) clear();
        return;
      case 'probing':
        draw(`asking KMS ${bar(event.done, event.total)} ${event.done}/${event.total}`);
        if (event.done === event.total) clear();
        return;
      case 'audit':
        draw(auditLine(event.doneBytes, event.totalBytes, event.at));
        return;
      case 'held':
        line(color.dim(`  ${event.holder} has this delivery; looking for up to 90 s whether it is alive`));
        return;
      case 'build':
        line(color.dim(`  ${event.line}`));
        return;
      case 'canary-cost':
        line(
          `  ${event.launches} launches, up to $${event.usd.toFixed(2)} in all (canary.maxCost: $${event.maxUsd.toFixed(2)})`,
        );
        return;
      case 'canary':
        line(`  ${color.dim('canary')} ${event.place} ${event.launcher}: ${event.says}`);
        return;
      case 'run':
        runLine(event);
    }
  };
  const auditLine = auditTeller();
  const runLine = (told: Extract<AppEvent, { kind: 'run' }>): void => {
    const { event } = told;
    const { step } = event;
    switch (event.kind) {
      case 'started':
        draw(`${headwayText(told)} ${step.id}`);
        return;
      case 'waiting':
      case 'queued':
        draw(
          `${headwayText(told)} ${step.id}: ${event.says}${event.percent === undefined ? '' : ` ${event.percent} %`}`,
        );
        return;
      case 'done':
        line(
          `${color.green('✓')} ${step.id}${event.says === undefined ? '' : color.dim(` ${event.says}`)} ${color.dim(seconds(event.tookMs))}`,
        );
        return;
      case 'failed':
        line(`${color.red('✗')} ${step.id}: ${event.reason.says}`);
    }
  };
  return { emit, end: clear };
}

/** How far, what AWS works at, what it has no room for yet, and how long the longest chain left still takes. */
function headwayText({ finished, total, headway }: Extract<AppEvent, { kind: 'run' }>): string {
  const { waiting = 0, queued = 0, leftMs } = headway ?? {};
  const under = [
    ...(waiting > 0 ? [`${waiting} under way`] : []),
    ...(queued > 0 ? [`${queued} queued by AWS`] : []),
    ...(leftMs === undefined || leftMs < 1000 ? [] : [`about ${seconds(leftMs)} left`]),
  ];
  return [`${bar(finished, total)} ${finished}/${total}`, ...under].join(', ');
}

function auditTeller(): (doneBytes: number, totalBytes: number, at: string) => string {
  let sinceMs: number | undefined;
  return (doneBytes, totalBytes, at) => {
    sinceMs ??= Date.now();
    const tookMs = Date.now() - sinceMs;
    const rate = tookMs === 0 ? 0 : doneBytes / tookMs;
    const left = rate === 0 ? '' : `, ${seconds(Math.max(0, totalBytes - doneBytes) / rate)} left`;
    return `${bar(doneBytes, totalBytes)} ${size(doneBytes)} of ${size(totalBytes)} at ${size(rate * 1000)}/s${left}, ${at}`;
  };
}

const bar = (done: number, total: number): string => {
  // More may come to light on the way than was known at the beginning: free space of a disk.
  const full = total === 0 ? BAR : Math.floor(Math.min(1, done / total) * BAR);
  return `[${'█'.repeat(full)}${' '.repeat(BAR - full)}]`;
};

const seconds = (ms: number): string =>
  ms < 10_000
    ? `${(ms / 1000).toFixed(1)} s`
    : ms < 120_000
      ? `${Math.round(ms / 1000)} s`
      : `${Math.round(ms / 60_000)} min`;
