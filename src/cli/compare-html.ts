/** A comparison as a page of HTML, with a bar chart for each number that differs. */
import type { Compared, Counted, ImageCompared, WayRow } from '../app/api.ts';
import { COUNTS, imageAdvice, shown } from './compare-table.ts';
import { escaped, listOf, page, tableOf } from './html.ts';

export function compareHtml({ fleet, ways, advice, assumptions, prices, images }: Compared): string {
  const title = `${fleet.images.length} images to ${fleet.accounts} accounts in ${fleet.regions} Regions`;
  const heads = ways.map((w) => (w.way === advice.way ? `${w.way} (advised)` : w.way));
  return page(
    title,
    [
      `<h1>${escaped(title)}</h1>`,
      `<p><strong>${escaped(advice.way ?? 'No advice yet')}</strong>: ${escaped(advice.because)}.</p>`,
      tableOf(['', ...heads], countRows(ways)),
      ...ways.map(wayHtml),
      '<h2>Side by side</h2>',
      `<div class="charts">${COUNTS.map(([label, of, unit]) => chart(label, ways, of, unit)).join('')}</div>`,
      ...(images.length > 1 ? ['<h2>Each image alone</h2>', ...images.map(imageHtml)] : []),
      '<h2>How the numbers came about</h2>',
      ...ways.map(
        (w) =>
          `<h3>${escaped(w.way)}</h3>${listOf(COUNTS.map(([label, of, unit]) => `${label} = ${shown(of(w), unit)}: ${of(w).how}`))}`,
      ),
      '<h3>All ways</h3>',
      listOf([
        ...assumptions,
        ...Object.entries(prices).map(([name, p]) => `${name}: ${p.usd} USD per ${p.per} (${p.source})`),
      ]),
    ].join('\n'),
  );
}

const countRows = (ways: readonly WayRow[]): readonly string[] =>
  COUNTS.map(([label, of, unit]) => {
    const cells = ways.map((w) => `<td><span title="${escaped(of(w).how)}">${escaped(shown(of(w), unit))}</span></td>`);
    return `<tr><th>${escaped(label)}</th>${cells.join('')}</tr>`;
  });

const wayHtml = (w: WayRow): string =>
  `<h3>${escaped(w.way)}</h3>${listOf([
    `by hand: ${w.byHand.join('; ')}`,
    `when an account leaves: ${w.whenAnAccountLeaves}`,
    `one leaked key opens: ${w.oneLeakedKey}`,
  ])}`;

function imageHtml(image: ImageCompared): string {
  const head = ['', ...image.ways.map((w) => (w.way === image.way ? `${w.way} (now)` : w.way))];
  return `<h3>${escaped(image.name)}</h3><p>${escaped(imageAdvice(image))}.</p><details><summary>Numbers</summary>${tableOf(head, countRows(image.ways))}</details>`;
}

/** Bars from zero on, so that lengths can be compared; nothing where all are alike. */
function chart(label: string, ways: readonly WayRow[], of: (w: WayRow) => Counted, unit: string): string {
  const values = ways.map((w) => of(w).value);
  const most = Math.max(...values);
  if (new Set(values).size === 1) return '';
  const bars = ways.map((w) => {
    // Something is never nothing.
    const width = of(w).value === 0 ? '0' : `max(2px, (100% - 5.5rem) * ${(of(w).value / most).toFixed(4)})`;
    return `<span>${escaped(w.way)}</span><b><i style="width:${width === '0' ? width : `calc(${width})`}"></i>${escaped(shown(of(w), unit))}</b>`;
  });
  return `<figure role="img" aria-label="${escaped(label)}" style="margin:0"><h3>${escaped(label)}</h3><div class="bars">${bars.join('')}</div></figure>`;
}
