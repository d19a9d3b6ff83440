/** Cells of Markdown tables. Names are anybody's: nothing in them may end a cell or begin a link. */
export const cell = (text: string): string => text.replace(/[\\|`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
export const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
