/**
 * `<dateline-search>`: the search of a news archive in any page. What each attribute does, how it is styled and what it
 * does without JavaScript: docs/embedding.md.
 */

/** What can be asked, by the names the API has for it. A list is any of its values; dates are YYYY, YYYY-MM or YYYY-MM-DD. */
export interface Question {
  q?: string;
  region?: string | readonly string[];
  topic?: string | readonly string[];
  source?: string | readonly string[];
  language?: string | readonly string[];
  date_from?: string;
  date_to?: string;
  sort?: "relevance" | "newest" | "oldest";
  page?: number;
}

/** Why something is asked. */
export type Cause = "load" | "type" | "submit" | "choice" | "page" | "history" | "retry";

/** Before a request leaves. `url` may be changed; `preventDefault` keeps it from being sent. */
export type RequestEvent = CustomEvent<{ url: URL; cause: Cause }>;

/** An answer is shown. `asked` is a query string of the API, without "?". */
export type ResultsEvent = CustomEvent<{ asked: string; total: number; cause: Cause }>;

/** A result or a suggestion is chosen. `position` counts from 1 over all pages; `preventDefault` keeps it from opening. */
export type SelectEvent = CustomEvent<{ id: string; url: string; position: number }>;

/** There is no answer. `status` is that of HTTP, 0 where there was none. */
export type ErrorEvent = CustomEvent<{ status: number; message: string }>;

/** The words it says. `{n}` stands for a number; `count` has a form for each plural category of the language. */
export interface Strings {
  label: string;
  search: string;
  close: string;
  filters: string;
  clear: string;
  sort: string;
  relevance: string;
  newest: string;
  oldest: string;
  place: string;
  topic: string;
  source: string;
  language: string;
  date: string;
  date_from: string;
  date_to: string;
  title: string;
  inferred: string;
  count: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
  previous: string;
  next: string;
  retry: string;
  error: string;
  busy: string;
}

/** The element. Its methods are there while it is in a page. */
export declare class DatelineSearch extends HTMLElement {
  /** Words that come before ours. Set them before the element is in the page, or change `lang` after. */
  strings?: Partial<Strings>;
  /** Leave to read an archive that is not public; comes before the attribute, and is read at each request. */
  token?: string;
  /** Ask: what is given replaces what was asked of the same name, the rest stays. It becomes a step in history. */
  ask(change: Question): void;
  /** Open the dialog, in mode "dialog"; in the others, ask again. */
  show(): void;
  /** Close the dialog. */
  close(): void;

  addEventListener<Name extends keyof DatelineSearchEventMap>(
    type: Name,
    listener: (this: DatelineSearch, event: DatelineSearchEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

export interface DatelineSearchEventMap extends HTMLElementEventMap {
  "dateline-request": RequestEvent;
  "dateline-results": ResultsEvent;
  "dateline-select": SelectEvent;
  "dateline-error": ErrorEvent;
}

declare global {
  interface HTMLElementTagNameMap {
    "dateline-search": DatelineSearch;
  }
}
