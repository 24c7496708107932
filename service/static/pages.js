/* What makes the pages better where scripts run. All of it works without: links lead where they say, forms send what they
   hold. Listeners stand on the document, so that they serve what is put into the page later; `dress` adds what only a script
   can give. No HTML is made from data: pages come whole from this service, everything else is set as text. */

const $ = (what, within = document) => within.querySelector(what);
const $$ = (what, within = document) => [...within.querySelectorAll(what)];
const make = (tag, properties = {}, ...inside) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
};
/** The address of an answer to what this page's site is answered, if it is a site's. */
const asked = (path, params) => {
  const site = new URLSearchParams(location.search).get("site");
  return `${path}?${new URLSearchParams(site ? { ...params, site } : params)}`;
};
const say = (text) => { $("#status").textContent = text; };

/* ---- visits: another question on the same page ---- */

const SLOW_MS = 300;
let asking = null;
let shown = location.pathname + location.search;

async function visit(address, { push = true, toTop = false, scroll = null } = {}) {
  asking?.abort();
  const mine = asking = new AbortController();
  const slow = setTimeout(() => $("main").setAttribute("aria-busy", "true"), SLOW_MS);
  try {
    const answer = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!$("main", page)) throw new TypeError("not a page");
    if (push) {
      history.replaceState({ scroll: scrollY }, "");
      history.pushState(null, "", address);
    }
    show(page);
    if (toTop) $("#results")?.scrollIntoView();
    if (scroll !== null) scrollTo(0, scroll);
  } catch (error) {
    if (error.name !== "AbortError") cannot(address, push);
  } finally {
    clearTimeout(slow);
    if (asking === mine) $("main").removeAttribute("aria-busy");
  }
}

function show(page) {
  const old = $("main"), fresh = document.adoptNode($("main", page));
  const focused = document.activeElement?.id, typed = $("#q", old)?.value, sent = $("#q", old)?.dataset.sent;
  for (const each of $$("details[id]", old)) {
    const same = fresh.querySelector(`#${CSS.escape(each.id)}`);
    if (same) same.open = each.open;
  }
  old.replaceWith(fresh);
  document.title = page.title;
  for (const link of $$("head link[rel=alternate]")) link.remove();
  document.head.append(...$$("head link[rel=alternate]", page).map((link) => document.adoptNode(link)));
  shown = location.pathname + location.search;
  dress();
  if (sent !== undefined && typed !== sent) $("#q").value = typed;
  const again = focused && document.getElementById(focused);
  (again || $("#found"))?.focus({ preventScroll: true });
  say($("#found, h1")?.textContent.trim() ?? "");
}

function cannot(address, push) {
  $("#unreached")?.remove();
  const again = make("a", { href: address, textContent: "Try again" });
  again.dataset.again = push ? "push" : "";
  const notice = make("p", { id: "unreached", className: "notice" }, "The archive cannot be reached. What you see is from before. ", again);
  notice.setAttribute("role", "alert");
  ($(".found") ?? $("main").firstElementChild).before(notice);
}

/* The address if following it changes the question and not the page. */
const anotherQuestion = (address) => {
  const to = new URL(address, location.href);
  const isOurs = to.origin === location.origin && to.pathname === location.pathname && ["/", "/docs"].includes(to.pathname);
  return isOurs && to.search !== location.search ? to.pathname + to.search : null;
};

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const href = link.getAttribute("href");
  const to = "again" in link.dataset ? href : "plain" in link.dataset || href.startsWith("#") ? null : anotherQuestion(href);
  if (!to) return;
  event.preventDefault();
  visit(to, { push: link.dataset.again !== "", toTop: Boolean(link.closest(".paging")) });
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if ("try" in form.dataset) return;
  const fields = [...new FormData(form)].filter(([, value]) => value.trim() || form.id === "builder");
  const query = new URLSearchParams(fields).toString();
  const action = new URL(form.action).pathname;
  if (action !== location.pathname || !["/", "/docs"].includes(action)) return;
  event.preventDefault();
  closeOffers();
  const box = $("#q");
  if (box) box.dataset.sent = box.value;
  const to = query ? `${action}?${query}` : action;
  visit(to, { push: to !== location.pathname + location.search });
});

addEventListener("popstate", (event) => {
  const now = location.pathname + location.search;
  if (now !== shown) visit(now, { push: false, scroll: event.state?.scroll ?? 0 });
});

/* ---- suggestions ---- */

const WAIT_MS = 150;
const KINDS = { title: "Articles", place: "Places", topic: "Topics", source: "Sources" };
let typing = 0;
let suggesting = null;

const offers = () => $("#offers");
const options = () => (offers() ? $$("[role=option]", offers()) : []);

