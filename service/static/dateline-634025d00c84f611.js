/* <dateline-search> (docs/embedding.md): state is what is asked; answers become elements, never HTML. */

const STYLE = `
:host{display:block}
:host([hidden]),[hidden]{display:none!important}
.root{all:initial;display:block;visibility:inherit;color-scheme:inherit;color:var(--dateline-ink,inherit);
font-family:var(--dateline-sans,inherit);font-size:inherit;line-height:1.5;overflow-wrap:anywhere;
accent-color:var(--a);--a:var(--dateline-accent,light-dark(#a4262c,#ffb3ad));--p:var(--dateline-paper,Canvas);
--r:1px solid var(--dateline-rule,#8885);--e:1px solid var(--dateline-edge,#888)}
*{box-sizing:border-box;margin:0;padding:0}
ul,ol{list-style:none}
form,.bar,.chips,.dates,.pages,.option,.suggestion{display:flex;gap:.5rem;position:relative}
.bar,.chips,.pages{flex-wrap:wrap;align-items:center}
button,input,select{font:inherit;color:inherit;background:none;border:var(--e);padding:.4rem .75rem}
.input,.count,.day,.filters,fieldset{flex:1;min-inline-size:0}
option{color:CanvasText;background:Canvas}
a{color:inherit;text-decoration:none}
a:hover{text-decoration:underline}
mark{background:var(--dateline-wash,#fc05);color:inherit}
.option{align-items:baseline}
.count:empty~*{visibility:hidden}
div:empty{display:none}
.body{min-block-size:100vh}
.chips,.pages,.bar,.filters,legend{padding-block:.5rem}
.chip,.clear{padding-block:0}
.columns{display:flex;flex-wrap:wrap;gap:0 2rem}
.filters{flex:1 14rem}
.found{flex:999;min-inline-size:64%}
fieldset{border:0}
fieldset,.list{max-block-size:24rem;overflow:auto}
legend,summary{font-weight:600}
fieldset,.chips,.dateline,.snippet,.kind{font-size:.9em}
li{position:relative}
.number{margin-inline:auto 1.5rem}
.dateline,.kind,.number{opacity:.75}
.branch>summary{position:absolute;inset-block-start:0;inset-inline-end:.25rem}
ul ul{padding-inline-start:1rem;border-inline-start:var(--r)}
.result{padding-block:1rem;border-block-start:var(--r);max-inline-size:44rem}
.place{font-variant-caps:all-small-caps;font-size:1.1em}
.inferred{text-decoration:underline dotted}
.title{font:600 1.2em/1.3 var(--dateline-serif,ui-serif,Georgia,serif)}
[aria-busy=true]{opacity:.6;transition:opacity 0s .3s}
.list{position:absolute;inset:100% 0 auto;z-index:9}
dialog,.list{background:var(--p);color:var(--dateline-ink,CanvasText);border:var(--e)}
.kind,.suggestion{padding:.4rem .75rem}
.button,[aria-selected=true]{background:var(--a);color:var(--p)}
dialog{inline-size:60rem;margin:1rem auto;padding:1rem}
.close{display:block;margin:0 0 .5rem;margin-inline-start:auto}
@media(forced-colors){mark,.button,[aria-selected=true]{background:Highlight;color:HighlightText;forced-color-adjust:none}}`;

const STRINGS = {
  en: {
    label: "Search the archive", search: "Search", close: "Close", filters: "Filters", clear: "Clear all",
    sort: "Sort by", relevance: "Relevance", newest: "Newest", oldest: "Oldest", place: "Place", topic: "Topic",
    source: "Source", language: "Language", date: "Date", date_from: "From", date_to: "To", title: "Articles",
    inferred: "inferred", count: { one: "{n} article", other: "{n} articles" },
    previous: "Previous", next: "Next", retry: "Try again",
    error: "The archive cannot be reached just now.", busy: "The archive is busy. Try again in {n} s.",
  },
  ko: {
    label: "기사 검색", search: "검색", close: "닫기", filters: "필터", clear: "모두 지우기", sort: "정렬",
    relevance: "관련도순", newest: "최신순", oldest: "오래된순", place: "지역", topic: "주제", source: "출처",
    language: "언어", date: "날짜", date_from: "시작", date_to: "끝", title: "기사", inferred: "추정",
    count: { other: "기사 {n}건" }, previous: "이전", next: "다음", retry: "다시 시도",
    error: "지금은 검색할 수 없습니다.", busy: "{n}초 뒤에 다시 시도해 주세요.",
  },
};

