// A list that REST gives in pages and that only ever grows at its end: reading it again asks for its last page alone.

import { ask } from "./api.js";

const ITEMS_A_PAGE = 1000;

export class GrowingList {
  constructor(path) {
    this.path = path;
    this.complete = []; // the items before the last page
    this.lastPage = null; // its opaque token; null for the first page
  }

  async read() {
    for (;;) {
      const page = await readPage(this.path, this.lastPage);
      if (page.next_page === null) return [...this.complete, ...page.items];
      this.complete.push(...page.items);
      this.lastPage = page.next_page;
    }
  }
}

// A list whose items change or that grows at its beginning is read from end to end.
export const readAll = (path) => new GrowingList(path).read();

// Gives one page of a list, the first where `token` is null.
export function readPage(path, token, limit = ITEMS_A_PAGE) {
  const query = new URLSearchParams({ limit, ...(token === null ? {} : { page: token }) });
  return ask(`${path}?${query}`);
}
