// The page's own script: which study is shown, its charts, what is pointed at and selected, the search for a number.
// Everything that is read from data enters the page as text.
const data = JSON.parse(document.getElementById("data").textContent);
const code = new Blob([JSON.parse(document.getElementById("datatables").textContent)], { type: "text/javascript" });
const { default: DataTable } = await import(URL.createObjectURL(code));
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const charts = new Map(), tables = new Map(); // element -> the Vega view, the DataTable in it
let article, study, hovered = "", chosen = "", run = "";
const NARROW = 600, MOST_PINNED = 0.75; // pixels; of the width of a table's place

const anchorOf = (key) => key.replaceAll("_", "-");
const counted = (count) => count.toLocaleString("en");

function element(name, text, attributes = {}) {
  const made = Object.assign(document.createElement(name), attributes);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Studies and views

function show(name) {
  for (const other of all("article.study")) other.hidden = other.dataset.study !== name;
  article = document.querySelector("article.study:not([hidden])");
  study = data.studies[name];
  document.getElementById("study").value = name;
  document.title = document.getElementById("title").textContent = study.title;
  for (const link of all("nav a")) link.hidden = !sectionOf(link.dataset.view);
  for (const table of all("table.data:not(.dataTable)", article)) tabulate(table);
  for (const table of all("[data-pinned]", article)) watch(table);
  for (const chart of all(".chart", article)) { seen.observe(chart); widths.observe(chart); }
  chosen = hovered = "";
  choose("");
  ofArchitecture();
  open(Object.keys(study.runs).find((path) => path));
  budget();
  if (study.pairs) architectures();
  if (location.hash.startsWith("#view-") && !sectionOf(location.hash.slice(6))) history.replaceState(null, "", "#view-overview");
  list(document.getElementById("search").value);
}

function say(words) {
  const said = document.getElementById("said");
  said.textContent = words;
  said.hidden = !words;
  if (words) said.scrollIntoView({ block: "center" });
}

function sectionOf(view) {
  return (article.querySelector(`[data-section="${view}"]`) ?? document.querySelector(`main > [data-section="${view}"]`));
}

function tabulate(table) {
  const options = { order: [], lengthMenu: [10, 15, 25, 50, { label: "all", value: -1 }], pageLength: Number(table.dataset.pageLength) };
  tables.set(table, new DataTable(table, { ...options, autoWidth: false, language: { search: "Filter:" } }));
}

// A table that is wider than its place says so, and keeps the columns that name a row.

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target)));

function watch(table) {
  const place = table.closest(".dt-layout-cell, .wide");
  if (!place.classList.contains("scroller")) {
    place.classList.add("scroller");
    place.note = element("p", "Wider than its place: scroll the table sideways to see all columns.", { className: "note sideways", hidden: true });
    (place.closest(".dt-layout-row") ?? place).before(place.note);
  }
  sizes.observe(table);
  sizes.observe(place);
}

function fit(target) {
  const place = target.closest(".scroller"), table = place.querySelector("table"), cells = table.rows[0]?.cells ?? [];
  let left = 0;
  for (let index = 0; index < table.dataset.pinned; index++) {
    const width = cells[index]?.getBoundingClientRect().width ?? 0, fits = left + width <= MOST_PINNED * place.clientWidth;
    table.style.setProperty(`--left-${index + 1}`, fits ? `${left}px` : "auto");
    left += width;
  }
  const scrolls = place.scrollWidth > place.clientWidth + 1;
  place.note.hidden = !scrolls;
  place.toggleAttribute("tabindex", scrolls);
  if (scrolls) Object.assign(place, { tabIndex: 0, role: "region", ariaLabel: table.caption?.textContent ?? "table" });
  shade(place);
}

function shade(place) {
  place.classList.toggle("more", place.scrollLeft + place.clientWidth < place.scrollWidth - 1);
}

// Charts

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, { rootMargin: "400px" });

const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    clearTimeout(target.waiting);
    if (!target.drawn || !target.clientWidth || target.clientWidth === target.drawnWidth) continue;
    target.waiting = setTimeout(() => { target.drawn = null; draw(target); }, 150);
  }
});

