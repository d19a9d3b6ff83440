/** Filters and one page: what the describes of this area have in common, over the rules of `ec2/filters.ts`. */
import { applyFilters, type FilterTable, onePage } from '../ec2/filters.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Tags } from '../world/ec2.ts';

/** What each filter compares with; `tag` gives the tags for `tag:KEY`, `tag-key` and `tag-value`. */
export type Fields<T> = Readonly<Record<string, (item: T) => string | readonly string[] | Tags | undefined>>;

export interface Asked {
  readonly Filters?: Ec2.Filter[] | undefined;
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

/** Differs from AWS: a page token is a position; the lists of this area only grow at their end. */
export function listed<T>(items: readonly T[], fields: Fields<T>, asked: Asked): Page<T> {
  const { tag: tags, ...others } = fields;
  const tagsOf = (item: T): Tags | undefined => {
    const found = tags?.(item);
    return found instanceof Map ? found : undefined;
  };
  const left = applyFilters(items, asked.Filters, others as FilterTable<T>, tags && tagsOf);
  return onePage(left, asked, () => '');
}