function stopSuggesting() {
  clearTimeout(typing);
  suggesting?.abort();
}

function closeOffers() {
  stopSuggesting();
  offers()?.remove();
  const box = $("#q");
  box?.setAttribute("aria-expanded", "false");
  box?.removeAttribute("aria-activedescendant");
}

async function suggest(box) {
  suggesting?.abort();
  suggesting = new AbortController();
  try {
    const answer = await fetch(asked("/v1/suggest", { q: box.value }), { signal: suggesting.signal });
    if (answer.ok) offer(box, (await answer.json()).groups.filter((group) => group.items.length));
  } catch {
    /* Without suggestions the box is a box. */
  }
}

function offer(box, groups) {
  closeOffers();
  if (!groups.length || document.activeElement !== box) return;
  const list = make("div", { id: "offers", className: "offers" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  let number = 0;
  for (const { kind, items } of groups) {
    const group = make("div", {}, make("div", { className: "kind", textContent: KINDS[kind] ?? kind, id: `kind-${kind}` }));
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", `kind-${kind}`);
    for (const item of items) {
      const option = make("div", { id: `offer-${number++}` }, make("span", { textContent: item.text, dir: "auto" }));
      if (item.count !== null) option.append(make("span", { className: "count", textContent: item.count.toLocaleString("en") }));
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.address = item.url;
      group.append(option);
    }
    list.append(group);
  }
  box.after(list);
  box.setAttribute("aria-expanded", "true");
  say(number === 1 ? "1 suggestion" : `${number} suggestions`);
}

function point(box, step) {
  const all = options(), now = all.findIndex((option) => option.ariaSelected === "true");
  const next = (now + step + all.length + 1) % (all.length + 1);
  const at = now < 0 && step < 0 ? all.length - 1 : next;
  all.forEach((option, index) => { option.ariaSelected = String(index === at); });
  all[at]?.scrollIntoView({ block: "nearest" });
  all[at] ? box.setAttribute("aria-activedescendant", all[at].id) : box.removeAttribute("aria-activedescendant");
}

function follow(option) {
  const address = option.dataset.address, to = anotherQuestion(address);
  closeOffers();
  if (to) visit(to); else location.assign(new URL(address, location.href));
}

document.addEventListener("input", (event) => {
  const box = event.target;
  if (box.id === "q" && !event.isComposing) {
    stopSuggesting();
    if (box.value.trim()) typing = setTimeout(suggest, WAIT_MS, box); else closeOffers();
  }
  if (box.id === "add-region") {
    clearTimeout(typing);
    typing = setTimeout(suggestPlaces, WAIT_MS, box);
  }
  if (box.form?.id === "builder") {
    clearTimeout(typing);
    typing = setTimeout(() => box.form.checkValidity() && box.form.requestSubmit(), WAIT_MS * 2);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "q" || event.isComposing) return;
  if (event.key === "Escape") stopSuggesting();
  if (!offers()) return;
  const chosen = options().find((option) => option.ariaSelected === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") point(event.target, event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter" && chosen) follow(chosen);
  else if (event.key === "Escape") closeOffers();
  else return;
  event.preventDefault();
});
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.("#offers [role=option]");
  if (event.target.closest?.("#offers")) event.preventDefault();
  if (option && !event.button) follow(option);
});
document.addEventListener("focusout", (event) => { if (event.target.id === "q") closeOffers(); });

async function suggestPlaces(box) {
  suggesting?.abort();
  if (!box.value.trim()) return;
  suggesting = new AbortController();
  try {
    const answer = await fetch(asked("/v1/facets/region", { facet_size: 8, facet_q: box.value }), { signal: suggesting.signal });
    const names = (values) => values.flatMap((value) => [value.path.join(" > "), ...names(value.children)]);
    $("#places").replaceChildren(...names((await answer.json()).values ?? []).map((value) => make("option", { value })));
  } catch {
    /* Likewise. */
  }
}

/* ---- the map: arrow keys between neighbours ---- */

const WAYS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };

function standOn(province) {
  for (const each of $$(".province")) each.setAttribute("tabindex", each === province ? "0" : "-1");
}