async function draw(place) {
  seen.unobserve(place);
  const group = place.dataset.group;
  const choice = article.querySelector(`select.choose[data-group="${group}"]`)?.value ?? group;
  const specification = study.charts[`${group}/${choice}`];
  if (!specification || place.drawn === specification) return;
  const turn = (place.turn = (place.turn ?? 0) + 1);
  Object.assign(place, { drawn: specification, drawnWidth: place.clientWidth });
  const height = place.clientWidth < NARROW ? specification.usermeta?.narrowHeight : undefined;
  charts.get(place)?.finalize();
  charts.delete(place);
  const { view } = await vegaEmbed(place, { ...specification, ...(height && { height }) }, { actions: false, renderer: "svg" });
  if (turn !== place.turn) return view.finalize(); // drawn again meanwhile
  charts.set(place, view);
  if (group === "cost") for (const mark of all("g.mark-symbol.role-mark path", place)) mark.tabIndex = 0;
  view.addEventListener("mouseover", (_, item) => point(item?.datum?.cell ?? ""));
  view.addEventListener("mouseout", () => point(""));
  view.addEventListener("click", (_, item) => item?.datum?.cell && choose(item.datum.cell));
  signal(view, { chosen, run });
}

function signal(view, values) {
  for (const [name, value] of Object.entries(values)) {
    try { view.signal(name, value); } catch { continue; } // not every chart has each
  }
  view.runAsync();
}

function everywhere(values) {
  for (const [place, view] of charts) if (article.contains(place)) signal(view, values);
}

function gridRows() {
  return all("table.grid", article).flatMap((table) => tables.get(table).rows().nodes().toArray());
}

function rows(cell, name) {
  for (const row of gridRows()) row.classList.toggle(name, row.dataset.cell === cell);
}

function point(cell) {
  if (cell === hovered) return;
  hovered = cell;
  rows(hovered, "hovered");
  tell();
  everywhere({ hovered });
}

function choose(cell) {
  chosen = cell === chosen ? "" : cell;
  rows(chosen, "chosen");
  for (const row of gridRows()) row.querySelector("button.pick").ariaPressed = String(row.dataset.cell === chosen);
  for (const select of all("select.mark", article)) select.value = chosen;
  everywhere({ chosen });
  tell();
}

function tell() {
  const select = article.querySelector('select.choose[data-group="cost"]'), cell = hovered || chosen;
  const at = study.costs[select.value].points.find((point) => point.cell === cell);
  article.querySelector(".told").textContent = at
    ? `${at.configuration} on ${at.architecture}: accuracy ${at.shown} (${at.interval}), ${select.selectedOptions[0].text.replace(/ \([^()]*\)$/, "")} ${at.price}`
    : cell ? "This configuration is not in the chart: it is no headline configuration, or has no run." : "";
}

function budget() {
  const { points } = study.costs[article.querySelector('select.choose[data-group="cost"]').value];
  const limit = parseFloat(article.querySelector(".budget").value);
  const on = article.querySelector(".budget-architecture").value;
  const within = points.filter((point) => point.cost <= limit && (!on || point.architecture === on)).sort((a, b) => b.accuracy - a.accuracy);
  const words = within.length
    ? `Most accurate of ${within.length} headline ${within.length === 1 ? "configuration" : "configurations"} within it: ${within[0].configuration} on ${within[0].architecture}, ${within[0].shown} at ${within[0].price}`
    : "Nothing is within it.";
  article.querySelector(".affordable").textContent = isNaN(limit) ? "" : limit < 0 ? "A budget is not negative." : words;
}

// Runs

function open(path, goes = false) {
  run = path;
  const of = study.runs[path];
  article.querySelector(".run-title").textContent = of.title;
  confusion(article.querySelector(".confusion"), of);
  const record = article.querySelector("dl.record");
  record.replaceChildren();
  for (const [name, value] of Object.entries({ file: path, ...of.record, ...study.runs[""].record })) {
    record.append(element("dt", name), element("dd", value));
  }
  for (const row of all("tr[data-run]", article)) row.classList.toggle("chosen", row.dataset.run === path);
  everywhere({ run });
  if (goes) {
    article.querySelector(".run").scrollIntoView();
    article.querySelector(".run").focus({ preventScroll: true });
  }
}

function confusion(table, of) {
  table.replaceChildren(element("caption", of.confusion ? "Test texts. Rows: actual class; columns: predicted class" : "The commonest confusions"));
  const head = table.createTHead().insertRow(), body = table.createTBody();
  if (!of.confusion) {
    for (const name of ["actual", "predicted", "texts"]) head.append(element("th", name, { scope: "col" }));
    for (const [actual, predicted, count] of of.confusions) {
      const row = body.insertRow(), cell = element("td");
      cell.append(linked(`${of.key}.confusion.${actual}.${predicted}`, counted(count)));
      row.append(element("td", study.classes[actual]), element("td", study.classes[predicted]), cell);
    }
    return;
  }
  for (const name of ["", ...study.classes]) head.append(element("th", name, { scope: "col" }));
  of.confusion.forEach((counts, actual) => {
    const row = body.insertRow(), total = counts.reduce((sum, count) => sum + count, 0);
    row.append(element("th", study.classes[actual], { scope: "row" }));
    counts.forEach((count, predicted) => {
      const shade = total ? count / total : 0, hue = actual === predicted ? "0, 114, 178" : "213, 94, 0";
      const cell = element("td");
      cell.append(linked(`${of.key}.confusion.${actual}.${predicted}`, counted(count)));
      cell.style.background = `rgba(${hue}, ${(shade * 0.35).toFixed(3)})`;
      row.append(cell);
    });
  });
}