const FACETS = ["region", "topic", "source", "language"];
const DATES = ["date_from", "date_to"];
const NAMES = ["q", "sort", "page", ...FACETS, ...DATES];
const SORTS = ["relevance", "newest", "oldest"];
const ROLES = ["dateline", "event", "sender"]; // the most telling first
const REACHABLE = 10000;
const prefixes = new Set(); // in use
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
let widgets = 0;

/** el("p.count", { title: "…", click() {} }, child, …): no archive names attributes. */
const el = (name, attributes, ...children) => {
  const [tag, part] = name.split(".");
  const made = document.createElement(tag);
  if (part) made.className = made.part = part;
  for (const [name, value] of Object.entries(attributes))
    if (value?.call) made.addEventListener(name, value);
    else if (value != null) made.setAttribute(name, value);
  made.append(...children.flat(2).filter(Boolean));
  return made;
};
const button = (part, label, click, more) => el("button." + part, { type: "button", click, ...more }, label);
const marked = (parts) => parts.map((part) => (Array.isArray(part) ? el("mark.mark", 0, part) : part));
const isWeb = (url) => /^https?:/i.test(url);

/** Gives what stops it. */
const run = (host, root, typed) => {
  const get = (name, otherwise) => host.getAttribute(name) ?? otherwise;
  const mode = get("mode");
  const param = get("param", "ds_");
  const id = "dateline-" + ++widgets;
  const base = new URL(get("src", new URL("../..", import.meta.url).href).replace(/\/*$/, "/"), document.baseURI);
  const facets = get("facets", "").split(" ").filter(Boolean);
  const perPage = +get("per-page", 10);
  const names = new Map(); // of filters
  const ui = {};
  const life = new AbortController();
  let query = mode !== "dialog" && get("query");
  let state, settled, prefix, control, timer;

  let lang = "en";
  try { [lang] = Intl.getCanonicalLocales(host.closest("[lang]").getAttribute("lang")); } catch {}
  const own = STRINGS[lang.split("-")[0]];
  const words = { ...STRINGS.en, ...own, ...host.strings };
  const say = (name, n) => {
    const said = words[name];
    return (said[new Intl.PluralRules(lang).select(n)] ?? said.other ?? said).replace("{n}", n?.toLocaleString(lang));
  };
  const tell = (name, detail) =>
    host.dispatchEvent(new CustomEvent("dateline-" + name, { detail, bubbles: true, cancelable: true }));

  /** The focus stays, or goes to the count. */
  const put = (parent, ...children) => {
    const held = root.activeElement;
    parent.replaceChildren(...children);
    if (held !== root.activeElement) (root.getElementById(held.id) ?? ui.count).focus({ preventScroll: held.id });
  };

  // What is asked

  const q = () => (state.get("q") ?? "").trim();
  const page = () => +state.get("page") || 1;
  const filters = () => [...state].filter(([name]) => NAMES.indexOf(name) > 2);
  const isAsked = () => q() || filters()[0];
  const fromUrl = () => {
    const given = new URLSearchParams(prefix && location.search);
    state = new URLSearchParams();
    if (query && !given.has(prefix + "q")) state.set("q", query);
    for (const name of NAMES)
      for (const value of given.getAll(prefix + name)) if (value) state[FACETS.includes(name) ? "append" : "set"](name, value);
    state.sort();
    settled = `${state}`;
    ui.input.value = state.get("q");
  };
  const toUrl = (step) => {
    if (step === "pushState") settled = `${state}`;
    if (!prefix) return;
    const url = new URL(location);
    for (const name of NAMES) url.searchParams.delete(prefix + name);
    for (const [name, value] of state) url.searchParams.append(prefix + name, value);
    if (query && !state.has("q")) url.searchParams.set(prefix + "q", "");
    try {
      if (url.href !== location.href) history[step](history.state, "", url);
    } catch {} // in a frame without an address
  };
  const choose = (change, cause = "choice", step = "pushState") => {
    state.delete("page");
    for (const name in change) {
      state.delete(name);
      for (const value of [change[name]].flat()) if (value) state.append(name, value);
    }
    state.sort();
    ui.input.value = state.get("q");
    toUrl(step);
    (ui.list ? suggest : search)(cause);
  };
  const none = () => Object.fromEntries(NAMES.map((name) => [name]));
  const back = () => {
    const before = `${state}`;
    fromUrl();
    if (`${state}` === before) return;
    if (ui.dialog) isAsked() ? show() : close();
    search("history");
  };
  const type = () => {
    clearTimeout(timer);
    timer = setTimeout(() => choose({ q: ui.input.value }, "type", "replaceState"), 200);
  };

  // Asking

  const address = (path, asked) => {
    const url = new URL(path, base);
    for (const [name, value] of [["site", get("site")], ...asked]) if (value) url.searchParams.append(name, value);
    return url;
  };
  const stop = () => {
    clearTimeout(timer);
    control = control?.abort();
  };
  /** The answer; undefined if too late. */
  const ask = async (path, asked, cause) => {
    const url = address("v1/" + path, asked);
    stop();
    const own = (control = new AbortController());
    timer = setTimeout(() => own.abort(), 8000);
    const token = host.token ?? get("token");
    const headers = { ...(token && { authorization: "Bearer " + token }) };
    try {
      if (!tell("request", { url, cause })) return;
      ui.body.ariaBusy = true;
      const response = await fetch(url, { headers, signal: own.signal, credentials: "omit", referrerPolicy: "no-referrer" });
      const reading = response.text().then((text) => JSON.parse(text, (_, value) => value?.slice?.(0, 500) ?? value));
      if (!response.ok)
        throw { ...(await reading.catch(() => {})), status: response.status, wait: +response.headers.get("retry-after") || 5 };
      const answer = await reading;
      if (own === control) return answer;
    } catch (error) {
      if (own === control) throw error;
    }
  };
  const search = async (cause) => {
    stop();
    ui.body.hidden = !isAsked() && get("browse") == null;
    if (ui.body.hidden) return put(ui.count);
    const asked = [...new URLSearchParams(get("filter", "")), ...state, ["facet_size", 100], ["per_page", perPage]];
    for (const name of facets) if (name !== "date") asked.push(["facet", name]);
    try {
      const answer = await ask("search", asked, cause);
      if (answer === undefined) return;
      paint(answer);
      tell("results", { asked: `${state}`, total: answer.total, cause });
    } catch (error) {
      fail(error);
    }
    ui.body.ariaBusy = false;
    if (cause === "page") ui.count.focus();
  };
  const fail = ({ status = 0, detail, message, wait }) => {
    tell("error", { status, message: detail ?? message });
    const said = status === 429 || status === 503 ? say("busy", wait) : (status === 400 && detail) || say("error");
    put(ui.count, el("bdi", 0, said), " ", button("retry", say("retry"), () => search("retry"), { id: "retry" }));
    put(ui.results);
    put(ui.pages);
    ui.slot.hidden = false;
    for (const field of host.querySelectorAll("[name=q]")) field.value = q();
  };

  // Results

  const paint = ({ total, hits, facets: counts }) => {
    for (const field of facets) if (counts[field]) paintFacet(field, counts[field].values);
    put(ui.count, el("bdi", 0, say("count", total)));
    put(ui.results, ...hits.map(result));
    put(ui.pages, ...pages(Math.ceil(Math.min(total, REACHABLE) / perPage)));
    put(ui.chips, ...chips());
    put(ui.filters, say("filters"), " ", filters().length || "");
    ui.sort.value = state.get("sort") ?? SORTS[q() ? 0 : 1];
    for (const name of DATES) if (ui[name]) ui[name].value = state.get(name);
    ui.columns.hidden = false;
    ui.slot.hidden = true;
  };
  const result = (hit, i) => {
    const url = isWeb(hit.url) ? hit.url : address("articles/" + encodeURIComponent(hit.id), [["q", q()]]).href;
    const click = (event) => {
      if (!tell("select", { id: hit.id, url, position: (page() - 1) * perPage + i + 1 })) event.preventDefault();
    };
    const passage = (isTitle) => hit.highlights.find(({ field }) => (field === "title") === isTitle)?.parts;
    return el("li.result", { lang: hit.language },
      el("p.dateline", { lang }, dateline(hit)),
      el("p.title", { dir: "auto" },
        el("a.link", { href: url, target: get("target"), click }, marked(passage(true) ?? [hit.title]))),
      el("p.snippet", { dir: "auto" }, marked(passage(false) ?? [])));
  };
  const dateline = ({ regions, published, source }) => {
    const [path] = ROLES.flatMap((role) =>
      regions.filter((value) => value.role === role).map(({ path }) => path).sort((a, b) => b.length - a.length));
    return [
      path && el("bdi.place", 0, path.slice(path.length > 1).reverse().join(", ")),
      published && date(published),
      source && el("bdi.source", 0, source),
    ].filter(Boolean).flatMap((part, i) => (i ? [" · ", part] : part));
  };
  const date = ({ start, end, precision, basis }) => {
    const to = ["year", "month"].indexOf(precision);
    const parts = { timeZone: "UTC", year: "numeric", ...(to && { month: "long" }), ...(to < 0 && { day: "numeric" }) };
    const format = new Intl.DateTimeFormat(lang, parts);
    const said = format.formatRange(new Date(start), new Date(precision === "range" ? end : start));
    return basis === "inferred" ? el("span.inferred", 0, said, ", ", say("inferred")) : said;
  };
  const pages = (last) => {
    const n = page();
    const step = (name, page) => (page && page <= last ? button("page", say(name), () => choose({ page }, "page")) : "");
    return last * n > 1 ? [step("previous", Math.min(n - 1, last)), n + " / " + last, step("next", n + 1)] : [];
  };

  // Filters

  const chips = () => {
    const all = filters().map(([name, value]) => {
      const rest = state.getAll(name).filter((one) => one !== value);
      const label = DATES.includes(name) ? say(name) + " " + value : names.get(value) ?? value;
      return button("chip", [el("bdi", 0, label), " ×"], () => choose({ [name]: rest }), { id: "chip" + name + value });
    });
    const clear = () => choose({ ...none(), q: q() });
    return all[0] ? [...all, button("clear", say("clear"), clear)] : [];
  };
  const paintFacet = (field, values) =>
    put(ui[field], el("legend", 0, words[field] ?? say("place")), tree(field, values, []));
  const tree = (field, values, above) =>
    el("ul.values", 0, values.map((value) => {
      const { id, value: name, count, selected, children } = value;
      const isIn = (one) => one.selected || one.children.some(isIn);
      names.set(id, name);
      const change = () => {
        const unseen = state.getAll(field).filter((one) => names.has(one) && !root.getElementById(field + one));
        const on = [...ui[field].querySelectorAll(":checked")].map(({ value }) => value);
        choose({ [field]: [...unseen, ...on].filter((one) => !above.includes(one)) }); // else the wider counts
      };
      const box = el("input.box", { type: "checkbox", value: id, id: field + id, change });
      box.checked = selected;
      const made = el("li.value", 0, el("label.option", 0, box, el("bdi.name", 0, name),
        el("span.number", 0, count.toLocaleString(lang))));
      if (!children[0]) return made;
      const branch = el("details.branch", { id: "in" + id }, el("summary", { "aria-label": name }),
        tree(field, children, [...above, id]));
      branch.open = root.getElementById("in" + id)?.open ?? (children.some(isIn) || !(values[1] || above[0]));
      made.append(branch);
      return made;
    }));

  // Suggestions

  const suggest = async () => {
    const answer = await ask("suggest", [...state], "type").catch(() => null);
    if (answer === undefined) return;
    put(ui.list, ...(answer?.groups ?? []).filter(({ items }) => items[0]).map(group));
    expand(ui.list.hasChildNodes() && root.activeElement === ui.input);
  };
  const group = ({ kind, items }) =>
    el("div", { role: "group", "aria-label": words[kind] }, el("div.kind", { "aria-hidden": true }, words[kind]),
      items.map((item, i) => el("div.suggestion", {
        id: id + kind + i, role: "option", click: () => pick(kind, item, i),
        mousedown: (event) => event.preventDefault(), // the focus stays where it is
      }, el("bdi.name", 0, item.text), el("span.number", 0, item.count))));
  const pick = (kind, { id, url }, i) => {
    const isHere = kind !== "title" && get("action"); // the site's own page of results
    url = new URL(isHere || url, isHere ? document.baseURI : base);
    if (isHere) url.searchParams.set(param + (kind === "place" ? "region" : kind), id);
    if (isWeb(url) && tell("select", { id, url: url.href, position: i + 1 })) open(url, get("target", "_self"));
  };
  const options = () => [...ui.list.querySelectorAll("[role=option]")];
  const expand = (isOpen, chosen = -1) => {
    ui.list.hidden = !isOpen;
    ui.input.ariaExpanded = isOpen;
    options().forEach((option, i) => (option.ariaSelected = i === chosen));
    ui.input.setAttribute("aria-activedescendant", options()[chosen]?.id ?? "");
    options()[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const press = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = options();
    const at = all.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "Escape") stop();
    if (event.isComposing || !all[0]) return;
    if (step) expand(true, ((at + step + all.length + 2) % (all.length + 1)) - 1);
    else if (event.key === "Enter" && all[at]) all[at].click();
    else if (event.key === "Escape" && !ui.list.hidden) expand(false);
    else return;
    event.preventDefault();
  };

  // The elements

  const form = (label) => {
    const isList = mode === "suggest";
    ui.input = el("input.input", {
      "aria-label": label, name: get("action") ? param + "q" : "q", type: isList ? "text" : "search", maxlength: 256, dir: "auto",
      autocomplete: "off", input: (event) => event.isComposing || type(), compositionend: type,
      ...(isList && { role: "combobox", "aria-expanded": false, "aria-controls": id + "list", "aria-autocomplete": "list",
        keydown: press, blur() { stop(); expand(false); } }),
    });
    ui.list = isList && el("div.list", { id: id + "list", role: "listbox", "aria-label": label, hidden: "" });
    const submit = (event) => {
      if (isList) return;
      event.preventDefault();
      state = new URLSearchParams(settled); // typing made none
      toUrl("replaceState");
      choose({ q: ui.input.value }, "submit");
    };
    return el("form.form", { action: get("action", base), target: get("target"), submit },
      ui.input, get("site") && el("input", { type: "hidden", name: "site", value: get("site") }), el("button.button", 0, say("search")), ui.list);
  };
  const day = (name) => {
    const label = say(name);
    const change = () => ui[name].reportValidity() && choose({ [name]: ui[name].value });
    return (ui[name] = el("input.day", { "aria-label": label, placeholder: label, change,
      pattern: "\\d{4}(-\\d\\d){0,2}", title: "2019, 2019-03-05" }));
  };
  const build = () => {
    const label = get("label", say("label"));
    ui.count = el("p.count", { role: "status", tabindex: -1 });
    ui.sort = el("select.sort", { "aria-label": say("sort"), change: () => choose({ sort: ui.sort.value }) },
      SORTS.map((sort) => el("option", { value: sort }, say(sort))));
    ui.chips = el("div.chips", { role: "group", "aria-label": say("filters") });
    ui.filters = el("summary", 0);
    ui.results = el("ol.results", 0);
    ui.pages = el("div.pages", 0);
    ui.slot = el("slot", { hidden: "" });
    ui.columns = el("div.columns", { hidden: "" },
      facets[0] && el("details.filters", { open: host.clientWidth > 700 ? "" : null }, ui.filters,
        facets.map((name) => (ui[name] = el("fieldset.facet", 0,
          name === "date" && [el("legend", 0, say(name)), el("div.dates", 0, DATES.map(day))])))),
      el("div.found", 0, ui.results, ui.pages));
    ui.body = el("div.body", { hidden: "" }, ui.chips, ui.columns);
    const parts = [form(label), !ui.list && [el("div.bar", 0, ui.count, ui.sort), ui.slot, ui.body]];
    if (mode === "dialog") ui.dialog = el("dialog.dialog", { "aria-label": label, close() { query = ""; choose(none()); } },
      button("close", say("close"), close), parts);
    root.replaceChildren(el("div.root", { lang: own || host.strings ? lang : "en", role: "search", "aria-label": label },
      ui.dialog && button("opener", label, show, { "aria-haspopup": "dialog" }), ui.dialog ?? parts));
  };
  const show = () => {
    if (ui.dialog?.open === false) {
      ui.dialog.showModal();
      ui.input.focus();
    }
    search("load");
  };
  const close = () => ui.dialog?.close();

  build();
  if (!ui.list && param) {
    prefix = param;
    for (let n = 2; prefixes.has(prefix); n++) prefix = `ds${n}_`;
    prefixes.add(prefix);
    addEventListener("popstate", back, life);
  }
  fromUrl();
  if (ui.dialog && !isAsked()) {
    query = get("query");
    fromUrl();
  } else if (!ui.list) show();
  if (typed?.className === "input") {
    if (ui.dialog) show();
    ui.input.focus();
    if (ui.input.value !== typed.value) type((ui.input.value = typed.value));
  }
  Object.assign(host, { ask: choose, show, close });
  return () => {
    life.abort();
    stop();
    prefixes.delete(prefix);
  };
};

export class DatelineSearch extends HTMLElement {
  static observedAttributes = "src mode facets query lang label per-page filter site browse action param target".split(" ");
  #root = Object.assign(this.attachShadow({ mode: "open" }), { adoptedStyleSheets: [sheet] });
  #stop;
  connectedCallback(typed) {
    this.#stop = run(this, this.#root, typed);
  }
  disconnectedCallback() {
    this.#stop = this.#stop();
  }
  attributeChangedCallback() {
    if (!this.#stop) return;
    const typed = this.#root.activeElement;
    this.disconnectedCallback();
    this.connectedCallback(typed);
  }
}

if (!customElements.get("dateline-search")) customElements.define("dateline-search", DatelineSearch);