document.addEventListener("keydown", (event) => {
  const province = event.target.closest?.(".province");
  if (!province || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = province.dataset[WAYS[event.key]], table = $("#map-table");
  if (next) document.getElementById(next).focus();
  else if (event.key === "t") {
    table.open = true;
    $("summary", table).focus();
  } else if (!(event.key in WAYS)) return;
  event.preventDefault();
});
for (const kind of ["focusin", "pointerover", "focusout", "pointerout"])
  document.addEventListener(kind, (event) => {
    const province = event.target.closest?.(".province"), said = $("#map-said");
    if (!province || !said) return;
    if (kind === "focusin") standOn(province);
    said.textContent = kind.endsWith("in") || kind.endsWith("over") ? `${province.dataset.name}: ${province.dataset.count}` : "";
  });

/* ---- the histogram: drag over the days that are wanted ---- */

let sweep = null;

const bars = () => $$(".histogram .bar");
const barAt = (event) => {
  const { left, width } = $(".histogram").getBoundingClientRect(), all = bars();
  return Math.min(all.length - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * all.length)));
};
const swept = () => (sweep ? bars().slice(Math.min(sweep.from, sweep.to), Math.max(sweep.from, sweep.to) + 1) : []);
const paint = () => { const inside = new Set(swept()); for (const bar of bars()) bar.classList.toggle("swept", inside.has(bar)); };

document.addEventListener("pointerdown", (event) => {
  if (event.button || !event.target.closest?.(".histogram .bars")) return;
  const at = barAt(event);
  sweep = { from: at, to: at };
  $(".histogram").setPointerCapture(event.pointerId);
  paint();
});
document.addEventListener("pointermove", (event) => {
  if (!sweep) return;
  sweep.to = barAt(event);
  paint();
});
document.addEventListener("pointercancel", () => { sweep = null; paint(); });
document.addEventListener("pointerup", () => {
  if (!sweep) return;
  const chosen = swept(), form = $(".between");
  sweep = null;
  const isAsBefore = chosen.every((bar) => bar.matches(".chosen")) && chosen.length === $$(".bar.chosen").length;
  form.elements.date_from.value = isAsBefore ? "" : chosen[0].dataset.from;
  form.elements.date_to.value = isAsBefore ? "" : chosen.at(-1).dataset.to;
  form.requestSubmit();
});
addEventListener("keydown", (event) => { if (event.key === "Escape" && sweep) { sweep = null; paint(); } });

/* ---- an article: a value lights its words ---- */

for (const [kind, isOn] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]])
  document.addEventListener(kind, (event) => {
    const one = event.target.closest?.("[data-reason]"), value = event.target.closest?.(".known .value");
    const numbers = new Set((one ? [one] : value ? $$("[data-reason]", value) : []).map((each) => each.dataset.reason));
    if (!numbers.size) return;
    for (const words of $$(".words")) words.classList.toggle("lit", isOn && words.dataset.reasons.split(" ").some((number) => numbers.has(number)));
  });

/* ---- one thing open at a time; copying; trying ---- */

document.addEventListener("click", (event) => {
  for (const open of $$("details.why[open]")) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of $$("details.why[open]")) { open.open = false; $("summary", open).focus(); }
  if (location.hash === "#filters") location.hash = "results";
});

async function copy(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    say("Copied");
  } catch {
    button.textContent = "Select it and copy";
  }
  setTimeout(() => { button.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.copy");
  if (button) copy(button, button.previousElementSibling.textContent.trim());
  if (event.target.id === "share") {
    event.preventDefault();
    copy(event.target, event.target.href);
  }
  const tried = event.target.closest?.("a[data-try]");
  if (tried && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    tryOut(tried.href);
  }
}, true);
document.addEventListener("submit", (event) => {
  if (!("try" in event.target.dataset)) return;
  event.preventDefault();
  tryOut(`${event.target.action}?${new URLSearchParams(new FormData(event.target))}`);
});

const SHOWN_CHARACTERS = 20000;

async function tryOut(address) {
  const out = $("#answer");
  try {
    const answer = await fetch(address);
    const text = await answer.text();
    const isJson = /json$|json;/.test(answer.headers.get("Content-Type") ?? "");
    out.textContent = (isJson ? JSON.stringify(JSON.parse(text), null, 1) : text).slice(0, SHOWN_CHARACTERS);
  } catch {
    out.textContent = "The archive cannot be reached. Try again.";
  }
  out.hidden = false;
  out.scrollIntoView({ block: "nearest" });
  out.focus({ preventScroll: true });
}

/* ---- what only a script can give ---- */

function dress() {
  const box = $("#q");
  if (box) {
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-expanded", "false");
    box.setAttribute("aria-controls", "offers");
  }
  const add = $("#add-region");
  if (add) {
    add.setAttribute("list", "places");
    add.after(make("datalist", { id: "places" }));
  }
  const provinces = $$(".province");
  if (provinces.length) standOn($(".province.chosen") ?? provinces.find((each) => each.id === "map-kp-pyongyang") ?? provinces[0]);
  for (const each of $$("[data-copy]")) each.after(make("button", { type: "button", className: "copy", textContent: "Copy" }));
  for (const widget of $$("dateline-search"))
    for (const [name, colour] of Object.entries(widget.dataset)) widget.style.setProperty(`--dateline-${name}`, colour);
}

document.documentElement.classList.add("able");
dress();