// Errors

function options(select, names) {
  select.replaceChildren(...names.map((name) => element("option", label(name), { value: name })));
}

const label = (name) => study.names[name] ?? name;

function architectures() {
  options(article.querySelector(".pair-architecture"), Object.keys(study.pairs));
  firsts();
}

function firsts() {
  const of = study.pairs[article.querySelector(".pair-architecture").value] ?? {};
  options(article.querySelector(".pair-first"), Object.keys(of));
  seconds();
}

function seconds() {
  const of = study.pairs[article.querySelector(".pair-architecture").value] ?? {};
  options(article.querySelector(".pair-second"), Object.keys(of[article.querySelector(".pair-first").value] ?? {}));
  apart();
}

function apart() {
  const [architecture, first, second] = ["architecture", "first", "second"].map((part) => article.querySelector(`.pair-${part}`).value);
  const [count, few] = study.pairs[architecture]?.[first]?.[second] ?? [0, []];
  const shown = few.length < count ? `; ${few.length} of them:` : count ? ":" : ".";
  article.querySelector(".pair-count").replaceChildren(
    linked(`page.apart.${architecture}.${first}.${second}`, counted(count)),
    ` test texts are right in every run of ${label(first)} and wrong in every run of ${label(second)}${shown}`);
  article.querySelector(".pair-texts").replaceChildren(...few.map((row) => {
    const line = element("li");
    line.append(element("span", `label: ${study.labels[row]}`, { className: "tag" }), " ", words(row), " ", element("span", `row ${row}`, { className: "note" }));
    return line;
  }));
}

function words(row) {
  const short = study.texts[row] ?? "", long = study.whole[row];
  if (!long) return short;
  const details = element("details", undefined, { className: "whole" });
  details.append(element("summary", short), long);
  return details;
}

// Numbers

const own = data.studies[Object.keys(data.studies)[0]]; // the study of this build
for (const [path, of] of Object.entries(own.runs)) {
  const entries = of.confusions ?? of.confusion?.flatMap((counts, actual) => counts.map((count, predicted) => [actual, predicted, count]));
  for (const [actual, predicted, count] of entries ?? []) {
    const place = `confusion.${actual}.${predicted}`, key = `${of.key}.${place}`, text = counted(count);
    data.numbers[anchorOf(key)] = { key, text, shown: text, value: String(count), source: path, sourceKey: `quality.${place}`, command: of.command, onPage: true, printed: false };
  }
}

function linked(key, text) {
  const anchor = anchorOf(key);
  if (study !== own || !data.numbers[anchor]) return text;
  const link = element("a", text, { className: "number", href: `#${anchor}` });
  link.dataset.number = key;
  return link;
}

const where = (number) => number.printed ? (number.onPage ? "in the paper and on this page" : "in the paper") : number.onPage ? "on this page alone" : "in neither the paper nor this page";

const plain = (text) => text.toLowerCase().replaceAll("\u2212", "-").replaceAll("\u00a0", " ").replace(/^\+/, "").trim();
const index = Object.entries(data.numbers).map(([anchor, number]) => ({
  anchor, number, key: plain(number.key), text: plain(number.text), shown: plain(number.shown), all: plain(`${number.key} ${number.shown} ${number.source}`),
}));

function search(words) {
  const wanted = plain(words), bare = wanted.replace(/ ?%$/, "");
  const tests = [
    (entry) => entry.key === wanted,
    (entry) => [entry.text, entry.shown, entry.text.replace(/^[-<]/, "")].some((text) => text === wanted || text === bare),
    (entry) => entry.key.startsWith(wanted),
    (entry) => wanted.split(/\s+/).every((word) => entry.all.includes(word)),
  ];
  if (!wanted) return [];
  for (const test of tests) {
    const found = index.filter(test);
    if (found.length) return found.sort((a, b) => b.number.printed - a.number.printed);
  }
  return [];
}

const introduction = document.getElementById("found").textContent;

function list(words) {
  const found = search(words), most = 60;
  const others = study === own ? "" : ` in this build; numbers of ${study.heading} are not searched`;
  document.getElementById("found").textContent = words.trim()
    ? `${found.length} found${others}${found.length > most ? `; the first ${most}:` : ""}` : introduction;
  document.getElementById("matches").replaceChildren(...found.slice(0, most).map(({ anchor, number }) => {
    const line = element("li"), link = element("a", `${number.shown} `, { href: `#${anchor}`, className: "match" });
    link.append(element("code", number.key));
    line.append(link, element("span", ` ${where(number)}`, { className: "note" }));
    return line;
  }));
}

function close() {
  document.getElementById("number").replaceChildren();
  if (Object.hasOwn(data.numbers, location.hash.slice(1))) history.replaceState(null, "", "#view-numbers");
}

function origin(anchor) {
  const number = data.numbers[anchor], place = document.getElementById("number");
  const heading = element("h3", number.shown + " "), about = element("dl", undefined, { className: "origin" });
  heading.append(element("code", number.key));
  const say = (name, ...what) => {
    const description = element("dd");
    description.append(...what);
    about.append(element("dt", name), description);
  };
  say("value before rounding", number.value);
  say("source", element("code", number.source), `: ${number.sourceKey}`);
  say("made again by", element("code", number.command));
  if (number.records) say("records", ...data.files[number.records].flatMap((file) => [record(file), " "]));
  if (number.parameters) say("parameters", ...data.files[number.parameters].flatMap((file) => [element("code", file), " "]));
  say("shown", where(number));
  place.replaceChildren(heading, about);
  place.scrollIntoView({ block: "center" });
  place.focus({ preventScroll: true });
}

function record(file) {
  const owner = Object.keys(data.studies).find((name) => file in data.studies[name].runs);
  if (!owner) return element("code", file);
  const button = element("button", file, { type: "button", className: "go" });
  button.addEventListener("click", () => {
    if (owner !== article.dataset.study) show(owner);
    open(file, true);
  });
  return button;
}

function go() {
  let name = location.hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* as it stands */ }
  say("");
  if (Object.hasOwn(data.numbers, name)) return origin(name);
  if (name.startsWith("view-") && sectionOf(name.slice(5))) return sectionOf(name.slice(5)).scrollIntoView();
  if (!name || document.getElementById(name)) return;
  say(name.startsWith("view-") ? `This study has no view “${name.slice(5)}”. ${study.absent}` : `No number of this build has the key “${name}”. Search for it under Numbers.`);
}

function ofArchitecture() {
  const table = article.querySelector("table.differences"), select = article.querySelector('select.choose[data-group="forest"]');
  if (table && select) tables.get(table).column(0).search(select.selectedOptions[0].text, { exact: true }).draw();
}

// What the reader does

document.addEventListener("click", ({ target }) => {
  if (target.closest("nav a")?.hash === location.hash) go();
  if (target.closest("a.number, a.match")?.hash === location.hash) go();
  if (target.matches("button.pick")) choose(target.dataset.cell);
  if (target.matches("button.open")) open(target.dataset.run, true);
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("#study")) show(target.value);
  if (target.matches("select.choose")) draw(article.querySelector(`.chart[data-group="${target.dataset.group}"]`));
  if (target.matches('select.choose[data-group="cost"]')) { budget(); tell(); }
  if (target.matches('select.choose[data-group="forest"]')) ofArchitecture();
  if (target.matches(".budget-architecture")) budget();
  if (target.matches("select.mark")) { chosen = ""; choose(target.value); }
  if (target.matches(".pair-architecture")) firsts();
  if (target.matches(".pair-first")) seconds();
  if (target.matches(".pair-second")) apart();
});
document.addEventListener("input", ({ target }) => {
  if (target.matches("#search")) { close(); list(target.value); }
  if (target.matches(".budget")) budget();
});
document.addEventListener("mouseover", ({ target }) => {
  const row = target.closest("table.grid tr[data-cell]");
  if (row || !target.closest(".chart")) point(row?.dataset.cell ?? "");
});
document.addEventListener("focusin", ({ target }) => {
  const cell = target.closest(".chart") && target.__data__?.datum?.cell;
  if (cell) point(cell);
});
document.addEventListener("keydown", (event) => {
  const cell = event.key === "Enter" && event.target.closest(".chart") && event.target.__data__?.datum?.cell;
  if (cell) choose(cell);
});
document.addEventListener("scroll", ({ target }) => target.classList?.contains("scroller") && shade(target), true);
addEventListener("hashchange", go);
addEventListener("beforeprint", () => {
  all(".chart", article).forEach(draw);
  for (const table of all("table.data", article)) tables.get(table).page.len(-1).draw();
});
addEventListener("afterprint", () => {
  for (const table of all("table.data", article)) tables.get(table).page.len(Number(table.dataset.pageLength)).draw();
});

show(Object.keys(data.studies)[0]);
go();
document.documentElement.dataset.ready = "yes";
